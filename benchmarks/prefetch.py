"""What early calls gain, and what of them is in vain, beside the bound that dependencies set.

One society, whose people wake once an hour and land a minute later, with a fake model of `--slots`
slots and lognormal reply times (median 1 s, sigma `--sigma`). Each row is one run:

* off: calls start when their turn wakes;
* view, ahead: `--prefetch view` and `ahead`;
* oracle: the critical path of the recorded run, with slots without limit: each turn starts as soon
  as all it depends on has landed (the persona's last turn, and whoever wrote what it was shown).

`counts` says whether likes and replies are in the prompts (`exact`) or left out (`none`), as each
of them changes what others are shown. `busy` is a society that fills the slots without any early
call. The tables of all modes are compared by their hash; the benchmark fails if one differs.

The clock skips what is waited for and goes on with the CPU time of this process, so looks ahead
cost what they cost. Prints one table and one JSON line.
"""

import argparse
import asyncio
import heapq
import json
import math
import sys
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import pyarrow as pa
from arguments import at_least
from rich.console import Console
from rich.table import Table
from skipping_clock import SkippingLoop

from simnet import HOUR, MINUTE, Cohort, Exponential, Feed, Scenario, draws, sample
from simnet.inference.fakes.fake import plausible
from simnet.kernel.kernel import Kernel
from simnet.models import Completion, Prompt
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scheduler.prefetch.prefetch_settings import Mode, Prefetch
from simnet.scheduler.progress.messages import Finish
from simnet.scheduler.scheduler import Scheduler

FOLLOWEES = 20
"""People whom each follows on average."""
MODES: tuple[Mode, ...] = ("off", "view", "ahead")


