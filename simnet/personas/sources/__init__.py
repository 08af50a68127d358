"""Reads personas from files, in simnet's own format and those of data sets and simulators.

The format is recognised by the content of the file, never by its name. A file is read as a whole
or not at all: if rows are broken, PersonaError lists the first ten, each with its place, its
field and what to do. `skip_bad` goes on without them.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, starmap
from pathlib import Path

from simnet.datafiles import Broken, Row
from simnet.errors import InputError, PersonaError
from simnet.foundation.text import counted, did_you_mean
from simnet.personas.catalogue import Catalogue
from simnet.personas.catalogue.catalogue_files import FOLDER, LEGACY_FILE
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.families import GENERAL, MAPPED, SPECIFIC
from simnet.personas.sources.families.soul import SOUL, soul_row
from simnet.personas.sources.family import Format
from simnet.personas.sources.people.people import People, people_of
from simnet.personas.sources.reading.batches import Batch, Batches
from simnet.personas.sources.reading.file_reader import UNUSED_COLUMNS, FileReader
from simnet.personas.sources.reading.hub import data_set, is_data_set
from simnet.personas.sources.reading.kept_embeddings import (
    EMBEDDING_COLUMNS,
    EmbeddedPersona,
    Embeddings,
)
from simnet.personas.sources.reading.origin import revision_of

__all__ = [
    "FORMATS",
    "LICENCES",
    "Batch",
    "Batches",
    "EmbeddedPersona",
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

BATCH_SIZE = 8192
"""Personas in one list of `read_batches`."""
MOST_LISTED = 10
"""Most skipped rows that a warning lists."""


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
    """Read the personas of a JSON, JSONL, CSV or Parquet file, of a data set, or of a catalogue.

    A path is that of a file, of the folder of a catalogue or of a data set, or the name of a data
    set on the Hugging Face hub: `hub:NAME`, `hub:NAME:CONFIG` or `hub:NAME:CONFIG:SPLIT` (extra
    `hub`). Files may be compressed (gzip, bzip2, xz, Zstandard).

    `format` is a name in FORMATS; it is recognised if left out. Reading stops after `limit`
    personas. JSONL, CSV, Parquet and data sets are read as streams. `map` names the column of each
    field, as in `{"id": "name", "description": "bio"}`. `skip_bad` leaves out rows that cannot be
    read, with a warning that counts and lists them. `licence` and `revision` are those of the data,
    if the file does not say so itself; a data set on the hub is read at that revision.

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
    embeddings: bool = False,
) -> "Batches":
    """Read the personas of a file a list at a time, so that a file of any size fits in memory.

    Takes what `load_personas` takes, and gives the same personas in the same order. JSON Lines,
    CSV and Parquet are read as streams. JSON, and formats whose rows refer to each other (OASIS
    Twitter), are read as a whole first. Lists hold `batch_size` personas; the last may be shorter.

    `embeddings` takes the vectors that FinePersonas has in its columns `embedding` and
    `model_name_embeddings`: personas are then EmbeddedPersona, and `Batches.embedder` is the model.

    Iterating raises PersonaError as `load_personas` does. The lists before a broken row have been
    given by then; whoever stores them has to undo that. No list follows a broken row.
    """
    if batch_size < 1:
        raise PersonaError(f"batch_size is {batch_size}; give 1 or more personas a list")
    if (Path(path) / FOLDER).is_dir() and embeddings:
        raise PersonaError(f"{path} is a catalogue; its vectors cannot be taken to another")
    if (Path(path) / FOLDER).is_dir():
        source = Source(Path(path).name, "catalogue")
        return Batches(_of_catalogue(Path(path), limit, batch_size), lambda: source, ())
    taken = Embeddings() if embeddings else None
    reader = _reader(path, format, limit, map, licence, revision, skip_bad=skip_bad, taken=taken)
    batches = _not_empty(reader, reader.batches(batch_size, limit), limit)
    return Batches(batches, lambda: reader.source, reader.broken, taken)


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
    if (Path(path) / FOLDER).is_dir():
        raise PersonaError(
            f"{path} is a catalogue, which has no ties, first posts or rhythms; read its personas "
            "with load_personas"
        )
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
    taken: Embeddings | None = None,
) -> FileReader:
    path = Path(path)
    if limit is not None and limit < 0:
        raise PersonaError(f"limit is {limit}; give 0 or more personas to read")
    if is_data_set(path) and not (path / LEGACY_FILE).is_file():
        unused = UNUSED_COLUMNS if taken is None else UNUSED_COLUMNS - EMBEDDING_COLUMNS
        found = data_set(path, revision, unused)
        origin = Source(found.name, "", licence or found.licence, found.revision)
        return FileReader(
            *(path, _format(format), map or {}, origin),
            skip_bad=skip_bad,
            read=found.rows,
            embeddings=taken,
        )
    path = _file(path)
    origin = Source(path.name, "", licence, revision or revision_of(path))
    given, soul = _format(format), _soul(path)
    return FileReader(
        *(path, given or (SOUL if soul and not map else None), map or {}, origin),
        skip_bad=skip_bad,
        read=None if soul is None else iter([soul]),
        embeddings=taken,
    )


def _soul(path: Path) -> Row | None:
    try:
        return soul_row(path)
    except InputError as error:
        raise PersonaError(str(error)) from None


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


def _of_catalogue(folder: Path, limit: int | None, size: int) -> Iterator[list[Persona]]:
    people = (entry.persona for entry in islice(Catalogue.open(folder).entries(), limit))
    while batch := list(islice(people, size)):
        yield batch


def _file(path: Path) -> Path:
    """Return the file to read: a catalogue of simnet 0.2 is the file in its folder."""
    if not path.is_dir():
        return path
    if (path / LEGACY_FILE).is_file():
        return path / LEGACY_FILE
    raise PersonaError(
        f"{path} is a folder without {FOLDER}, so it is no catalogue, and without "
        "README.md, so it is no data set; name a file, or make "
        f"a catalogue with: simnet personas import FILE --into {path}"
    )


def _format(name: str | None) -> Format | None:
    if name is None or name == MAPPED.name:
        return None
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS)
        listed = f"{' There' if hint else '; there'} are {', '.join(sorted(FORMATS))}"
        raise PersonaError(f"no persona format {name!r}{hint}{listed}")
    return FORMATS[name]
