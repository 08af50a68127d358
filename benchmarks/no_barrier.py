"""Speed of the heap compared with a global step barrier and with a lower bound.

One world, one seed, one set of heavy-tailed reply times, run three ways:

* heap: the scheduler as it is; at a Land it waits for that one reply;
* barrier: the same scheduler, but whenever it would wait, it waits for all replies in flight;
* oracle: a lower bound computed from the heap's record. Each turn starts as soon as all it
  depends on has landed (the same persona's last turn, and the posts it was shown), with as many
  replies at once as the model has slots, the earliest wake first.

The event tables of heap and barrier must be equal. The model is fake; each reply occupies one
of `--slots` slots for its delay. Prints one table and one JSON line; medians over `--repeats`.
"""

import argparse
import asyncio
import heapq
import json
import math
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import pyarrow as pa
from arguments import at_least, rate, ratio, shown
from rich.console import Console
from rich.table import Table

from simnet import Cohort, Exponential, Scenario, draws, sample
from simnet.inference.fakes.fake import plausible
from simnet.models import Completion, Prompt
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scheduler.driver import Driver
from simnet.scheduler.partners import AgentPool
from simnet.scheduler.progress.messages import Answer, Finish
from simnet.world.state.posts import View

MEAN = 0.1
"""Wall seconds a reply takes on average."""
TAIL = 1.2
"""Exponent of the Pareto distribution of reply times; below 2 the variance is infinite."""
MAX_DELAY = 30 * MEAN


def delay(prompt: Prompt) -> float:
    """Draw how long a reply takes, by the prompt's seed."""
    chance = 1 - draws.unit("delay", prompt.seed)
    return min(MAX_DELAY, MEAN * (TAIL - 1) / TAIL * math.pow(chance, -1 / TAIL))


class Slots:
    """A fake model with a limited number of prompts in progress, and a delay for each."""

    name = "slots"

    def __init__(self, slots: int) -> None:
        self._slots = asyncio.Semaphore(slots)

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield each completion when its time has passed."""
        done: asyncio.Queue[tuple[int, Completion]] = asyncio.Queue()

        async def complete(position: int, prompt: Prompt) -> None:
            async with self._slots:
                await asyncio.sleep(delay(prompt))
            done.put_nowait((position, Completion(plausible(prompt), seconds=delay(prompt))))

        tasks = [asyncio.create_task(complete(*item)) for item in enumerate(prompts)]
        for _ in tasks:
            yield [await done.get()]

    async def close(self) -> None:
        """Hold nothing."""


class Barrier:
    """Holds back all answers of an agent pool until no view is in flight."""

    def __init__(self, pool: AgentPool) -> None:
        self._pool = pool
        self._in_flight = 0
        self._all_in = asyncio.Event()

    def host_of(self, who: str) -> int:
        """Return the host of the pool."""
        return self._pool.host_of(who)

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Yield all answers once no view is in flight."""
        self._in_flight += len(views)
        self._all_in.clear()
        answers = []
        async for answer in self._pool.think(host, views):
            answers.append(answer)
            self._in_flight -= len(answer.decisions)
        if self._in_flight == 0:
            self._all_in.set()
        await self._all_in.wait()
        for answer in answers:
            yield answer


def town(people: int, turns: int) -> Scenario:
    """Make personas who wake every ten minutes and land five minutes later."""
    mean, reacts_in = 600.0, 300.0
    crowd = Cohort(
        "people",
        sample(people),
        rhythm=Exponential(mean),
        reacts_in=reacts_in,
        follows={"people": min(1.0, 20 / people)},
    )
    return Scenario("town", [crowd], lasts=turns / people * (mean + reacts_in), seed=1)


