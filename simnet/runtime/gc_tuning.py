"""Tunes the garbage collector of processes that hold a world or agents."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_RARELY = (1_000_000, 50, 100)
_MEANWHILE = (100_000, 50, 100)
"""Less memory waits for a collection, as the process is not ours alone."""


def collect_rarely() -> None:
    """Look for cyclic garbage a thousand times less often than by default.

    Posts, events and agents are many and make no cycles; traversing them again and again took a
    fifth of the kernel's time at 100,000 personas. Messages in flight are traversed too each
    time, so a few long collections cost less than many short ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_RARELY)


class _Shared:
    """How many runs of this process collect rarely, and the thresholds before the first."""

    lock = Lock()
    runs = 0
    before = (0, 0, 0)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Look for cyclic garbage less often until the block ends, for a run in the user's process.

    Blocks may overlap; the last to end restores the thresholds that the first one found. A
    collector that the user has switched off, or that looks less often already, is left alone.
    """
    with _Shared.lock:
        if _Shared.runs == 0:
            _Shared.before = gc.get_threshold()
            if 0 < _Shared.before[0] < _MEANWHILE[0]:
                gc.set_threshold(*_MEANWHILE)
        _Shared.runs += 1
    try:
        yield
    finally:
        with _Shared.lock:
            _Shared.runs -= 1
            if _Shared.runs == 0:
                gc.set_threshold(*_Shared.before)
