"""The garbage collector in processes that hold a world or its agents."""

import gc


def collect_rarely() -> None:
    """Look for cyclic garbage a thousand times less often than Python does by itself.

    Posts, events and agents are many and make no cycles; looking through them again and again
    took a fifth of the kernel's time at 100,000 personas. What is on its way between processes
    is looked through too each time, so a few long looks cost less than many short ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)
