"""What `simnet estimate` does."""

import json
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simnet.cli.display.pace import format_seconds
from simnet.cli.run import Order, choose_ordered
from simnet.planning.cost_estimate import Estimate, Estimates, Range, estimate
from simnet.runtime.base import Silent
from simnet.scenario.loading import load_scenario


def foretell(order: Order, share: float) -> None:
    """Run a share of the scenario and print what all of it would cost."""
    loaded = load_scenario(order.target, order.sets, order.seed)
    choice = choose_ordered(order, loaded.scenario)
    found = estimate(
        loaded.scenario,
        choice.default,
        share,
        models=choice.further,
        modules=loaded.modules,
        address=order.address,
        reporter=Silent() if order.as_json else _Phases(),
    )
    if order.as_json:
        sys.stdout.write(json.dumps(_plain(found)) + "\n")
    else:
        _print(found, share, Console())


class _Phases(Silent):
    """Tells on stderr what is being done."""

    def phase(self, text: str) -> None:
        sys.stderr.write(text + "\n")


def _plain(found: Estimates) -> dict[str, object]:
    def plain(one: Estimate) -> dict[str, object]:
        return {
            name: {key: round(value, 3) for key, value in figure._asdict().items()}
            for name, figure in one._asdict().items()
        }

    cohorts = {name: plain(one) for name, one in found.cohorts.items()}
    told = {"sampled": found.sampled, "seconds": round(found.seconds, 3), "rough": found.rough}
    return {**told, "whole": plain(found.whole), "cohorts": cohorts}


def _print(found: Estimates, share: float, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("cohort", "calls", "tokens in", "cached", "tokens out", "time"):
        table.add_column(heading, justify="left" if heading == "cohort" else "right")
    for name, one in [*found.cohorts.items(), ("all", found.whole)]:
        figures = [_count(one.calls), _count(one.tokens_in), _count(one.cached)]
        table.add_row(*map(Text, [name, *figures, _count(one.tokens_out), _time(one.minutes)]))
    console.print(table)
    console.print(
        f"from {found.sampled:,} calls in {format_seconds(found.seconds)}, the first {share:.2%} "
        "of simulated time; in brackets what 95 of 100 bootstrap samples of its slices lie within"
    )
    if found.rough:
        console.print("so few calls say little; give a larger --share")


def _count(one: Range) -> str:
    return f"{one.expected:,.0f} [{one.low:,.0f}, {one.high:,.0f}]"


def _time(one: Range) -> str:
    expected, low, high = (format_seconds(60 * minutes) for minutes in one)
    return f"{expected} [{low}, {high}]"
