"""How often the comments of discussions refuse or repeat, without and with remedies.

With the embedded model::

    python benchmarks/discussion_health.py --discussions 100 --turns 3

Emma35 and Giannis of the tutorial talk in `--discussions` rooms at once, once for each arm:
`plain`, with the prompt of the tutorial; `resampled`, where a flawed comment is asked for again
up to `--resamples` times; `prompted`, with a prompt for small models; and `both`. A rate is the
share of the turns that have the mark; the flawed have any mark for which a reply is asked for
again. Prints one table and one JSON line.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from arguments import at_least, ratio, shown
from discussions import Shared
from rich.console import Console
from rich.table import Table

from simnet import Persona, Scenario
from simnet.agents.reply_flags import FLAWS
from simnet.api import arun
from simnet.discussions import Discussion, discussions
from simnet.inference.backends.choice import choose
from simnet.models import Model
from simnet.scenario.files.modules import import_place

SCENARIO = Path(__file__).parent.parent / "scenarios" / "discussion.py"
MARKS = ("refusal", "repeat", "near_repeat", "repetition", "empty", "garbled", "at_limit")
FOR_SMALL_MODELS = (
    "You chat with other people on a website. Write one or two short sentences in your own words: "
    "what you think, what you did today, or a question to the others. Say something new; do not "
    "say again what somebody said. You need no help and offer none."
)
"""Says what to write rather than how to be, and names the two habits of small models."""


class Arm(NamedTuple):
    """What came of one arm."""

    name: str
    turns: int
    flawed: int
    """Turns with a mark for which a reply is asked for again."""
    marks: dict[str, int]
    calls: int
    distinct: float | None
    """Different pairs of words, as a share of all pairs of words."""
    seconds: float


def scenario(
    count: int, turns: int, text_limit: int, instructions: str, resamples: int
) -> Scenario:
    """Make `count` discussions of the tutorial's two people."""
    module = import_place(str(SCENARIO))
    people: list[Persona] = [module.emma, module.giannis]
    return discussions(
        [Discussion(people, turns=turns) for _ in range(count)],
        context=module.CONTEXT,
        instructions=instructions or module.INSTRUCTIONS,
        text_limit=text_limit,
        resamples=resamples,
    )


async def arm(name: str, given: Scenario, model: Model) -> Arm:
    """Hold the discussions of one arm and count marks."""
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = await arun(given, model=Shared(model), out=Path(folder), accept_failures=True)
        events = [row for row in run.read("events").to_pylist() if row["cue"] is None]
        calls = run.read("calls").num_rows
    marks = Counter(mark for row in events for mark in row["marks"])
    texts = [row["text"] for row in events if row["text"]]
    return Arm(
        name=name,
        turns=len(events),
        flawed=sum(not FLAWS.isdisjoint(row["marks"]) for row in events),
        marks={mark: marks[mark] for mark in MARKS},
        calls=calls,
        distinct=distinct(texts),
        seconds=round(perf_counter() - begun, 1),
    )


def distinct(texts: list[str]) -> float | None:
    """Return the number of different pairs of words, as a share of all."""
    pairs = [pair for text in texts for pair in pairwise(text.casefold().split())]
    return ratio(len(set(pairs)), len(pairs))


async def measured(arguments: argparse.Namespace) -> list[Arm]:
    """Hold the discussions of all arms with one engine."""
    model = choose(arguments.backend, None).ready(print).build()
    remedies = {
        "plain": ("", 0),
        "resampled": ("", arguments.resamples),
        "prompted": (FOR_SMALL_MODELS, 0),
        "both": (FOR_SMALL_MODELS, arguments.resamples),
    }
    sizes = (arguments.discussions, arguments.turns, arguments.text_limit)
    try:
        await arm("warm-up", scenario(1, 2, 40, "", 0), model)
        found = []
        for name in arguments.arms:
            found.append(await arm(name, scenario(*sizes, *remedies[name]), model))
            print(json.dumps(found[-1]._asdict()), flush=True)
        return found
    finally:
        await model.close()


def main() -> None:
    """Measure and print."""
    names = ["plain", "resampled", "prompted", "both"]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--discussions", type=at_least(1), default=100)
    parser.add_argument("--turns", type=at_least(1), default=3, help="in each discussion")
    parser.add_argument("--text-limit", type=at_least(20), default=120, help="characters")
    parser.add_argument("--resamples", type=at_least(1), default=2)
    parser.add_argument("--backend", default="vllm")
    parser.add_argument("--arms", nargs="+", choices=names, default=names)
    arguments = parser.parse_args()
    found = asyncio.run(measured(arguments))
    table = Table("arm", "turns", "flawed", *MARKS, "distinct-2", "calls/turn", "seconds")
    for one in found:
        table.add_row(
            one.name, str(one.turns), _share(one.flawed, one.turns),
            *(_share(one.marks[mark], one.turns) for mark in MARKS),
            shown(one.distinct, ".2f"), shown(ratio(one.calls, one.turns), ".2f"),
            f"{one.seconds:.0f}",
        )  # fmt: skip
    Console(width=150).print(table)
    print(json.dumps({**vars(arguments), "results": [one._asdict() for one in found]}))


def _share(count: int, of: int) -> str:
    return shown(ratio(count, of), ".1%")


if __name__ == "__main__":
    main()
