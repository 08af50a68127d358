"""Reads data sets of the Hugging Face hub, and folders that hold one, through `datasets`."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from simnet.datafiles import Row, Rows
from simnet.errors import PersonaError
from simnet.foundation.distribution import install_command
from simnet.foundation.text import did_you_mean
from simnet.personas.sources.reading.origin import revision_of

PREFIX = "hub:"
_SAVED = ("dataset_info.json", "dataset_dict.json", "state.json")
"""Files of a folder that `save_to_disk` wrote."""
_DATA = frozenset({".parquet", ".jsonl", ".json", ".csv", ".gz", ".zst", ".arrow"})
_ADVICE = "write hub:NAME, hub:NAME:CONFIG or hub:NAME:CONFIG:SPLIT"


class DataSet(NamedTuple):
    """A data set that can be read: its rows, and where they come from."""

    name: str
    """Name of the data set, or of its folder, with the configuration."""
    licence: str | None
    revision: str | None
    rows: Rows


def is_data_set(path: Path) -> bool:
    """Return whether a path is a name on the hub or the folder of a data set."""
    if str(path).startswith(PREFIX):
        return True
    if not path.is_dir():
        return False
    return any((path / name).is_file() for name in _SAVED) or (
        (path / "README.md").is_file() and any(one.suffix in _DATA for one in path.rglob("*"))
    )


def data_set(path: Path, revision: str | None, skipped: frozenset[str]) -> DataSet:
    """Open a data set: `hub:NAME[:CONFIG][:SPLIT]`, where a name may be that of a local folder.

    Columns in `skipped` are not given. Raises PersonaError, in one sentence, if `datasets` is not
    installed, the hub cannot be reached, or there is no such data set, configuration or split.
    """
    if find_spec("datasets") is None:
        raise PersonaError(
            f"{path} is read with datasets; install it, in a clone of simnet: "
            f"{install_command('hub')}"
        )
    name, config, split = _parts(str(path).removeprefix(PREFIX))
    folder = Path(name).expanduser()
    opened = _opened(name, folder, config, revision)
    chosen = _split(path, opened, split)
    shown = folder.absolute().name if folder.is_dir() else name
    return DataSet(
        f"{shown}:{config}" if config else shown,
        _licence(chosen, folder),
        revision or (folder_revision(folder) if folder.is_dir() else _commit(name)),
        _rows(path, chosen, skipped),
    )


def folder_revision(folder: Path) -> str:
    """Return a checksum over the names and the contents of the files of a folder."""
    from hashlib import sha256  # noqa: PLC0415  (few files need it)

    checksum = sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        checksum.update(f"{file.relative_to(folder)} {revision_of(file)}\n".encode())
    return f"sha256:{checksum.hexdigest()[:16]}"


def _parts(written: str) -> tuple[str, str | None, str | None]:
    parts = [part.strip() or None for part in written.split(":")]
    if not parts[0] or len(parts) > 3:
        raise PersonaError(f"hub:{written} names no data set; {_ADVICE}")
    name, config, split = (*parts, None, None)[:3]
    return str(name), config, split


def _opened(name: str, folder: Path, config: str | None, revision: str | None) -> dict[str, Any]:
    """Open the splits of a data set."""
    import datasets  # noqa: PLC0415  (takes seconds to import)

    try:
        if folder.is_dir() and any((folder / one).is_file() for one in _SAVED):
            saved = datasets.load_from_disk(str(folder))
            return dict(saved) if isinstance(saved, dict) else {"train": saved}
        place = str(folder) if folder.is_dir() else name
        tag = None if folder.is_dir() else revision
        return dict(datasets.load_dataset(place, config, revision=tag, streaming=True))
    except ConnectionError as error:
        raise PersonaError(
            f"hub:{name}: the Hugging Face hub cannot be reached and no folder is called that "
            f"({error}); download the data set elsewhere and name its folder"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        why = re.sub(r"\s+", " ", str(error)).partition(" Example of usage")[0].rstrip(". ")
        if "Config name is missing" in why:
            why = why.replace("Please pick one among the", "It has several; name one of the")
        raise PersonaError(f"hub:{name} cannot be read: {why}; {_ADVICE}") from None


def _split(path: Path, opened: dict[str, Any], split: str | None) -> Any:
    names = [str(name) for name in opened]
    if split is None and len(names) == 1:
        return opened[names[0]]
    if split in names:
        return opened[split]
    hint = did_you_mean(split, names) if split else ""
    problem = f"has no split {split!r}{hint}" if split else "has several splits"
    raise PersonaError(f"{path} {problem}; there are {', '.join(names)}: {_ADVICE}")


def _rows(path: Path, chosen: Any, skipped: frozenset[str]) -> Iterator[Row]:
    columns = chosen.column_names or []
    unused = [name for name in columns if name in skipped]
    number = 0
    try:
        for fields in chosen.remove_columns(unused) if unused else chosen:
            number += 1
            yield Row(f"row {number}", fields)
    except (OSError, ValueError, RuntimeError) as error:
        why = re.sub(r"\s+", " ", str(error))
        raise PersonaError(f"{path} cannot be read after row {number}: {why}") from None


def _licence(chosen: Any, folder: Path) -> str | None:
    """Return the licence that a data set or its card names.

    The hub's word for a licence that it does not list is `other`; the card has its name then.
    """
    named = chosen.info.license
    if named in {None, "", "other"} and (folder / "README.md").is_file():
        from huggingface_hub import DatasetCard  # noqa: PLC0415  (few files need it)

        card = DatasetCard.load(folder / "README.md", ignore_metadata_errors=True).data
        named = card.license or named
        if named == "other":
            named = card.get("license_name") or named
    if isinstance(named, list):
        named = ", ".join(map(str, named))
    return str(named) if named else None


def _commit(name: str) -> str | None:
    """Return the commit of a data set on the hub; None where the hub does not tell it."""
    from huggingface_hub import HfApi  # noqa: PLC0415  (few files need it)

    try:
        return HfApi().dataset_info(name).sha
    except (OSError, ValueError):
        return None  # the rows came from the local cache
