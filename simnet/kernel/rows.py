"""Rows that the kernel makes, to be recorded."""

from typing import NamedTuple

from simnet.clock import Seconds
from simnet.recording.row_types import Edge
from simnet.world.decision import Decision
from simnet.world.events import FAILED, Event, ExposureBatch
from simnet.world.verbs import Pass


class Rows(NamedTuple):
    """Rows of one stretch of simulated time, to be recorded."""

    events: list[Event]
    exposure_batches: list[ExposureBatch]
    ties: list[Edge]
    """Changes of who follows whom."""


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
