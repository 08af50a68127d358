"""The command that estimates what a run will cost."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from simnet.cli.cluster_options import Address
from simnet.cli.display.lasting_console import ClosableConsole
from simnet.cli.display.pace import format_seconds
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import (
    AsJson,
    ModelFlags,
    Seed,
    Sets,
    Target,
)
from simnet.cli.output import print_json
from simnet.cli.table_layout import print_rows
from simnet.clock import format_time
from simnet.foundation.text import counted

if TYPE_CHECKING:
    from pathlib import Path

    from simnet.planning.cost_estimate import Estimates
    from simnet.planning.intervals import Estimate, Range
    from simnet.scenario.cohort import Cohort
    from simnet.scheduler.progress.messages import Progress

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
    from simnet.runs.options.options import RunOptions  # noqa: PLC0415
    from simnet.scenario.files.loading import load_scenario  # noqa: PLC0415

    loaded = load_scenario(target, sets or (), seed)
    options = RunOptions(models=models.read(), address=address)
    estimates = estimate(loaded, options, share, None if as_json else _Phases())
    if as_json:
        print_json(_as_dict(estimates))
    else:
        _print(estimates, share, ClosableConsole())
        for line in _load_lines(estimates, loaded.scenario.cohorts):
            ClosableConsole().print(line)


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
            name: {
                key: None if value is None else round(value, 3)
                for key, value in figure._asdict().items()
            }
            for name, figure in one._asdict().items()
        }

    return {
        "sampled": estimates.sampled,
        "seconds": round(estimates.seconds, 3),
        "rough": estimates.rough,
        "doubt": estimates.doubt,
        "in_flight": round(estimates.in_flight, 3),
        "slots": estimates.slots,
        "slots_filled": None if estimates.filled is None else round(estimates.filled, 4),
        "reacts_in_factor": (
            None if estimates.filling_factor is None else round(estimates.filling_factor, 3)
        ),
        "whole": ranges(estimates.whole),
        "cohorts": {name: ranges(one) for name, one in estimates.cohorts.items()},
    }


def _print(estimates: "Estimates", share: float, console: Console) -> None:
    headings = ("cohort", "calls", "tokens in", "cached", "tokens out", "time")
    rows = []
    for name, one in [*estimates.cohorts.items(), ("all", estimates.whole)]:
        figures = [_count(one.calls), _count(one.tokens_in), _count(one.cached)]
        rows.append([name, *figures, _count(one.tokens_out), _time(one.minutes)])
    print_rows(console, headings, rows, numbers=headings[1:])
    seconds = format_seconds(estimates.seconds)
    console.print(
        f"from {counted(estimates.sampled, 'call')} in {seconds}, "
        f"the first {share:.2%} of simulated time; the rest was rehearsed with replies like these"
    )
    if estimates.doubt is None:
        console.print("in brackets what at least 9 of 10 such runs lie within")
    else:
        console.print(f"no intervals: {estimates.doubt}")


def _load_lines(estimates: "Estimates", cohorts: "Sequence[Cohort]") -> list[str]:
    """Say how many calls are in flight on average, and which `reacts_in` would fill the slots."""
    calls = f"at most about {estimates.in_flight:,.1f} calls are in flight on average"
    if estimates.slots is None:
        return [f"{calls}; how many the model works on at once is not known"]
    of = f"of the {estimates.slots:,} that the engines work on at once ({estimates.filled:.0%})"
    factor = estimates.filling_factor
    if factor is None:
        return [f"{calls}, {of}"]
    longest = max((one.reacts_in for one in cohorts), default=0.0)
    change = f"{format_time(longest)} would become {format_time(longest * factor)}"
    return [f"{calls}, {of}; a reacts_in {factor:,.1f} times as long would fill them ({change})"]


def _count(one: "Range") -> str:
    return _with_interval(one, "{:,.0f}".format)


def _time(one: "Range") -> str:
    return _with_interval(one, lambda minutes: format_seconds(60 * minutes))


def _with_interval(one: "Range", shown: Callable[[float], str]) -> str:
    if one.low is None or one.high is None:
        return f"about {shown(one.expected)}"
    return f"{shown(one.expected)} [{shown(one.low)}, {shown(one.high)}]"
