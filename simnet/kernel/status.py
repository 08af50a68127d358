"""Why a kernel stopped."""

from enum import Enum


class Status(Enum):
    """Why the kernel stopped."""

    FULL = "full"
    """There are as many views as the caller asked for; it takes them and advances again."""
    WAITING = "waiting"
    """The next entry of the heap is a Land whose decision was not delivered."""
    PAUSED = "paused"
    """What comes next is not before the time at which the caller wants to stop."""
    STOPPED = "stopped"
    """An alarm of the scenario ends the run here."""
    DONE = "done"
    """Nothing is left to happen."""


ENDS = frozenset({Status.DONE, Status.PAUSED})
"""Statuses with which the kernel has done all there is, up to its end or the given time."""
