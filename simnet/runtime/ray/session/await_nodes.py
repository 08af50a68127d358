"""Waits until so many nodes have joined a Ray cluster: `python -m ... ADDRESS NODES [SECONDS]`."""

import socket
import sys
import time

import ray

SECONDS = 300.0
"""Wall seconds after which the nodes that are there are too few."""
_EVERY = 0.5


def await_nodes(address: str, count: int, seconds: float = SECONDS) -> int:
    """Return how many nodes live, once that is `count` or the time is over.

    The cluster may start later than this. It runs on the node of this process, among others.
    """
    deadline = time.monotonic() + seconds
    while not _listens(address):
        if time.monotonic() > deadline:
            return 0
        time.sleep(_EVERY)
    while not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError):  # the node of this host comes last
            if time.monotonic() > deadline:
                return 0
            time.sleep(_EVERY)
    while True:
        living = sum(bool(node["Alive"]) for node in ray.nodes())
        if living >= count or time.monotonic() > deadline:
            return living
        time.sleep(_EVERY)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1.0).close()
    except OSError:
        return False
    return True


def main() -> int:
    """Wait, say on stderr what is missing, and return the exit code."""
    address, count, *limit = sys.argv[1:]
    living = await_nodes(address, int(count), *map(float, limit))
    if living < int(count):
        sys.stderr.write(
            f"error: {living} of {count} nodes joined the Ray cluster at {address}; see above "
            "what `ray start` said\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
