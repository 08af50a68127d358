"""The LanceDB table of a catalogue: opening, making, locking, versions."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from filelock import FileLock

from simnet.errors import PersonaError, UsageError
from simnet.foundation.distribution import install_command
from simnet.personas.catalogue.catalogue_files import FOLDER, TABLE
from simnet.personas.catalogue.columns import BASE, STORED
from simnet.personas.catalogue.entries import Version

EMBEDDER = b"simnet.embedder"
"""Key of the schema's metadata: the name of the embedder that made the vectors."""
KEPT_VERSIONS, MOST_VERSIONS = 20, 30
"""A change that makes one version more than the second number keeps the newest of the first."""
ROWS_AT_ONCE = 16_384
"""Rows that are read together."""
_KEEP = timedelta(days=36_500)
_NOW = timedelta(milliseconds=1)  # 0 is warned of
_MARGIN = timedelta(milliseconds=10)
_LONGEST_MARGIN = timedelta(hours=1)
_TAG = re.compile(r"(\d+)\.([a-z]+)")


def lance() -> Any:
    """Import LanceDB. Raises UsageError, with the command that installs it, if it is missing."""
    os.environ.setdefault("LANCE_LOG", "error")  # its warnings are about its own interface
    try:
        import lancedb  # noqa: PLC0415 - of the extra; takes seconds to import
    except ImportError:
        raise UsageError(
            "a catalogue is kept by LanceDB, which is not installed; install it, in a clone of "
            f"simnet: {install_command('catalogue')}"
        ) from None
    return lancedb


