"""The answer of an actor that has started."""

from typing import NamedTuple


class Ready(NamedTuple):
    """Returned by an actor once it can be used."""

    name: str
    pid: int
    life: str = ""
    """Which of its processes answers; only of an actor that Ray starts again when it dies."""
