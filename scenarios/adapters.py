"""One LoRA adapter for each type of follower: simulate, export, train, serve, simulate again.

Three types of followers answer posts. All get the same kind of prompt, which does not say what
type they are. In the first run each type is held to a register of its own by the grammar of its
replies::

    simnet run scenarios/adapters.py --set personas=2

`simnet train RUN --out DIR --hold-out thread` makes an adapter of the replies of each type. With
`--set trained=DIR` the grammar is gone, and each type asks its adapter. All of it, with a
comparison of the two runs, is one command: `python scenarios/adapters.py`.
"""

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

import simnet
from simnet import (
    MINUTE,
    SECOND,
    Agent,
    Ask,
    Behaviour,
    Cohort,
    Cue,
    Feed,
    Never,
    OnPost,
    Persona,
    Reply,
    Run,
    Scenario,
    View,
    Write,
    sample,
)
from simnet.errors import SimnetError
from simnet.foundation.text import visible
from simnet.training import Report, TrainingOptions, train, trained_adapters

POSTS = (
    "I baked bread for the first time today and it came out flat.",
    "Thinking of cycling to work from next week, ten kilometres each way.",
    "We adopted a puppy yesterday and nobody has slept since.",
    "My phone broke, so I will spend the weekend without it.",
    "I want to learn the violin at the age of fifty.",
    "Is it fine to eat pasta that was in the fridge for five days?",
    "I quit my job this morning and have no plan at all.",
    "Our street is getting a new playground next spring.",
)
REGISTERS = {
    "supporter": r"(Yes|Love this|Well done|How lovely)! [A-Z][a-z ,']{15,50}! :\)",
    "troll": r"(lol|haha|omg) [a-z ']{15,50} lol",
    "alarmist": r"(WARNING|DANGER|ATTENTION): [A-Z][a-z ,']{15,50}\. Be careful!",
}
"""The form of each type's replies in the first run."""
OPENINGS = {
    "supporter": r"(Yes|Love this|Well done|How lovely)!",
    "troll": r"(lol|haha|omg)\b",
    "alarmist": r"(WARNING|DANGER|ATTENTION):",
}
"""How texts of a register begin, by which the second run is compared with the first."""
FREE = r"[^\s][^\n\r]{0,99}"
"""Any text of one line."""


def register(pattern: str) -> Behaviour:
    """Answer the newest post with a text that matches a pattern."""

    async def answer(me: Agent, view: View, ask: Ask) -> list[Reply]:
        if not view.posts:
            return []
        post = view.posts[0]
        text = await ask(
            me.instructions, f"@{post.author}: {me.profile.quoting.quote(post.text)}", pattern
        )
        return [Reply(post.id, text)]

    return answer


def adapters(personas: int = 4, trained: str = "", seed: int = 0) -> Scenario:
    """Let followers of each type answer the posts.

    `personas` is the number of followers of each type. `trained` is the folder of a training: with
    it each type asks its adapter and may write any text.
    """
    folders = trained_adapters(trained) if trained else {}
    authors = [Persona(id=f"author{number}") for number in range(1, len(POSTS) + 1)]
    crowd = sample(personas * len(REGISTERS), seed)
    followers = [
        Cohort(
            kind,
            crowd[number * personas : (number + 1) * personas],
            behaviour=register(FREE if folders else pattern),
            verbs=(Reply,),
            rhythm=OnPost(delay=SECOND),
            reacts_in=MINUTE / 2,
            follows={"authors": 1.0},
            text_limit=100,
            memory=0,
            temperature=0.7,
            adapter=folders.get(kind),
        )
        for number, (kind, pattern) in enumerate(REGISTERS.items())
    ]
    return Scenario(
        "adapters",
        [Cohort("authors", authors, rhythm=Never()), *followers],
        cues=[
            Cue(number * MINUTE, author.id, Write(post))
            for number, (author, post) in enumerate(zip(authors, POSTS, strict=True))
        ],
        feed=Feed(size=1),
        setting="You are on a social network.",
        lasts=len(POSTS) * MINUTE,
        seed=seed,
    )


# -- the whole loop ---------------------------------------------------------------------------


def shares(run: Run) -> dict[str, float]:
    """Measure the share of each type's replies that begin as texts of its register do."""
    texts: dict[str, list[str]] = {kind: [] for kind in REGISTERS}
    for event in run.read("events").to_pylist():
        if event["verb"] == "reply" and event["outcome"] == "done":
            texts[event["cohort"]].append(event["text"])
    return {
        kind: sum(bool(re.match(OPENINGS[kind], text)) for text in said) / max(1, len(said))
        for kind, said in texts.items()
    }


def asked(run: Run) -> str:
    """Count the calls of a run by the adapter that answered them."""
    counts = Counter(call["adapter"] or "no adapter" for call in run.read("calls").to_pylist())
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def main() -> None:
    """Simulate, export, train, serve and simulate again, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("adapters-loop"), help="folder to make")
    parser.add_argument("--personas", type=int, default=4, help="followers of each type")
    parser.add_argument("--steps", type=int, default=8, help="steps of training for each adapter")
    given = parser.parse_args()
    begun, runs, folder = time.perf_counter(), given.out / "runs", given.out / "trained"
    first = simnet.run(adapters(given.personas), out=runs, progress=True)
    options = TrainingOptions(
        hold_out="thread", validation=0.1, steps=given.steps, batch=2, learning_rate=3e-3
    )
    training = train(first, folder, options, report=report)
    second = simnet.run(adapters(given.personas, str(folder)), out=runs, progress=True)
    headings, rows = training.perplexities.table()
    perplexities = Table(*headings, title="perplexity of the replies held out, under each adapter")
    for row in rows:
        perplexities.add_row(*row)
    before, after = shares(first), shares(second)
    registers = Table("replies of", "run 1, by the grammar", "run 2, by the adapter alone")
    registers.title = "share of the replies in the register of their type"
    for kind in REGISTERS:
        registers.add_row(kind, f"{before[kind]:.0%}", f"{after[kind]:.0%}")
    console = Console()
    console.print(f"\nrun 1: {first.path}, calls: {asked(first)}", soft_wrap=True, markup=False)
    console.print(f"run 2: {second.path}, calls: {asked(second)}", soft_wrap=True, markup=False)
    console.print(perplexities, registers, sep="\n")
    console.print(f"{time.perf_counter() - begun:.0f} s in all")


def report(one: Report) -> None:
    """Print what a training does, and the loss of the first and last step of each adapter."""
    if one.step is None:
        sys.stderr.write(f"{one.text}\n")
    elif one.step.number in {1, one.step.steps}:
        sys.stderr.write(f"{one.text}: step {one.step.number}, loss {one.step.loss:.3f}\n")


if __name__ == "__main__":
    try:
        main()
    except SimnetError as error:
        sys.exit(f"error: {visible(str(error))}")
    except KeyboardInterrupt:
        sys.exit(130)
