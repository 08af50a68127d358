"""The workload `scale`: turns a second by the number of people, and the picture of that curve."""

from pathlib import Path
from tempfile import TemporaryDirectory

from simnet.benchmarking.played_society import Figure, Figures, played, society

SIZES = (100, 1000, 10_000, 100_000)
TURNS = 3000
NAME = "scale"


def scale() -> Figures:
    """Play 3,000 turns of 100 to 100,000 people in this process, the model replying at once."""
    found: Figures = {}
    for people in SIZES:
        with TemporaryDirectory(prefix="simnet-bench-") as folder:
            progress = played(society(people, TURNS), Path(folder)).finish.progress
        rate = progress.ledger.planned / progress.elapsed
        found[_figure(people)] = Figure(rate, "1/s", more_is_better=True)
    return found


def size_of(figure: str) -> int:
    """Return the number of people of one of its figures."""
    return int(figure.partition(" ")[0].replace(",", ""))


def _figure(people: int) -> str:
    return f"{people:,} people: turns per second"
