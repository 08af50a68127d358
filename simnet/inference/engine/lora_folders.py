"""What is a folder of a LoRA adapter."""

import os
from pathlib import Path

CONFIG = "adapter_config.json"
NO_ADAPTER = f"has no {CONFIG}, hence is not a LoRA adapter folder"


def is_adapter(folder: Path | str) -> bool:
    """Tell whether a path is the folder of an adapter; a name without a folder is none."""
    if isinstance(folder, str) and os.sep not in folder:
        return False
    return (Path(folder).expanduser() / CONFIG).is_file()
