"""Tells personas that a catalogue has from those that are new to it."""

from collections.abc import Sequence
from typing import Any

from simnet.errors import PersonaError
from simnet.personas.catalogue.table_store import TableStore, one_of

LOOKED_UP = 1_000
"""Personas up to which their ids are looked up one by one instead of reading all ids."""


class KnownPersonas:
    """Tells new personas from known ones."""

    def __init__(self, store: TableStore) -> None:
        self.new = 0
        self.known = 0
        self._folder = store.folder
        self._table = store.table()
        self._digests: dict[str, int] = {}
        self._has_all = self._table is None or not self._table.count_rows()
        self.position = 0 if self._has_all else _last_position(self._table) + 1

    def fresh(self, rows: Sequence[tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
        """Return the new rows by their places among those given.

        Raises PersonaError for another persona under a known id.
        """
        self._look_up([row[1] for row in rows])
        fresh = {}
        for place, row in enumerate(rows):
            digest, key = row[:2]
            before = self._digests.get(key)
            if before is None:
                self._digests[key] = digest
                fresh[place] = row
            elif before != digest:
                raise PersonaError(
                    f"{key!r} is somebody else in {self._folder} already; rename one of "
                    "them or use another folder; nothing was added"
                )
        self.new += len(fresh)
        self.known += len(rows) - len(fresh)
        return fresh

    def _look_up(self, keys: Sequence[str]) -> None:
        """Read the checksums of known personas."""
        if self._has_all:
            return
        search = self._table.search()
        if len(keys) <= LOOKED_UP:
            search = search.where(one_of("id", keys))
        else:
            self._has_all = True
        found = search.select(["id", "digest"]).to_arrow()
        self._digests |= zip(found["id"].to_pylist(), found["digest"].to_pylist(), strict=True)


def _last_position(table: Any) -> int:
    found = table.search().select(["position"]).to_arrow()["position"]
    return int(max(found.to_numpy(), default=-1))
