"""Rows that the kernel makes, to be recorded."""

from typing import NamedTuple

from simnet.clock import Seconds
from simnet.recording.row_types import Edge, StateRow
from simnet.world.decision import Decision
from simnet.world.events import FAILED, Event, ExposureBatch
from simnet.world.verbs import Pass
from simnet.world.world import World


class Rows(NamedTuple):
    """Rows of one stretch of simulated time, to be recorded."""

    events: list[Event]
    exposure_batches: list[ExposureBatch]
    ties: list[Edge]
    """Changes of who follows whom."""
    state: list[StateRow]
    """Changes of recorded state."""


class WorldChanges:
    """Makes rows of what a world says changed: ties, and recorded state."""

    def __init__(self, world: World) -> None:
        """Take a world before its first change; its initial ties have the first numbers."""
        self._world = world
        self._tie_count = world.network.initial_count
        self._state_count = 0
        self._ties: list[Edge] = []
        self._state: list[StateRow] = []

    def note(self, at: Seconds) -> None:
        """Make rows of the changes at a moment."""
        handles, ties, state = (
            self._world.handles,
            self._world.network.changes,
            self._world.state_changes,
        )
        for number, (follower, followee, change) in enumerate(ties, self._tie_count):
            self._ties.append(Edge(number, at, handles[follower], handles[followee], change))
        for number, changed in enumerate(state, self._state_count):
            self._state.append(StateRow(number, at, *changed))
        self._tie_count += len(ties)
        self._state_count += len(state)
        ties.clear()
        state.clear()

    def take(self) -> tuple[list[Edge], list[StateRow]]:
        """Return the rows made since the last call."""
        ties, state = self._ties, self._state
        self._ties, self._state = [], []
        return ties, state


def failed_turn(decision: Decision, landing: ExposureBatch, cohort: str, at: Seconds) -> Event:
    """Make the event of a turn that failed."""
    return Event(
        time=at,
        woke=landing.time,
        who=decision.who,
        cohort=cohort,
        turn=landing.turn,
        cue=None,
        part=0,
        verb=Pass.verb,
        outcome=FAILED,
        reason=decision.failure,
        marks=decision.marks,
        shown=landing.posts,
    )
