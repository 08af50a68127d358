"""Compares the readers of replies: what the strict path costs now, and what it cost alone.

Replies are drawn from the grammar of views with ten posts. Each round times, for the same replies,
the strict parser alone, the whole path of a constrained reply (reasoning is looked for, then the
strict parser reads) and that of a free one. Rounds alternate, so that a busy machine disturbs all
alike; the medians and the ratios of the rounds are printed, and one JSON line.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter

from arguments import at_least
from rich.console import Console
from rich.table import Table

from simnet.agents.formats.lenient_reader import read
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.inference.fakes.sample import Draws, sampler
from simnet.inference.model import Completion
from simnet.inference.replies.reasoning import without_reasoning
from simnet.verbs import MEMBER
from simnet.world.state.posts import Shown, View

POSTS = 10


def view() -> View:
    """Make a view of POSTS posts."""
    posts = tuple(
        Shown(number, f"p{number}", "Hello.", 0.0, None, None, "", 0, 0, 0, 0)
        for number in range(POSTS)
    )
    return View("ann", 0, 60.0, 7, posts, ("",) * POSTS)


def microseconds(path: Callable[[Completion], object], replies: Sequence[Completion]) -> float:
    """Time one path for all replies; returns microseconds a reply."""
    begun = perf_counter()
    for reply in replies:
        path(reply)
    return (perf_counter() - begun) / len(replies) * 1e6


def measure(count: int, rounds: int) -> dict[str, float]:
    """Time the paths in alternation; returns medians in microseconds, and ratios."""
    reply_format, seen = ReplyFormat(MEMBER, 280, POSTS, 1), view()
    draw = sampler(str(reply_format.pattern(seen)))
    replies = [Completion(draw(Draws(seed)), constrained=True) for seed in range(count)]
    paths: dict[str, Callable[[Completion], object]] = {
        "strict parser alone": lambda done: reply_format.parse(done.text, seen),
        "constrained": lambda done: reply_format.parse(without_reasoning(done).text, seen),
        "free": lambda done: read(reply_format, without_reasoning(done).text, seen, ("ann",)),
    }
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            times[name].append(microseconds(path, replies))
    figures = {name: statistics.median(values) for name, values in times.items()}
    pairs = zip(times["constrained"], times["strict parser alone"], strict=True)
    figures["ratio"] = statistics.median(now / alone for now, alone in pairs)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=at_least(1), default=5_000)
    parser.add_argument("--rounds", type=at_least(1), default=15)
    options = parser.parse_args()
    figures = measure(options.replies, options.rounds)
    table = Table("path", "us a reply")
    for name, value in figures.items():
        if name != "ratio":
            table.add_row(name, f"{value:.2f}")
    console = Console()
    console.print(table)
    console.print(f"constrained / strict parser alone: {figures['ratio']:.3f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