class InMemory:
    """A record in memory."""

    def __init__(self) -> None:
        self._batches: dict[str, list[pa.Table]] = {}

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Keep batches."""
        for table, batch in batches:
            rows = pa.ipc.open_stream(pa.py_buffer(batch)).read_all()
            self._batches.setdefault(table, []).append(rows)

    def table(self, name: str) -> pa.Table:
        """Return all rows of a table, in the order in which they came."""
        return pa.concat_tables(self._batches[name])


async def measure(scenario: Scenario, slots: int, *, barrier: bool) -> tuple[float, InMemory]:
    """Run once in this process; return the wall seconds of its turns, and the record."""
    record = InMemory()
    pool = LocalAgentPool(agents_of(scenario), Slots(slots))
    driver = Driver(scenario, Barrier(pool) if barrier else pool, record)
    async for message in driver.run():
        if isinstance(message, Finish):
            return message.progress.elapsed, record
    raise AssertionError("a run ends with a Finish")


class Turn(NamedTuple):
    """One turn of the heap's record: when it woke, how long it took, what it depends on."""

    woke: float
    takes: float
    after: list[int]


def turns_of(record: InMemory) -> list[Turn]:
    """List the turns in the order of waking, with positions in that list as dependencies."""
    calls = record.table("calls").select(["who", "turn", "seed"]).to_pylist()
    takes = {
        (c["who"], c["turn"]): delay(Prompt(system="", user="", seed=c["seed"])) for c in calls
    }
    events = record.table("events").to_pylist()
    outcomes = sorted((e for e in events if e["part"] == 0), key=lambda e: (e["woke"], e["who"]))
    place = {(e["who"], e["turn"]): number for number, e in enumerate(outcomes)}
    maker = {e["made"]: place[e["who"], e["turn"]] for e in events if e["made"] is not None}
    return [
        Turn(
            e["woke"],
            takes.get((e["who"], e["turn"]), 0.0),
            [
                *([place[e["who"], e["turn"] - 1]] if e["turn"] else []),
                *(maker[post] for post in e["shown"]),
            ],
        )
        for e in outcomes
    ]


def oracle(turns: Sequence[Turn], slots: int | None) -> float:
    """Return the seconds the turns take if each starts as soon as its dependencies are done."""
    waiting = [len(set(turn.after)) for turn in turns]
    followers: list[list[int]] = [[] for _ in turns]
    for number, turn in enumerate(turns):
        for before in set(turn.after):
            followers[before].append(number)
    ready = [number for number, count in enumerate(waiting) if not count]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and (slots is None or len(running) < slots):
            number = heapq.heappop(ready)
            heapq.heappush(running, (now + turns[number].takes, number))
        now, number = heapq.heappop(running)
        for follower in followers[number]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, follower)
    return now


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--people", type=at_least(1), default=8_000)
    options.add_argument("--turns", type=at_least(1), default=12_000)
    options.add_argument("--slots", type=at_least(1), default=64)
    options.add_argument("--repeats", type=at_least(1), default=3)
    arguments = options.parse_args()
    scenario = town(arguments.people, arguments.turns)
    seconds: dict[str, list[float]] = {"heap": [], "barrier": []}
    for _ in range(arguments.repeats):
        heap, record = asyncio.run(measure(scenario, arguments.slots, barrier=False))
        barrier, other = asyncio.run(measure(scenario, arguments.slots, barrier=True))
        if record.table("events") != other.table("events"):
            sys.exit("heap and barrier left different events")
        seconds["heap"].append(heap)
        seconds["barrier"].append(barrier)
    report(seconds, turns_of(record), arguments)


def report(
    seconds: dict[str, list[float]], turns: Sequence[Turn], arguments: argparse.Namespace
) -> None:
    took = {name: statistics.median(values) for name, values in seconds.items()}
    took["oracle, same slots"] = oracle(turns, arguments.slots)
    took["oracle, unlimited"] = oracle(turns, None)
    title = f"{len(turns):,} turns of {arguments.people:,} people, {arguments.slots} slots"
    table = Table("", "seconds", "turns/s", "against the heap", title=title)
    for name, value in took.items():
        against = f"{shown(ratio(value, took['heap']), '.2f')} x"
        table.add_row(name, f"{value:.2f}", shown(rate(len(turns), value), ",.0f"), against)
    Console().print(table)
    facts = {
        "benchmark": "no_barrier",
        "people": arguments.people,
        "turns": len(turns),
        "slots": arguments.slots,
        "mean_delay": MEAN,
        "seconds": {name: round(value, 3) for name, value in took.items()},
        "heap_over_barrier": ratio(took["barrier"], took["heap"]),
        "share_of_oracle": ratio(took["oracle, same slots"], took["heap"]),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
