"""The command that estimates what a run will cost."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simnet.cli.display.pace import format_seconds
from simnet.cli.options import (
    Address,
    AsJson,
    ModelFlags,
    Seed,
    Sets,
    Target,
    expand_groups,
)

if TYPE_CHECKING:
    from pathlib import Path

    from simnet.planning.cost_estimate import Estimate, Estimates, Range
    from simnet.scheduler.messages import Progress

app = typer.Typer(rich_markup_mode=None)


@app.command(name="estimate")
@expand_groups
def estimate_cost(
    target: Target,
    models: ModelFlags,
    share: Annotated[float, typer.Option(help="Share of the simulated time to run.")] = 0.01,
    sets: Sets = None,
    seed: Seed = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Run the first stretch of a scenario and print what all of it would cost."""
    from simnet.planning.cost_estimate import estimate  # noqa: PLC0415
    from simnet.runs.options import RunOptions  # noqa: PLC0415
    from simnet.scenario.loading import load_scenario  # noqa: PLC0415

    loaded = load_scenario(target, sets or (), seed)
    options = RunOptions(models=models.read(), address=address)
    estimates = estimate(loaded, options, share, None if as_json else _Phases())
    if as_json:
        sys.stdout.write(json.dumps(_as_dict(estimates)) + "\n")
    else:
        _print(estimates, share, Console())


class _Phases:
    """A Reporter that prints the phases on stderr."""

    def begun(self, folder: "Path") -> None:
        pass

    def phase(self, text: str) -> None:
        sys.stderr.write(text + "\n")

    def progress(self, progress: "Progress") -> None:
        pass


def _as_dict(estimates: "Estimates") -> dict[str, object]:
    def ranges(one: "Estimate") -> dict[str, object]:
        return {
            name: {key: round(value, 3) for key, value in figure._asdict().items()}
            for name, figure in one._asdict().items()
        }

    return {
        "sampled": estimates.sampled,
        "seconds": round(estimates.seconds, 3),
        "rough": estimates.rough,
        "whole": ranges(estimates.whole),
        "cohorts": {name: ranges(one) for name, one in estimates.cohorts.items()},
    }


def _print(estimates: "Estimates", share: float, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("cohort", "calls", "tokens in", "cached", "tokens out", "time"):
        table.add_column(heading, justify="left" if heading == "cohort" else "right")
    for name, one in [*estimates.cohorts.items(), ("all", estimates.whole)]:
        figures = [_count(one.calls), _count(one.tokens_in), _count(one.cached)]
        table.add_row(*map(Text, [name, *figures, _count(one.tokens_out), _time(one.minutes)]))
    console.print(table)
    seconds = format_seconds(estimates.seconds)
    console.print(
        f"from {estimates.sampled:,} calls in {seconds}, the first {share:.2%} "
        "of simulated time; in brackets what 95 of 100 bootstrap samples of its slices lie within"
    )
    if estimates.rough:
        console.print("so few calls say little; give a larger --share")


def _count(one: "Range") -> str:
    return f"{one.expected:,.0f} [{one.low:,.0f}, {one.high:,.0f}]"


def _time(one: "Range") -> str:
    expected, low, high = (format_seconds(60 * minutes) for minutes in one)
    return f"{expected} [{low}, {high}]"
