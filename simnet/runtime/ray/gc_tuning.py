"""Tunes the garbage collector of processes that hold a world or agents."""

import gc


def collect_rarely() -> None:
    """Look for cyclic garbage a thousand times less often than by default.

    Posts, events and agents are many and make no cycles; traversing them again and again took a
    fifth of the kernel's time at 100,000 personas. Messages in flight are traversed too each
    time, so a few long collections cost less than many short ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)
