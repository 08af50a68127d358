"""Personas per second when many prompts are in flight, beside calls one at a time.

Both ask the same model, in one process and one run, for a persona in a relation to another: by
default 2,000 of them from 500. The calls one at a time are those of `simnet personas from-persona`;
they are measured on a sample (`--single`, cut short after `--single-seconds`), one half before the
expansion and one half after it, with personas of their own, so that neither warms the prefix cache
of the other. The expansion is that of `simnet personas expand`: replies are synced to the disk,
repeats are left out, and refusals are asked for again.

Prints one table, with refusals, other unusable replies and repeats, and one JSON line; exits with 1
if many in flight are not `--least` times as fast. By default the model is the embedded one in vLLM.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from arguments import at_least, rate, ratio, shown
from rich.console import Console
from rich.table import Table

from simnet import Persona, sample
from simnet.errors import ModelError
from simnet.inference.backend import Backend
from simnet.inference.backends.choice import BACKENDS, choose
from simnet.inference.model import Model
from simnet.inference.replies.usable_reply import REFUSED, UnusableReplyError
from simnet.personas.generate import persona_to_persona
from simnet.synthesis.asking.asker import IN_FLIGHT
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.people.expansion import Expansion
from simnet.synthesis.people.named_relations import RELATIONS, phrase_of
from simnet.synthesis.people.persona_job import PersonaJob, expand


class Single(NamedTuple):
    """Calls that were made one at a time."""

    calls: int
    usable: int
    refusals: int
    seconds: float


class Many(NamedTuple):
    """An expansion with many prompts in flight."""

    counts: Counts
    personas: int
    seconds: float


async def one_at_a_time(
    model: Model, people: Sequence[Persona], relation: str, longest: float
) -> Single:
    """Ask for one persona after the other, until some seconds are over."""
    calls = usable = refusals = 0
    begun = perf_counter()
    for person in people:
        calls += 1
        try:
            await persona_to_persona(person, model, phrase_of(relation))
            usable += 1
        except UnusableReplyError as error:
            refusals += error.kind == REFUSED
        except ModelError:
            pass  # it took its time all the same
        if perf_counter() - begun > longest:
            break
    return Single(calls, usable, refusals, perf_counter() - begun)


async def many(
    model: Model, people: Sequence[Persona], relations: Sequence[str], folder: Path, in_flight: int
) -> Many:
    """Expand all personas by all relations."""
    made: list[int] = []
    job = PersonaJob(given=people, plan=Expansion(relations=tuple(relations)))
    options = JobOptions(work=folder, in_flight=in_flight, stop_on_failures=False)
    begun = perf_counter()
    counts = await expand(job, model, options, lambda result, _: made.append(result.count))
    return Many(counts, made[0], perf_counter() - begun)


async def measure(backend: Backend, arguments: argparse.Namespace) -> tuple[Single, Many]:
    """Measure both with one model."""
    relations = list(RELATIONS)[: arguments.relations]
    others = list(sample(arguments.single, seed=1))
    half, longest = len(others) // 2, arguments.single_seconds / 2
    model = backend.ready(print).build()
    try:
        await one_at_a_time(model, list(sample(1, seed=2)), relations[0], longest)  # warms up
        before = await one_at_a_time(model, others[:half], relations[0], longest)
        with tempfile.TemporaryDirectory() as folder:
            people = list(sample(arguments.personas))
            work = Path(folder) / "work"
            batched = await many(model, people, relations, work, arguments.in_flight)
        after = await one_at_a_time(model, others[half:], relations[0], longest)
    finally:
        await model.close()
    return Single(*(one + other for one, other in zip(before, after, strict=True))), batched


def figures(single: Single, batched: Many) -> dict[str, Any]:
    """Return all figures as plain values."""
    alone, together = (
        rate(single.calls, single.seconds),
        rate(batched.counts.asked, batched.seconds),
    )
    return {
        "single": {**single._asdict(), "calls_per_second": alone},
        "many": {
            "personas": batched.personas,
            "seconds": batched.seconds,
            "calls_per_second": together,
            "personas_per_second": rate(batched.personas, batched.seconds),
            **batched.counts.to_json(),
        },
        "speedup": ratio(together, alone),
        "speedup_personas": ratio(
            rate(batched.personas, batched.seconds), rate(single.usable, single.seconds)
        ),
    }


def print_table(found: dict[str, Any]) -> None:
    """Print the figures for people."""
    single, batched = found["single"], found["many"]
    refused = batched["unusable"].get(REFUSED, 0)
    names = ("calls", "seconds", "calls/s", "personas", "refusals", "other unusable", "repeats")
    table = Table("", *names)
    table.add_row(
        "one at a time",
        f"{single['calls']:,}",
        f"{single['seconds']:.1f}",
        shown(single["calls_per_second"], ".2f"),
        f"{single['usable']:,}",
        f"{single['refusals']:,}",
        f"{single['calls'] - single['usable'] - single['refusals']:,}",
        "-",
    )
    table.add_row(
        "many in flight",
        f"{batched['asked']:,}",
        f"{batched['seconds']:.1f}",
        shown(batched["calls_per_second"], ".2f"),
        f"{batched['personas']:,}",
        f"{refused:,}",
        f"{sum(batched['unusable'].values()) - refused:,}",
        f"{sum(batched['repeats'].values()):,}",
    )
    Console().print(table)
    print(f"calls/s: {shown(found['speedup'], '.1f')} times as many")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--personas", type=at_least(1), default=500, help="given to be expanded")
    parser.add_argument("--relations", type=at_least(1), default=4, help="for each of them")
    parser.add_argument("--single", type=at_least(2), default=40, help="calls one at a time")
    parser.add_argument("--single-seconds", type=float, default=120, help="most for these calls")
    parser.add_argument("--least", type=float, default=8, help="times as fast that are wanted")
    parser.add_argument("--in-flight", type=at_least(1), default=IN_FLIGHT)
    parser.add_argument("--backend", choices=BACKENDS, default="vllm")
    parser.add_argument("--model", help="folder or hub name; by default the embedded one")
    arguments = parser.parse_args()
    model = arguments.model or ("embedded" if arguments.backend == "vllm" else None)
    found = figures(*asyncio.run(measure(choose(arguments.backend, model), arguments)))
    print_table(found)
    print(json.dumps(found))
    return 0 if found["speedup"] is not None and found["speedup"] >= arguments.least else 1


if __name__ == "__main__":
    sys.exit(main())
