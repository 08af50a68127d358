"""Reads personas from files, in simnet's own format and those of data sets and simulators.

The format is recognised by the content of the file, never by its name. A file is read as a whole
or not at all: if rows are broken, PersonaError lists the first ten, each with its place, its
field and what to do. `skip_bad` goes on without them.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
from typing import Any

from simnet.datafiles import Broken
from simnet.errors import PersonaError
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.families import GENERAL, MAPPED, SPECIFIC
from simnet.personas.sources.family import Format
from simnet.personas.sources.file_reader import FileReader
from simnet.personas.sources.origin import revision_of
from simnet.personas.sources.people import People, people_of
from simnet.text import counted, did_you_mean

__all__ = [
    "FORMATS",
    "LICENCES",
    "Batch",
    "Batches",
    "Format",
    "People",
    "Source",
    "load",
    "load_personas",
    "read",
    "read_batches",
    "read_people",
]

FORMATS = {form.name: form for form in (*SPECIFIC, *GENERAL)}
"""All formats by name; the most specific come first, as the first that fits is taken."""
LICENCES = {form.name: form.licence for form in FORMATS.values() if form.licence}
"""Licence of the data published in a format; own files have none."""
CATALOGUE_FILE = "personas.parquet"
"""The file of personas in the folder of a catalogue."""

BATCH_SIZE = 8192
"""Personas in one list of `read_batches`."""
MOST_LISTED = 10
"""Most skipped rows that a warning lists."""


@dataclass(frozen=True)
class Batch:
    """The personas of one file, their source, and the rows that were skipped.

    Unpacks to personas and source.
    """

    personas: list[Persona]
    source: Source
    """That of the file; a persona's own `source` may name another, as in a catalogue."""
    skipped: tuple[Broken, ...] = ()
    """Rows that could not be read, each with its place and the reason; empty unless `skip_bad`."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.personas, self.source))


def load_personas(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
) -> list[Persona]:
    """Read the personas of a JSON, JSONL, CSV or Parquet file, or of a catalogue's folder.

    Files may be compressed (gzip, bzip2, xz, Zstandard). `format` is a name in FORMATS; it is
    recognised if left out. Reading stops after `limit` personas. JSONL, CSV and Parquet are read
    as streams. `map` names the column of each field, as in `{"id": "name", "description": "bio"}`.
    `skip_bad` leaves out rows that cannot be read, with a warning that counts and lists them.
    `licence` and `revision` are those of the data, if the file does not say so itself.

    Raises PersonaError, which lists the first ten rows that cannot be read.
    """
    batch = read(
        path, format, limit, map=map, skip_bad=skip_bad, licence=licence, revision=revision
    )
    warn_of(path, batch.skipped)
    return batch.personas


def warn_of(path: str | Path, skipped: Sequence[Broken]) -> None:
    """Warn the caller's caller of rows that were skipped, if there are any."""
    if skipped:
        listed = "; ".join(f"{place}: {why}" for place, why in skipped[:MOST_LISTED])
        count = counted(len(skipped), "row")
        warnings.warn(f"{path}: {count} skipped that cannot be read: {listed}", stacklevel=3)


def load(path: str | Path, format: str | None = None, limit: int | None = None) -> list[Persona]:
    """Read personas under the deprecated name of `load_personas`."""
    warnings.warn(
        "simnet.personas.load is deprecated and will go with the next release; "
        "use load_personas, which takes the same arguments",
        DeprecationWarning,
        stacklevel=2,
    )
    return load_personas(path, format, limit)


def read(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
) -> Batch:
    """Read the personas of a file together with their source; see `load_personas`."""
    batches = read_batches(
        path, format, limit, map=map, skip_bad=skip_bad, licence=licence, revision=revision
    )
    personas = [persona for batch in batches for persona in batch]
    return Batch(personas, batches.source, tuple(starmap(Broken, batches.skipped)))


def read_batches(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
    batch_size: int = BATCH_SIZE,
) -> "Batches":
    """Read the personas of a file a list at a time, so that a file of any size fits in memory.

    Takes what `load_personas` takes, and gives the same personas in the same order. JSON Lines,
    CSV and Parquet are read as streams. JSON, and formats whose rows refer to each other (OASIS
    Twitter), are read as a whole first. Lists hold `batch_size` personas; the last may be shorter.

    Iterating raises PersonaError as `load_personas` does. The lists before a broken row have been
    given by then; whoever stores them has to undo that. No list follows a broken row.
    """
    if batch_size < 1:
        raise PersonaError(f"batch_size is {batch_size}; give 1 or more personas a list")
    reader = _reader(path, format, limit, map, licence, revision, skip_bad=skip_bad)
    batches = _not_empty(reader, reader.batches(batch_size, limit), limit)
    return Batches(batches, lambda: reader.source, reader.broken)


def read_people(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
    config: str | Path | None = None,
) -> People:
    """Read personas with their ties, first posts and activity.

    `config` is a `simulation_config.json` of MiroFish that is about them. Raises PersonaError as
    `load_personas` does, also for ties with people who are not in the file.
    """
    reader = _reader(path, format, limit, map, licence, revision, skip_bad=skip_bad)
    return people_of(reader, limit, None if config is None else Path(config))


def _reader(
    path: str | Path,
    format: str | None,
    limit: int | None,
    map: Mapping[str, str] | None,
    licence: str | None,
    revision: str | None,
    *,
    skip_bad: bool,
) -> FileReader:
    path = _file(Path(path))
    if limit is not None and limit < 0:
        raise PersonaError(f"limit is {limit}; give 0 or more personas to read")
    origin = Source(path.name, "", licence, revision or revision_of(path))
    return FileReader(path, _format(format), map or {}, origin, skip_bad=skip_bad)


class Batches(Iterator[list[Persona]]):
    """Lists of personas as they are read; see `read_batches`."""

    def __init__(
        self,
        batches: Iterator[list[Persona]],
        source: Callable[[], Source],
        skipped: Sequence[tuple[str, str]],
    ) -> None:
        self._batches = batches
        self._source = source
        self.skipped = skipped
        """The rows so far that could not be read, each with its place and the reason."""

    def __next__(self) -> list[Persona]:
        return next(self._batches)

    @property
    def source(self) -> Source:
        """That of the file; its format is known once the first list has been read."""
        source = self._source()
        return source if source.format else replace(source, format="empty")


def _not_empty(
    reader: FileReader, batches: Iterator[list[Persona]], limit: int | None
) -> Iterator[list[Persona]]:
    """Pass lists on. Raises PersonaError if there is none though one was asked for."""
    is_empty = limit != 0
    for batch in batches:
        is_empty = False
        yield batch
    if is_empty:
        reader.raise_empty()


def _file(path: Path) -> Path:
    """Return the file to read: a catalogue is the file in its folder."""
    if not path.is_dir():
        return path
    if (path / CATALOGUE_FILE).is_file():
        return path / CATALOGUE_FILE
    raise PersonaError(
        f"{path} is a folder without {CATALOGUE_FILE}, so it is no catalogue; name a file, or make "
        f"a catalogue with: simnet personas import FILE --into {path}"
    )


def _format(name: str | None) -> Format | None:
    if name is None or name == MAPPED.name:
        return None
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS) or ";"
        raise PersonaError(
            f"no persona format {name!r}{hint} There are {', '.join(sorted(FORMATS))}"
        )
    return FORMATS[name]
