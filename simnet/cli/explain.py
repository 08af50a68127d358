"""What `simnet explain` does."""

import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from simnet.cli.run import Order, read_also
from simnet.clock import format_time, parse_duration
from simnet.errors import UsageError
from simnet.inference.backend import Backend, choose
from simnet.planning.explain import Explained, explain
from simnet.runtime.models import model_of
from simnet.scenario.loading import load_scenario
from simnet.scenario.scenario import Scenario
from simnet.text import terminal_safe

CHARACTERS_PER_TOKEN = 4


def take_apart(order: Order, who: str, at: str) -> None:
    """Print what a persona is told at a time, its parts and what they cost."""
    try:
        moment = parse_duration(at)
    except ValueError as error:
        raise UsageError(f"--at {at}: {error}") from error
    loaded = load_scenario(order.target, order.sets, order.seed)
    backend = _backend(order, loaded.scenario, who.removeprefix("@"))
    encoder = backend.encoder()
    found = explain(loaded.scenario, who.removeprefix("@"), moment, encoder)
    if encoder is None:
        count, how, whole = _guess, "estimated: four characters a token", None
    else:
        count, how = encoder.count, f"counted by the tokenizer of {backend.model}"
        whole = len(encoder.encode(found.system, found.user))
    told = _figures(found, count, whole, how, encoder.length if encoder else None)
    if order.as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        _print(found, told, Console())


def _backend(order: Order, scenario: Scenario, who: str) -> Backend:
    """Choose what counts tokens: the model that this persona asks.

    Without vLLM and without a wish they are estimated.
    """
    name = model_of(scenario, who) if who in scenario.handles() else None
    also = read_also(order.also)
    if name is not None and name not in also and order.backend != "fake":
        raise UsageError(
            f"@{who} asks the model {name!r}; add --also {name}=MODEL, or --backend fake for an "
            "estimate"
        )
    model = order.model if name is None else also.get(name)
    try:
        backend = choose(order.backend, model)
    except UsageError:
        if order.backend is not None or model is not None:
            raise
        return choose("fake")
    return backend.ready(_tell)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def _guess(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _figures(
    found: Explained, count: Callable[[str], int], whole: int | None, how: str, room: int | None
) -> dict[str, Any]:
    return {
        "who": found.who,
        "cohort": found.cohort,
        "turn": found.turn,
        "at": found.at,
        "next_at": found.next_at,
        "how": how,
        "sections": [
            {"name": part.name, "tokens": count(part.text), "text": part.text}
            for part in found.sections
        ],
        "tokens": whole if whole is not None else count(found.system + found.user),
        "room": room,
        "shared": count(found.shared),
        "kept": count(found.kept),
        "pattern": found.pattern,
    }


def _print(found: Explained, told: dict[str, Any], console: Console) -> None:
    when = f"turn {found.turn} of @{found.who} ({found.cohort}) at {format_time(found.at)}"
    console.print(Text(when, "bold"))
    for part in told["sections"]:
        console.print(Rule(f"{part['name']}, {part['tokens']} tokens", align="left", style="dim"))
        console.print(Text(terminal_safe(part["text"])), soft_wrap=True)
    console.print(Rule(style="dim"))
    total = told["tokens"]
    room = f" of {told['room']:,} with the reply" if told["room"] else ""
    after = f"at {format_time(found.next_at)}" if found.next_at is not None else "if there were one"
    for line in (
        f"{total:,} tokens{room}, {told['how']}",
        f"{told['shared']:,} of them begin every prompt of the cohort {found.cohort}",
        f"{told['kept']:,} of them begin the prompt of the next turn too, {after}",
    ):
        console.print(Text(line))
