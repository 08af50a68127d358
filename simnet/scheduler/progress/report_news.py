"""What is new since the last report of progress, and when the next one is due."""

from collections.abc import Sequence

from simnet.scheduler.progress.messages import Posted, posts_in
from simnet.world.events import Event

REPORT_SECONDS = 0.25
"""Shortest time, in seconds, between two reports of progress."""
POSTS_PER_REPORT = 32


class ReportNews:
    """The newest posts that were not reported yet."""

    def __init__(self) -> None:
        self._posted: list[Posted] = []
        self._reported_at = 0.0

    def add(self, events: Sequence[Event], now: float) -> bool:
        """Add the posts among some events; tell whether a report is due at `now`, in seconds."""
        self._posted += posts_in(events[-POSTS_PER_REPORT:])
        del self._posted[:-POSTS_PER_REPORT]
        due = now - self._reported_at >= REPORT_SECONDS
        if due:
            self._reported_at = now
        return due

    def take(self) -> tuple[Posted, ...]:
        """Return the posts since the last call, the newest last."""
        posted, self._posted = tuple(self._posted), []
        return posted
