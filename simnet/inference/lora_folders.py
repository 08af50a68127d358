"""Folders of LoRA adapters: what is one, and how its weights are told from others."""

import hashlib
import os
from pathlib import Path

CONFIG = "adapter_config.json"
NO_ADAPTER = f"has no {CONFIG}, hence is not a LoRA adapter folder"


def is_adapter(folder: Path | str) -> bool:
    """Tell whether a path is the folder of an adapter; a name without a folder is none."""
    if isinstance(folder, str) and os.sep not in folder:
        return False
    return (Path(folder).expanduser() / CONFIG).is_file()


def adapter_checksum(folder: Path | str) -> str:
    """Return the SHA-256 of an adapter's weights and configuration. Raises OSError."""
    hashed = hashlib.sha256()
    names = (CONFIG, "adapter_model.safetensors", "adapter_model.bin")
    for path in (Path(folder) / name for name in names):
        if path.is_file():
            hashed.update(path.read_bytes())
    return hashed.hexdigest()