class Slots:
    """A fake model with a limited number of prompts in progress, and a delay for each."""

    name = "slots"

    def __init__(self, slots: int, sigma: float) -> None:
        self._free, self._sigma = slots, sigma
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def delay(self, prompt: Prompt) -> float:
        """Draw how long a reply takes, by the prompt's seed."""
        one, two = draws.unit("delay", prompt.seed), draws.unit("delay too", prompt.seed)
        return math.exp(
            self._sigma * math.sqrt(-2 * math.log(1 - one)) * math.cos(2 * math.pi * two)
        )

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield each completion when its time has passed."""
        done: asyncio.Queue[tuple[int, Completion]] = asyncio.Queue()

        async def complete(position: int, prompt: Prompt) -> None:
            await self._enter(prompt.priority)
            try:
                await asyncio.sleep(self.delay(prompt))
            finally:
                self._leave()
            done.put_nowait((position, Completion(plausible(prompt))))

        tasks = [asyncio.create_task(complete(*item)) for item in enumerate(prompts)]
        try:
            for _ in tasks:
                yield [await done.get()]
        finally:
            for task in tasks:
                task.cancel()

    async def close(self) -> None:
        """Hold nothing."""

    async def _enter(self, priority: int) -> None:
        if self._free:
            self._free -= 1
            return
        self._count += 1
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, self._count, turn))
        await turn

    def _leave(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1


class InMemory:
    """A record that keeps encoded rows by table."""

    def __init__(self) -> None:
        self.batches: dict[str, list[bytes]] = {}

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Keep the batches."""
        for table, batch in batches:
            self.batches.setdefault(table, []).append(batch)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Decode the rows of a table."""
        streams = self.batches.get(table, [])
        return [row for one in streams for row in pa.ipc.open_stream(one).read_all().to_pylist()]

    def digest(self) -> str:
        """Hash all rows but for the wall times of calls; calls in the order of their keys."""
        calls = [{**row, "seconds": 0} for row in self.rows("calls")]
        calls.sort(key=lambda row: (row["who"], row["turn"], row["call"]))
        rows = [self.rows("events"), self.rows("exposures"), calls]
        return blake2b(repr(rows).encode(), digest_size=16).hexdigest()


class Measured(NamedTuple):
    """One run."""

    finish: Finish
    digest: str
    record: InMemory


def society(people: int, hours: float, counts: str, reacts_in: float) -> Scenario:
    """Make people who wake about once an hour."""
    crowd = Cohort(
        "people",
        sample(people),
        rhythm=Exponential(HOUR - MINUTE),
        reacts_in=reacts_in,
        follows={"people": min(1.0, FOLLOWEES / people)},
    )
    return Scenario("hourly", [crowd], lasts=hours * HOUR, seed=1, feed=Feed(counts=counts))


def played(scenario: Scenario, mode: Mode, slots: int, sigma: float) -> Measured:
    """Play a scenario on the clock that skips waits."""

    async def play() -> Measured:
        record, clock = InMemory(), asyncio.get_running_loop().time
        agents = LocalAgentPool(agents_of(scenario), Slots(slots, sigma), looks_ahead=mode != "off")
        prefetch = Prefetch(mode, {None: slots})
        scheduler = Scheduler(Kernel(scenario), agents, record, clock=clock, prefetch=prefetch)
        finish = await scheduler.run()
        return Measured(finish, record.digest(), record)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(play())


def critical_path(record: InMemory, sigma: float) -> float:
    """Return the seconds of the longest chain of turns that depend on each other."""
    model = Slots(1, sigma)
    took: dict[tuple[str, int], float] = {}
    for call in record.rows("calls"):
        prompt = Prompt(system="", user="", seed=call["seed"])
        turn = call["who"], call["turn"]
        took[turn] = took.get(turn, 0.0) + model.delay(prompt)
    shown_to: dict[tuple[str, int], list[int]] = {}
    for row in record.rows("exposures"):
        shown_to.setdefault((row["who"], row["turn"]), []).append(row["post"])
    ended: dict[tuple[str, int], float] = {}
    written: dict[int, float] = {}
    for event in record.rows("events"):
        if event["turn"] is None:
            continue
        turn = event["who"], event["turn"]
        if turn not in ended:
            causes = [written.get(post, 0.0) for post in shown_to.get(turn, ())]
            before = ended.get((event["who"], event["turn"] - 1), 0.0)
            ended[turn] = max([before, *causes], default=0.0) + took.get(turn, 0.0)
        if event["made"] is not None:
            written[event["made"]] = ended[turn]
    return max(ended.values(), default=0.0)


def measured(name: str, scenario: Scenario, slots: int, sigma: float) -> list[dict[str, Any]]:
    """Play a scenario in all modes; exits if their tables differ."""
    rows: list[dict[str, Any]] = []
    digests = set()
    for mode in MODES:
        finish, digest, record = played(scenario, mode, slots, sigma)
        digests.add((digest, finish.digest))
        progress = finish.progress
        rows.append(
            {
                "society": name,
                "mode": mode,
                "turns": progress.ledger.planned,
                "seconds": round(progress.elapsed, 1),
                "speedup": round(rows[0]["seconds"] / progress.elapsed, 2) if rows else 1.0,
                "in_flight": round(progress.load.mean(progress.elapsed), 1),
                "early": progress.usage.early,
                "hits": progress.usage.early_hits,
                "wasted_share": round(progress.usage.wasted_share, 3),
                "problem": progress.prefetch_problem,
            }
        )
        if mode == "off":
            bound = critical_path(record, sigma)
    if len(digests) > 1:
        sys.exit(f"{name}: the tables of {', '.join(MODES)} differ")
    oracle = {"society": name, "mode": "oracle", "turns": rows[0]["turns"]}
    oracle |= {"seconds": round(bound, 1), "speedup": round(rows[0]["seconds"] / bound, 2)}
    return [*rows, oracle]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=at_least(1), nargs="+", default=[100, 1000])
    parser.add_argument("--turns", type=at_least(1), default=2500, help="of each society, about")
    parser.add_argument("--slots", type=at_least(1), default=256)
    parser.add_argument("--sigma", type=float, default=0.7)
    parser.add_argument("--busy", type=at_least(0), default=8, help="slots of the full model")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for people in given.sizes:
        hours = given.turns / people
        for counts in ("exact", "none"):
            scenario = society(people, hours, counts, MINUTE)
            rows += measured(f"{people} {counts}", scenario, given.slots, given.sigma)
    if given.busy:
        people = max(given.sizes)
        scenario = society(people, given.turns / people, "exact", 5 * MINUTE)
        rows += measured(f"{people} busy", scenario, given.busy, given.sigma)
    table = Table(*(one.replace("_", " ") for one in rows[0]))
    for row in rows:
        table.add_row(*(str(row.get(one, "")) for one in rows[0]))
    Console(width=120).print(table)
    print(json.dumps({"slots": given.slots, "sigma": given.sigma, "rows": rows}))


if __name__ == "__main__":
    main()
