"""The heap of simulated time: what is due when."""

from collections.abc import Sequence
from copy import copy
from heapq import heapify, heappush
from typing import TypeAlias

from simnet.clock import Seconds

Entry: TypeAlias = tuple[Seconds, int, int, int]
"""Time, tie-breaking counter, kind, member.

The kind is WAKE, LAND, the number of a cue, or INTERVENTION and the place of an intervention."""
WAKE = -1
LAND = -2
INTERVENTION = 1 << 40
"""Above the numbers of cues."""


class Agenda:
    """A heap of entries; those of one moment come out in the order in which they were pushed."""

    def __init__(self, cues: Sequence[tuple[Seconds, int]]) -> None:
        """Take the cues: time and member of each."""
        self.heap: list[Entry] = [(at, n, n, member) for n, (at, member) in enumerate(cues)]
        self._counter = len(self.heap)
        heapify(self.heap)

    def __deepcopy__(self, memo: object) -> "Agenda":
        fresh = copy(self)
        fresh.heap = self.heap.copy()
        return fresh

    def push(self, at: Seconds, kind: int, member: int) -> None:
        """Add an entry."""
        heappush(self.heap, (at, self._counter, kind, member))
        self._counter += 1

    def cues(self) -> set[int]:
        """Return the numbers of the cues that are still to come."""
        return {kind for _, _, kind, _ in self.heap if 0 <= kind < INTERVENTION}

    def drop_cues(self, numbers: set[int]) -> None:
        """Remove cues."""
        self.heap[:] = [entry for entry in self.heap if entry[2] not in numbers]
        heapify(self.heap)

    def drop_interventions(self) -> None:
        """Remove all interventions and checks."""
        self.heap[:] = [entry for entry in self.heap if entry[2] < INTERVENTION]
        heapify(self.heap)
