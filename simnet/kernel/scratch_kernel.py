"""A copy of a kernel that runs ahead of it, to look at what is likely to come.

What the copy does reaches nobody but its caller: it shares with the kernel only what nothing
changes. User code, such as rankings, rhythms and rules of verbs, is called by both.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.kernel.heap import LAND
from simnet.kernel.kernel import Kernel
from simnet.scenario.scenario import Scenario
from simnet.world.world import World


class Awaited(NamedTuple):
    """A turn whose decision a kernel waits for."""

    who: str
    turn: int


class ScratchKernel(Kernel):
    """A kernel that may be told wrong decisions, as it is thrown away afterwards."""

    @classmethod
    def of(cls, kernel: Kernel, *, forgets: bool) -> "ScratchKernel":
        """Copy a kernel as it is now, without its rows and views.

        With `forgets`, decisions that have come and not landed are left out. Raises what
        `copy.deepcopy` raises if something that a verb keeps in the world cannot be copied.
        """
        shared = {id(one): one for one in _shared(kernel.scenario, kernel.world)}
        shared |= {id(one): one for one in kernel.feeds.values()}
        for rows in (kernel.views, kernel.events, kernel.exposure_batches):
            shared[id(rows)] = []
        scratch: Kernel = deepcopy(kernel, shared)
        scratch.take_rows()
        scratch.__class__ = cls
        assert isinstance(scratch, ScratchKernel)
        if forgets:
            vars(scratch)["_decisions"] = {}
        return scratch

    @property
    def next_at(self) -> Seconds | None:
        """When the next entry of the heap is due; None if there is none."""
        return self._agenda.heap[0][0] if self._agenda.heap else None

    @property
    def awaited(self) -> Awaited:
        """The turn whose Land comes next; only where `advance` returned WAITING."""
        _, _, kind, member = self._agenda.heap[0]
        assert kind == LAND
        return Awaited(self.world.handles[member], self._under_way[member].turn)


def _shared(scenario: Scenario, world: World) -> Iterator[object]:
    """List what a copy of a kernel shares with it."""
    yield scenario
    yield scenario.interventions
    yield from scenario.interventions
    yield from scenario.cohorts
    yield from (cohort.rhythm for cohort in scenario.cohorts)
    yield from (world.handles, world.cohorts, world.index)