class TableStore:
    """The table in a folder; it may not be there yet."""

    def __init__(self, folder: Path, version: int | None = None) -> None:
        self.folder = folder
        self.version = version
        """The version that is looked at; None for the newest, which alone can be changed."""
        self._table: Any = None
        self._lock = FileLock(folder / ".lock")

    def table(self) -> Any:
        """Return the table, as the newest version has it, or None if there is none.

        Raises PersonaError if it cannot be opened.
        """
        if self._table is None and (self.folder / FOLDER).is_dir():
            self._table = self._opened()
        return self._table

    def _opened(self) -> Any:
        try:
            table = self._database().open_table(TABLE)
            names = table.schema.names
        except (OSError, ValueError, RuntimeError) as error:
            raise PersonaError(f"{self.folder} cannot be opened as a catalogue: {error}") from None
        if not set(BASE.names) <= set(names):
            raise PersonaError(f"{self.folder}/{FOLDER} is no catalogue of personas")
        if self.version is not None:
            known = [one.number for one in versions_of(table)]
            if self.version not in known:
                listed = ", ".join(map(str, known[-10:]))
                raise UsageError(f"{self.folder} has no version {self.version}; there are {listed}")
            table.checkout(self.version)
        return table

    def blocks(self, condition: str | None) -> Iterator[pa.Table]:
        """Yield the columns STORED of rows that fit a condition of SQL, in their order.

        All blocks are of the version at the first; ROWS_AT_ONCE rows are in memory.
        """
        if (now := self.table()) is None:
            return
        table = self._database().open_table(TABLE)
        table.checkout(now.version)
        search = table.search().select(["position"])
        places = (search.where(condition) if condition else search).to_arrow()["position"]
        ordered = np.sort(places.to_numpy())
        for start in range(0, len(ordered), ROWS_AT_ONCE):
            block = ordered[start : start + ROWS_AT_ONCE]
            within = f"position BETWEEN {block[0]} AND {block[-1]}"
            where = f"({condition}) AND {within}" if condition else within
            found = table.search().where(where).select([*STORED, "position"]).to_arrow()
            yield found.sort_by("position")

    def make(self, embedder: str) -> Any:
        """Return the table, which is made empty if there is none."""
        table = self.table()
        if table is None:
            schema = BASE.with_metadata({EMBEDDER: embedder.encode()})
            self._table = table = self._database().create_table(TABLE, schema=schema)
        return table

    def _database(self) -> Any:
        return lance().connect(self.folder, read_consistency_interval=timedelta(0))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder if needed, and lock it against other writing processes."""
        if self.version is not None:
            raise UsageError(
                f"{self.folder} is open at its version {self.version} and cannot be changed; "
                "restore that version first"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise PersonaError(f"{self.folder} cannot be written: {error.strerror}") from None
        try:
            yield
        finally:
            self._lock.release()

    def optimise(self) -> None:
        """Bring new rows into the indexes and join small files."""
        self.table().optimize(cleanup_older_than=_KEEP)

    def tag(self, change: str) -> None:
        """Keep the present version under the name of the change that made it, and prune."""
        table = self.table()
        table.tags.create(f"{table.version}.{change}", table.version)
        if len(self.versions()) > MOST_VERSIONS:
            self.prune(KEPT_VERSIONS)

    def renew_tag(self) -> None:
        """Name the present version as the newest one is named, whose rows are the same.

        Rows have a tag as soon as they are there, and it moves once they are in the indexes: a
        crash in between leaves no rows that are in no version.
        """
        table, newest = self.table(), self.versions()[-1]
        if table.version != newest.number:
            table.tags.create(f"{table.version}.{newest.change}", table.version)
            table.tags.delete(f"{newest.number}.{newest.change}")

    def prune(self, keep: int) -> int:
        """Remove all but the newest versions, and files that belong to none, from the disk.

        Returns the number of versions removed. The store has to be locked.
        """
        old, kept = self.versions()[:-keep], self.versions()[-keep:]
        if old:
            table, newest = self.table(), kept[-1]
            for one in old:
                table.tags.delete(f"{one.number}.{one.change}")
            self.optimise()
            # The newest version is now another: its files are joined, and those of before can go.
            table.tags.delete(f"{newest.number}.{newest.change}")
            if keep == 1:
                table.optimize(cleanup_older_than=_NOW, delete_unverified=True)
            table.tags.create(f"{table.version}.{newest.change}", table.version)
            if keep > 1:
                self._remove_older(self.versions()[0])
        return len(old)

    def _remove_older(self, oldest: Version) -> None:
        """Remove the files of versions older than one that has a tag.

        Lance takes an age, which it compares with the clock later, and refuses, before it removes
        anything, if a version with a tag is older. So the age is increased until it does not.
        """
        margin = _MARGIN
        while True:
            age = datetime.now() - oldest.time + margin  # noqa: DTZ005 - of `Version`
            try:
                self.table().optimize(cleanup_older_than=age, delete_unverified=True)
            except RuntimeError as error:
                if "tagged version" not in str(error) or margin > _LONGEST_MARGIN:
                    raise
                margin *= 2
            else:
                return

    def versions(self) -> list[Version]:
        """List the versions, the oldest first."""
        table = self.table()
        return [] if table is None else versions_of(table)


def versions_of(table: Any) -> list[Version]:
    """List the tagged versions of a table, the oldest first."""
    tags = {}
    for name in table.tags.list():
        if found := _TAG.fullmatch(name):
            tags[int(found[1])] = found[2]
    return [
        Version(
            one["version"],
            one["timestamp"],
            int(one["metadata"]["total_rows"]) - int(one["metadata"].get("total_deletions", 0)),
            tags[one["version"]],
        )
        for one in table.list_versions()
        if one["version"] in tags
    ]


def stored_embedder(table: Any) -> str | None:
    """Return the name of the embedder that made a table's vectors."""
    name = (table.schema.metadata or {}).get(EMBEDDER)
    return name.decode() if name else None


def quoted(text: str) -> str:
    """Write a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: Any) -> str:
    """Write the condition that a column has one of some texts."""
    return f"{column} IN ({', '.join(map(quoted, values))})"


def nulls(names: list[str], kinds: list[Any]) -> pa.Schema:
    """Return the schema of new columns that are empty in all rows."""
    return pa.schema(list(zip(names, kinds, strict=True)))
