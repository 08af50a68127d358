"""Writes the configurations of a data set to Parquet, batch by batch, each in its splits."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import UsageError
from simnet.export.folders.splits import SIDES

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
"""The type of a column of chats."""
_LONGEST = 120
"""Bytes in the identifier of a name; names of files are limited."""


class Configuration:
    """One configuration of a data set, whose rows are written as they come."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, closing: ExitStack) -> None:
        self.name = name
        self.rows: Counter[str] = Counter()
        """Number of rows by side."""
        self._folder = folder
        self._schema = schema
        self._closing = closing
        self._writers: dict[str, pq.ParquetWriter] = {}

    @property
    def files(self) -> Mapping[str, str]:
        """Paths within the data set by side.

        A side without rows has no file, because `datasets` cannot load one.
        """
        return {side: self._path(side) for side in SIDES if side in self._writers}

    def write(self, rows: Sequence[Mapping[str, Any]], sides: Sequence[str]) -> None:
        """Add rows, each to its side."""
        for side in dict.fromkeys(sides):
            own = [row for row, where in zip(rows, sides, strict=True) if where == side]
            table = pa.Table.from_pylist(own, schema=self._schema)
            self._writer(side).write_table(table)
            self.rows[side] += len(own)

    def _path(self, side: str) -> str:
        return f"data/{self.name}/{side}-00000.parquet"

    def _writer(self, side: str) -> pq.ParquetWriter:
        if side not in self._writers:
            path = self._folder / self._path(side)
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = pq.ParquetWriter(path, self._schema, compression="zstd")
            self._writers[side] = self._closing.enter_context(writer)
        return self._writers[side]


class SetWriter:
    """Opens the configurations of a data set."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self._folder = folder
        self._closing = closing
        self.configurations: list[Configuration] = []

    def open(self, name: str, schema: pa.Schema) -> Configuration:
        """Begin a configuration of some name and columns."""
        made = Configuration(self._folder, name, schema, self._closing)
        self.configurations.append(made)
        return made


@contextmanager
def set_writer(folder: Path) -> Iterator[SetWriter]:
    """Yield a writer whose files are complete when the block ends."""
    with ExitStack() as closing:
        yield SetWriter(folder, closing)


def identifiers(names: Sequence[str]) -> dict[str, str]:
    """Make an identifier of each name, for the names of files and columns.

    A long one is cut, with a hash at its end. Raises UsageError if two would be the same.
    """
    found = {name: _identifier(name) for name in names}
    for identifier, count in Counter(found.values()).items():
        if count > 1:
            same = ", ".join(repr(name) for name in names if found[name] == identifier)
            raise UsageError(f"the cohorts {same} would share the name {identifier!r}; rename one")
    return found


def _identifier(name: str) -> str:
    words = re.sub(r"[^\w-]+", "_", name)
    if len(words.encode()) <= _LONGEST:
        return words
    beginning = words.encode()[:_LONGEST].decode(errors="ignore")
    return f"{beginning}_{blake2b(name.encode(), digest_size=4).hexdigest()}"
