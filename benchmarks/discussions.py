"""Speed of many discussions in one run, with an instant model and with a real engine.

Without and with an engine::

    python benchmarks/discussions.py --rooms 1000
    python benchmarks/discussions.py --engine --together 32

With an instant model, turns per second are those of a run of `--rooms` discussions, less the time
that a run of one discussion takes to start and to seal its record. With `--engine` one engine
serves `--alone` discussions one after the other, which is how other tools hold them, and then
`--together` at once; the ratio is that of turns per second. Prints one table and one JSON line.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from arguments import at_least, rate, ratio, shown
from rich.console import Console
from rich.table import Table

from simnet import FakeModel, Scenario, sample
from simnet.api import arun
from simnet.discussions import Discussion, discussions
from simnet.inference.backends.choice import choose
from simnet.models import Completion, Model, Prompt

OPINION = "Cars should leave the inner city."


class Held(NamedTuple):
    """Discussions that were held."""

    turns: int
    failed: int
    seconds: float


class Shared:
    """A model that stays open when a run closes it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.name

    def generate(self, prompts: Sequence[Prompt]) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Pass prompts on."""
        return self._model.generate(prompts)

    async def close(self) -> None:
        """Stay open."""


def rooms(count: int, turns: int, seed: int = 0) -> Scenario:
    """Make `count` discussions of four people."""
    given = [
        Discussion(sample(4, seed=seed + room), [OPINION], turns=turns) for room in range(count)
    ]
    return discussions(given, text_limit=160, seed=seed)


async def held(scenarios: Sequence[Scenario], model: Model) -> Held:
    """Hold the discussions of some scenarios, one run after the other."""
    turns = failed = 0
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for scenario in scenarios:
            begun = perf_counter()
            run = await arun(scenario, model=Shared(model), out=Path(folder), accept_failures=True)
            seconds += perf_counter() - begun
            events = run.read("events")
            events = events.filter(events["cue"].is_null())
            turns += events.num_rows
            failed += sum(outcome == "failed" for outcome in events["outcome"].to_pylist())
    return Held(turns, failed, seconds)


async def instant(count: int, turns: int) -> tuple[Held, Held]:
    """Hold one discussion, and `count` at once, with a model that answers at once."""
    model = FakeModel(lambda prompt: f"I see it differently, for reason {prompt.seed}.")
    await held([rooms(1, turns)], model)  # imports
    return await held([rooms(1, turns)], model), await held([rooms(count, turns)], model)


async def engine(alone: int, together: int, turns: int) -> tuple[Held, Held]:
    """Hold discussions one after the other, and at once, with the embedded model."""
    model = choose("vllm", None).ready(print).build()
    try:
        await held([rooms(1, 2, seed=99)], model)  # warms the engine up
        one_by_one = await held([rooms(1, turns, seed=100 + n) for n in range(alone)], model)
        return one_by_one, await held([rooms(together, turns, seed=200)], model)
    finally:
        await model.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rooms", type=at_least(2), default=1000)
    parser.add_argument("--turns", type=at_least(1), default=10)
    parser.add_argument("--engine", action="store_true", help="measure with a real engine too")
    parser.add_argument("--alone", type=at_least(1), default=2)
    parser.add_argument("--together", type=at_least(2), default=32)
    arguments = parser.parse_args()
    one, many = asyncio.run(instant(arguments.rooms, arguments.turns))
    speed = rate(many.turns - one.turns, many.seconds - one.seconds)
    table = Table("model", "discussions", "turns", "failed", "seconds", "turns/s")
    table.add_row(
        "instant", f"{arguments.rooms} at once", f"{many.turns:,}", str(many.failed),
        f"{many.seconds:.2f}", shown(speed, ",.0f"),
    )  # fmt: skip
    figures = {"instant": {**many._asdict(), "turns_per_second": speed}}
    if arguments.engine:
        alone, together = asyncio.run(engine(arguments.alone, arguments.together, arguments.turns))
        rates = [rate(one.turns, one.seconds) for one in (alone, together)]
        for name, one, each in (
            (f"{arguments.alone} one after the other", alone, rates[0]),
            (f"{arguments.together} at once", together, rates[1]),
        ):
            table.add_row(
                "embedded", name, f"{one.turns:,}", str(one.failed), f"{one.seconds:.1f}",
                shown(each, ",.2f"),
            )  # fmt: skip
        speedup = ratio(rates[1], rates[0])
        table.caption = f"at once / one after the other: {shown(speedup, '.1f')}"
        figures["engine"] = {
            "alone": alone._asdict(), "together": together._asdict(), "speedup": speedup,
        }  # fmt: skip
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
