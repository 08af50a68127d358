"""Catalogues of simnet 0.2, which were one Parquet file: they are converted when opened."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.embedding import Embedder
from simnet.errors import PersonaError
from simnet.personas.catalogue.adding import add_personas
from simnet.personas.catalogue.catalogue_files import CONVERTED_FILE, LEGACY_FILE
from simnet.personas.catalogue.columns import STORED, entries_of
from simnet.personas.catalogue.table_store import TableStore
from simnet.personas.persona import Persona
from simnet.personas.source import Source

_LATER = ("revision",)
"""Columns that older files lack."""


def convert(store: TableStore, embedder: Embedder) -> None:
    """Add the personas of the file to the table, and rename the file.

    Raises PersonaError if it is broken or no catalogue. After a crash it is converted again, or
    the table has its personas already.
    """
    path = store.folder / LEGACY_FILE
    add_personas(store, _personas(path), Source("", "simnet"), embedder, change="convert")
    path.rename(store.folder / CONVERTED_FILE)


def _personas(path: Path) -> Iterator[Persona]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise PersonaError(f"{path} is broken ({error}); remove it and import again") from None
    with file:
        names = file.schema_arrow.names
        if not set(STORED) - set(_LATER) <= set(names):
            raise PersonaError(f"{path} is no catalogue of personas; load it as a file of personas")
        for batch in file.iter_batches(columns=[name for name in STORED if name in names]):
            for name in _LATER:
                if name not in names:
                    batch = batch.append_column(name, pa.nulls(len(batch), pa.string()))  # noqa: PLW2901
            for entry in entries_of(batch):
                persona, source = entry
                yield persona if persona.source else persona.model_copy(update={"source": source})
