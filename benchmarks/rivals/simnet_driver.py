"""simnet: the same society, in one process (`--way process`) or through Ray (`--way ray`).

The model is simnet's fake model, which answers at once. Everything is recorded. In one process
the whole run is measured, from reading the scenario to the sealed tables. Through Ray it is
measured from the first turns on, because Ray takes seconds to start.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
import society

from simnet import Cohort, Cue, Feed, Run, Scenario, Steps, Write, sample
from simnet.clock import HOUR
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.models import Prompt
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.scheduler.progress.messages import Progress

FOLLOWEES = 20
REPLIES = {
    "write": f"write: {society.TEXT}",
    "reply": f"reply 1: {society.ANSWER}",
    "like": "like 1",
    "repost": "repost 1",
    "pass": "pass",
}


def ties(handles: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Let everyone follow 20 others, drawn uniformly."""
    count = len(handles)
    followees = np.random.default_rng(seed).integers(0, count, count * FOLLOWEES, dtype=np.int32)
    return np.repeat(np.arange(count, dtype=np.int32), FOLLOWEES), followees


def town(size: society.Size) -> Scenario:
    """Let everyone look at the same moment, once an hour, and act half an hour later."""
    rhythm, feed = Steps(HOUR), Feed(size=size.seen)
    crowd = Cohort("people", sample(size.people), rhythm=rhythm, reacts_in=HOUR / 2, feed=feed)
    first = [Cue(0.0, one.id, Write(society.FIRST_POST)) for one in crowd.personas[: size.authors]]
    return Scenario("rivals", [crowd], first, ties=ties, lasts=(size.rounds - 0.5) * HOUR)


def instant(prompt: Prompt) -> str:
    """Reply at once with one of the actions; with `pass` where the prompt shows no post."""
    verb = society.action(prompt.seed)
    shows = "(1" in (prompt.pattern or "")
    return REPLIES[verb] if shows or verb in {"write", "pass"} else REPLIES["pass"]


class Watch(Silent):
    """Takes turns, seconds and CPU seconds at each report of progress."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float, float]] = []

    def progress(self, progress: Progress) -> None:
        """Take them."""
        turns = progress.ledger.planned - progress.ledger.open
        self.seen.append((turns, progress.elapsed, society.cpu_seconds()))


def main() -> None:
    size, out, read = society.arguments(__doc__)
    meter, watch = society.Meter(), Watch()
    backend = FakeBackend(model="instant", reply=instant)
    with society.scratch() as folder:
        with meter.measured():
            plan = RunPlan(town(size), backend, folder, ray=read.way == "ray")
            outcome = asyncio.run(launch(plan, watch))
        assert outcome.state == "completed"
        ledger = outcome.finish.progress.ledger
        turns = ledger.planned - size.authors
        record = Run.open(outcome.folder)
        meter.calls = record.table("calls").count_rows()
        prompts = record.prompts().read_all()
        meter.characters = sum(len(one["system"]) + len(one["user"]) for one in prompts.to_pylist())
        more = {"recorded": record.table("events").count_rows(), "turns": turns}
        if read.way == "ray":
            (begun, first_s, first_cpu), (done, last_s, last_cpu) = watch.seen[0], watch.seen[-1]
            meter.seconds, meter.cpu_s = last_s - first_s, last_cpu - first_cpu
            more["turns"] = done - begun
        bytes_ = society.bytes_in(outcome.folder)
        society.report(out, size, meter, bytes=bytes_, **more)


if __name__ == "__main__":
    main()
