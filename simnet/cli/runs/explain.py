"""The command that prints the prompt of a persona, section by section."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from simnet.cli.display.lasting_console import ClosableConsole
from simnet.cli.options import (
    Also,
    AsJson,
    Backend,
    Model,
    ModelFlags,
    Seed,
    Sets,
    Target,
    read_time,
)
from simnet.cli.output import print_json
from simnet.clock import format_time
from simnet.errors import UsageError
from simnet.foundation.text import CHARACTERS_PER_TOKEN, counted, terminal_safe, visible

if TYPE_CHECKING:
    from simnet.inference import backend as inference
    from simnet.planning.explain import Explained
    from simnet.runs.options.options import ModelOptions
    from simnet.scenario.scenario import Scenario

app = typer.Typer(rich_markup_mode=None)


@app.command(name="explain")
def explain_prompt(
    target: Target,
    who: Annotated[str, typer.Option(metavar="HANDLE_OR_ID", help="Whose prompt.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="Simulated time, such as 6h.")] = "0s",
    sets: Sets = None,
    seed: Seed = None,
    model: Model = None,
    backend: Backend = None,
    also: Also = None,
    as_json: AsJson = False,
) -> None:
    """Print what a persona is told, part by part, with token counts; asks no model."""
    from simnet.planning.explain import explain, handle_of  # noqa: PLC0415
    from simnet.scenario.files.loading import load_scenario  # noqa: PLC0415

    moment = read_time("--at", at)
    scenario = load_scenario(target, sets or (), seed).scenario
    handle = handle_of(scenario, who)
    options = ModelFlags(model=model, backend=backend, also=also).read()
    counter = _token_counter(options, scenario, handle)
    encoder = counter.encoder()
    explained = explain(scenario, handle, moment, encoder)
    if encoder is None:
        count, how, total = _estimate, "estimated: four characters a token", None
    else:
        count, how = encoder.count, f"counted by the tokenizer of {counter.recorded_name}"
        total = len(encoder.encode(explained.system, explained.user))
    figures = _figures(explained, count, total, how, encoder.length if encoder else None)
    if as_json:
        print_json(figures)
    else:
        _print(explained, figures, ClosableConsole())


def _token_counter(options: "ModelOptions", scenario: "Scenario", who: str) -> "inference.Backend":
    """Return the backend whose tokenizer counts: that of the model which this persona asks.

    Without vLLM, and unless a model or a backend was asked for, it is the fake one, and tokens
    are estimated.
    """
    from simnet.inference.backends.choice import choose  # noqa: PLC0415
    from simnet.runtime.models import model_of  # noqa: PLC0415

    name = model_of(scenario, who)
    if name is not None and name not in options.models and options.backend != "fake":
        raise UsageError(
            f"@{who} asks the model {name!r}; add --also {name}=MODEL, or --backend fake for an "
            "estimate"
        )
    model = options.model if name is None else options.models.get(name)
    assert model is None or isinstance(model, str)
    try:
        backend = choose(options.backend, model)
    except UsageError:
        if options.backend is not None or model is not None:
            raise
        return choose("fake")
    return backend.ready(_print_progress)


def _print_progress(text: str) -> None:
    sys.stderr.write(terminal_safe(text) + "\n")


def _estimate(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _figures(
    explained: "Explained",
    count: Callable[[str], int],
    total: int | None,
    how: str,
    room: int | None,
) -> dict[str, Any]:
    return {
        "who": explained.who,
        "cohort": explained.cohort,
        "turn": explained.turn,
        "at": explained.at,
        "next_at": explained.next_at,
        "how": how,
        "sections": [
            {"name": section.name, "tokens": count(section.text), "text": section.text}
            for section in explained.sections
        ],
        "tokens": total if total is not None else count(explained.system + explained.user),
        "room": room,
        "shared": count(explained.shared),
        "kept": count(explained.kept),
        "pattern": explained.pattern,
    }


def _print(explained: "Explained", figures: dict[str, Any], console: Console) -> None:

    persona = f"@{explained.who} ({explained.cohort})"
    heading = f"turn {explained.turn} of {persona} at {format_time(explained.at)}"
    console.print(Text(visible(heading), "bold"))
    for section in figures["sections"]:
        title = f"{section['name']}, {section['tokens']} tokens"
        console.print(Rule(title, align="left", style="dim"))
        console.print(Text(terminal_safe(section["text"])), soft_wrap=True)
    console.print(Rule(style="dim"))
    total = figures["tokens"]
    room = f" of {figures['room']:,} with the reply" if figures["room"] else ""
    next_at = explained.next_at
    after = "if there were one" if next_at is None else f"at {format_time(next_at)}"
    for line in (
        f"{counted(total, 'token')}{room}, {figures['how']}",
        f"{figures['shared']:,} of them begin every prompt of the cohort {explained.cohort}",
        f"{figures['kept']:,} of them begin the prompt of the next turn too, {after}",
    ):
        console.print(Text(visible(line)))
