"""Tells personas that a catalogue has from those that are new to it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, get_args

from simnet.errors import PersonaError, UsageError
from simnet.personas.catalogue.entries import Conflict
from simnet.personas.catalogue.table_store import TableStore, one_of

LOOKED_UP = 1_000
"""Personas up to which their ids are looked up one by one instead of reading all ids."""


class KnownPersonas:
    """Tells which of some personas a catalogue takes, and counts them by what becomes of them."""

    def __init__(self, store: TableStore, on_conflict: Conflict) -> None:
        if on_conflict not in get_args(Conflict):
            listed = ", ".join(get_args(Conflict))
            raise UsageError(f"on_conflict is {on_conflict!r}; give one of {listed}")
        self.counts = Counter[str]()
        """How many are `new`, `known`, `kept` and `replaced`, as `Added` has them."""
        self._folder = store.folder
        self._table = store.table()
        self._on_conflict = on_conflict
        self._digests: dict[str, int] = {}
        """Checksums of the personas that are known so far, by their ids."""
        self._replaceable: dict[str, int] = {}
        """Positions of those that may still be replaced."""
        self._has_all = self._table is None or not self._table.count_rows()
        self._end = 0 if self._has_all else _last_position(self._table) + 1

    def taken(self, rows: Sequence[tuple[Any, ...]]) -> dict[int, int]:
        """Return which rows are taken: their places among those given, and their positions.

        Raises PersonaError for another persona under a known id, unless that is allowed.
        """
        self._look_up([row[1] for row in rows if row[1] not in self._digests])
        taken = {}
        for place, row in enumerate(rows):
            digest, key = row[:2]
            before = self._digests.get(key)
            if before is None:
                taken[place] = self._end + self.counts["new"]
                outcome = "new"
            elif before == digest:
                outcome = "known"
            elif self._on_conflict == "keep":
                outcome = "kept"
            elif key in self._replaceable:
                taken[place] = self._replaceable.pop(key)
                outcome = "replaced"
            else:
                raise self._conflict(key)
            if place in taken:
                self._digests[key] = digest
            self.counts[outcome] += 1
        return taken

    def _conflict(self, key: str) -> PersonaError:
        if self._on_conflict == "replace":
            return PersonaError(
                f"{key!r} is given twice, as two people; rename one of them; nothing was added"
            )
        return PersonaError(
            f"{key!r} is somebody else in {self._folder} already; rename one of them, use another "
            "folder, or say which is kept: `simnet personas import` has --on-conflict keep and "
            "replace, Python on_conflict=; nothing was added"
        )

    def _look_up(self, keys: Sequence[str]) -> None:
        """Read the checksums of known personas, and their positions if they may be replaced."""
        if self._has_all or not keys:
            return
        search = self._table.search()
        if len(keys) <= LOOKED_UP:
            search = search.where(one_of("id", keys))
        else:
            self._has_all = True
        found = search.select(["id", "digest", "position"]).to_arrow()
        ids = found["id"].to_pylist()
        if self._on_conflict == "replace":
            positions = zip(ids, found["position"].to_pylist(), strict=True)
            self._replaceable |= {key: at for key, at in positions if key not in self._digests}
        self._digests = dict(zip(ids, found["digest"].to_pylist(), strict=True)) | self._digests


def _last_position(table: Any) -> int:
    found = table.search().select(["position"]).to_arrow()["position"]
    return int(max(found.to_numpy(), default=-1))
