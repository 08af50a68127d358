"""Rows that the kernel makes, to be recorded."""

from typing import NamedTuple

from simnet.recording.row_types import Edge
from simnet.world.events import Event, ExposureBatch


class Rows(NamedTuple):
    """Rows of one stretch of simulated time, to be recorded."""

    events: list[Event]
    exposure_batches: list[ExposureBatch]
    ties: list[Edge]
    """Changes of who follows whom."""
