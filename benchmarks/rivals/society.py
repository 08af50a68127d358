"""What all drivers have in common: the society, what its people decide, and what is measured.

A driver runs in the environment of its rival, so this file needs psutil and nothing else. The
society: `people` take a turn in each of `rounds`; whoever acts has `seen` posts in view, where
the rival has a feed; the model answers at once, in turn with each of `ACTIONS`.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import psutil

ACTIONS = ("write", "reply", "like", "repost", "pass")
TEXT = "The bus was late again and nobody at the stop was surprised."
ANSWER = "That is not how I remember it, but I see what you mean."
FIRST_POST = "What I saw on the way to work today."
PERSONA = "A retired bus driver who grows tomatoes and argues about timetables."


class Size(NamedTuple):
    """How large the society is."""

    people: int
    rounds: int
    seen: int

    @property
    def turns(self) -> int:
        """Turns of all people in all rounds."""
        return self.people * self.rounds

    @property
    def authors(self) -> int:
        """How many of the people have posted before the first round."""
        return min(self.people, max(self.people // 20, self.seen))


class Meter:
    """Counts the calls of the model, and the time and CPU time of the rounds."""

    def __init__(self) -> None:
        self.calls = 0
        self.characters = 0
        self.seconds = 0.0
        self.cpu_s = 0.0

    def call(self, prompt: str = "") -> int:
        """Count a call; return its number."""
        self.calls += 1
        self.characters += len(prompt)
        return self.calls - 1

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the rounds; calls before them are forgotten."""
        self.calls = self.characters = 0
        used, began = cpu_seconds(), perf_counter()
        yield
        self.seconds = perf_counter() - began
        self.cpu_s = cpu_seconds() - used


def action(number: int) -> str:
    """Return what the model answers to a call."""
    return ACTIONS[number % len(ACTIONS)]


def cpu_seconds(root: psutil.Process | None = None) -> float:
    """Return CPU seconds of a process, this one by default, and of all that it started."""
    root = root or psutil.Process()
    total = sum(root.cpu_times()[:4])  # the last two are those of children that have ended
    for process in root.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def arguments(doc: str | None) -> tuple[Size, Path, argparse.Namespace]:
    """Read the size, and the file for the figures, from the command line of a driver."""
    options = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    options.add_argument("--people", type=int, default=20)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--seen", type=int, default=10, help="posts in view")
    options.add_argument("--way", default="", help="a variant, where the driver has several")
    options.add_argument("--out", type=Path, default=Path(os.devnull))
    read = options.parse_args()
    return Size(read.people, read.rounds, read.seen), read.out, read


@contextmanager
def scratch() -> Iterator[Path]:
    """Work in a new folder, in which a rival may leave what it likes; delete it."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def report(out: Path, size: Size, meter: Meter, **more: object) -> None:
    """Write the figures of a driver.

    `recorded` in `more` counts what was found in the rival's own record after the rounds; it
    shows that the turns did happen. Raises SystemExit if nothing was found or nothing called.
    """
    figures = {
        "people": size.people,
        "rounds": size.rounds,
        "turns": size.turns,
        "calls": meter.calls,
        "characters_per_call": meter.characters / meter.calls if meter.calls else None,
        "seconds": meter.seconds,
        "cpu_s": meter.cpu_s,
        **more,
    }
    if not meter.calls or not figures.get("recorded"):
        sys.exit(f"the rounds left no trace: {figures}")
    out.write_text(json.dumps(figures), encoding="utf-8")
    print(json.dumps(figures))
