"""Who follows whom: compressed sparse rows for the start, an overlay for what changes."""

from array import array
from copy import copy

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int32]
Keys = npt.NDArray[np.int64]
MOST_IN_SETS = 200_000
"""Most members in the sets that `Network.followee_set` keeps: about 20 MB."""


def distinct(keys: Keys) -> Keys:
    """Sort numbers and drop those that repeat; a hundred times faster than `np.unique`."""
    ascending = np.sort(keys)
    first = np.ones(len(keys), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return ascending[first]


class Network:
    """A directed graph over members 0 .. n-1. An edge goes from a follower to a followee."""

    def __init__(self, members: int, followers: Indices, followees: Indices) -> None:
        """Take edges as two arrays of equal length; repeated edges and self-loops are dropped."""
        self.members = members
        keep = followers != followees
        keys = followers[keep].astype(np.int64) * members + followees[keep]
        keys = distinct(keys)
        self._out = _Rows(
            members,
            (keys // max(members, 1)).astype(np.int32),
            (keys % max(members, 1)).astype(np.int32),
        )
        self._in: _Rows | None = None
        self._added: list[tuple[int, int]] = []
        """Edges that are not among those of the start, each once."""
        self._known: set[tuple[int, int]] = set()
        self._followee_sets: dict[int, frozenset[int]] = {}
        self._in_sets = 0
        self.changes: list[tuple[int, int, str]] = []
        """(follower, followee, follow or unfollow) in order; the kernel records and clears them."""

    def __deepcopy__(self, memo: dict[int, object]) -> "Network":
        fresh = copy(self)
        vars(fresh).update(
            _out=copy(self._out),
            _in=copy(self._in),
            _added=self._added.copy(),
            _known=self._known.copy(),
            _followee_sets=self._followee_sets.copy(),
            changes=self.changes.copy(),
        )
        return fresh

    @property
    def _back(self) -> "_Rows":
        """The same edges by followee; built at the first use."""
        if self._in is None:
            self._in = self._out.transposed()
        return self._in

    def followees(self, who: int) -> Indices:
        """Whom `who` follows, in ascending order."""
        return self._out.row(who)

    def followee_set(self, who: int) -> frozenset[int]:
        """Whom `who` follows; the set is kept for the next look until `who` changes it."""
        found = self._followee_sets.get(who)
        if found is None:
            if self._in_sets > MOST_IN_SETS:
                self._followee_sets.clear()
                self._in_sets = 0
            found = self._followee_sets[who] = frozenset(self.followees(who).tolist())
            self._in_sets += len(found)
        return found

    def followers(self, whom: int) -> Indices:
        """Who follows `whom`, in ascending order."""
        return self._back.row(whom)

    def follows(self, who: int, whom: int) -> bool:
        """Whether `who` follows `whom`."""
        return self._out.has(who, whom)

    def follow(self, who: int, whom: int) -> None:
        """Add an edge, unless it exists."""
        back = self._back
        if (who, whom) not in self._known and not self._out.had_at_start(who, whom):
            self._known.add((who, whom))
            self._added.append((who, whom))
        if self._out.add(who, whom):
            back.add(whom, who)
            self._followee_sets.pop(who, None)
            self.changes.append((who, whom, "follow"))

    def unfollow(self, who: int, whom: int) -> None:
        """Drop an edge, if it exists."""
        back = self._back
        if self._out.discard(who, whom):
            back.discard(whom, who)
            self._followee_sets.pop(who, None)
            self.changes.append((who, whom, "unfollow"))

    @property
    def initial_count(self) -> int:
        """Number of edges at the start."""
        return self._out.initial_count

    @property
    def total_count(self) -> int:
        """Number of different edges so far, those that were dropped included."""
        return self.initial_count + len(self._added)

    def tie(self, number: int) -> tuple[int, int] | None:
        """Return edge `number` of the `total_count` so far; None if it was dropped."""
        fresh = number - self.initial_count
        tie = self._out.edge(number) if fresh < 0 else self._added[fresh]
        return tie if self.follows(*tie) else None

    def edge_arrays(self) -> tuple[Indices, Indices]:
        """All edges as two arrays (followers, followees), in ascending order."""
        return self._out.pairs()


class _Rows:
    """Rows of sorted columns; a row that changes is kept beside the arrays from then on."""

    def __init__(self, size: int, rows: Indices, columns: Indices) -> None:
        self._size = size
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
        self._starts = array("q", starts.tobytes())
        """Where each row begins in the columns; single items of a numpy array are read slower."""
        self._columns = columns
        self._changed: dict[int, Indices] = {}

    def __copy__(self) -> "_Rows":
        fresh = object.__new__(_Rows)
        vars(fresh).update(vars(self), _changed=self._changed.copy())  # a change makes a new row
        return fresh

    def row(self, index: int) -> Indices:
        changed = self._changed.get(index) if self._changed else None
        if changed is not None:
            return changed
        return self._columns[self._starts[index] : self._starts[index + 1]]

    @property
    def initial_count(self) -> int:
        return len(self._columns)

    def edge(self, number: int) -> tuple[int, int]:
        row = int(np.searchsorted(self._starts, number, side="right")) - 1
        return row, int(self._columns[number])

    def had_at_start(self, index: int, column: int) -> bool:
        return _holds(self._columns[self._starts[index] : self._starts[index + 1]], column)

    def has(self, index: int, column: int) -> bool:
        return _holds(self.row(index), column)

    def add(self, index: int, column: int) -> bool:
        """Put a column into a row; return whether it was missing."""
        row = self.row(index)
        at = int(np.searchsorted(row, column))
        missing = at == len(row) or int(row[at]) != column
        if missing:
            self._changed[index] = np.insert(row, at, column)
        return missing

    def discard(self, index: int, column: int) -> bool:
        """Take a column out of a row; return whether it was present."""
        row = self.row(index)
        at = int(np.searchsorted(row, column))
        present = at < len(row) and int(row[at]) == column
        if present:
            self._changed[index] = np.delete(row, at)
        return present

    def pairs(self) -> tuple[Indices, Indices]:
        if not self._changed:
            lengths = np.diff(self._starts)
            return np.repeat(np.arange(self._size, dtype=np.int32), lengths), self._columns
        rows = [self.row(index) for index in range(self._size)]
        lengths = np.array([len(row) for row in rows], np.int64)
        columns = np.concatenate(rows) if rows else self._columns
        return np.repeat(np.arange(self._size, dtype=np.int32), lengths), columns

    def transposed(self) -> "_Rows":
        rows, columns = self.pairs()
        order = np.argsort(columns, kind="stable")
        return _Rows(self._size, columns[order], rows[order])


def _holds(row: Indices, column: int) -> bool:
    at = int(np.searchsorted(row, column))
    return at < len(row) and int(row[at]) == column
