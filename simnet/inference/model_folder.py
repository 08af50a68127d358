"""What a record says of a model or an adapter in a folder: a name and a checksum, never the path.

A path is true on one machine alone, and a record is read on others. The checksum finds the folder
again on the machine that ran it (`simnet.foundation.known_places`) and tells other weights apart.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from simnet.errors import InputError, reason
from simnet.foundation.text import file_name

_READ_BY_ENGINES = re.compile(
    r".*config\.json|tokenizer.*|special_tokens_map\.json|added_tokens\.json|chat_template.*|"
    r"vocab\..*|merges\.txt|.*\.index\.json|.*\.(safetensors|gguf)|"
    r"(pytorch_model|adapter_model|consolidated).*\.(bin|pth|pt)"
)
"""Files of a folder that decide what the model replies; not its training state or model card."""
_WHOLE = 16 * 2**20
"""Bytes of a file up to which all of it is read."""
_SAMPLES = 64
_SAMPLE = 64 * 2**10
"""Number of samples of a larger file, and the bytes of each."""
_HUB_CACHE = re.compile(r"models--(.+)")


def served_name(folder: Path) -> str:
    """Name the model in a folder without saying where the folder is.

    A snapshot in the local cache of the hub has the name on the hub. Otherwise it is the
    `_name_or_path` of `config.json` if that ends in the name of the folder, such as ORG/NAME in a
    folder NAME: in other folders it is what the model was trained from. Else it is the name of
    the folder.
    """
    folder = folder.expanduser().resolve()
    snapshots, repository = folder.parent, folder.parent.parent
    if snapshots.name == "snapshots" and (found := _HUB_CACHE.fullmatch(repository.name)):
        return found[1].replace("--", "/")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    given = config.get("_name_or_path") if isinstance(config, dict) else None
    if isinstance(given, str) and file_name(given) == given and given.count("/") <= 1:
        fits = given.rpartition("/")[2].casefold() == folder.name.casefold()
        return given if fits else folder.name
    return folder.name or "model"


def folder_checksum(folder: Path) -> str:
    """Hash what an engine reads from the folder of a model or an adapter: 32 hexadecimal digits.

    Covers the names and sizes of the configuration, the tokenizer, the chat template and the
    weights, and their content up to 16 MiB a file. Of a larger file it covers the beginning (the
    header of safetensors) and 64 samples of 64 KiB, evenly spaced, so that a large model takes a
    second. Raises InputError for a folder that cannot be read.
    """
    folder = folder.expanduser().resolve()
    try:
        files = tuple(_files(folder))
    except OSError as fault:
        raise InputError(f"{folder}: cannot be read: {reason(fault)}") from fault
    return _checksum(folder, files)


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield name, size and time of change of the files that count, by name."""
    for path in sorted(folder.iterdir()):
        if _READ_BY_ENGINES.fullmatch(path.name) and path.is_file():
            status = path.stat()
            yield path.name, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _checksum(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    total = blake2b(digest_size=16)
    for name, size, _ in files:
        total.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        try:
            with (folder / name).open("rb") as file:
                for piece in _pieces(file, size):
                    total.update(piece)
        except OSError as fault:
            raise InputError(f"{folder / name}: cannot be read: {reason(fault)}") from fault
    return total.hexdigest()


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    if size <= _WHOLE:
        yield file.read()
        return
    for number in range(_SAMPLES):
        file.seek(number * (size - _SAMPLE) // (_SAMPLES - 1))
        yield file.read(_SAMPLE)
