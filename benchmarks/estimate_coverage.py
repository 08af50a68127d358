"""How often the interval of `simnet estimate` holds what the run then costs.

For seven shipped scenarios, each share of their simulated time and each seed: the estimate from the
first part, and the truth, which is the whole scenario played with the same model. The model is
the fake one, whose replies are a function of the prompt, so what is measured is what the
estimate does about growth and chance; it says nothing of models whose manner changes in time.

A cell tells how many intervals held calls, tokens in and tokens out, of how many that were
given. None is given where the part says too little. Large scenarios are made smaller, as the
first column says. Prints one table and one JSON line; exits with 1 if a cell holds less than 9
of 10.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from arguments import at_least, between, shown
from rich.console import Console
from rich.table import Table

from simnet import FakeModel, Scenario
from simnet.errors import UsageError
from simnet.planning.cost_estimate import estimate
from simnet.planning.intervals import Estimate
from simnet.planning.rehearsal import rehearse
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.scenario.files.loading import load_scenario

FOLDER = Path(__file__).parent.parent / "scenarios"
SCENARIOS = (
    "bike_lane.py",
    "discussion.py",
    "discussion.py moderator=true turns=200",
    "echo_chamber.py",
    "echo_chamber.py arm=discovery people=100",
    "fact_check.py",
    "million.py size=200000",
    "social_ai.py",
    "social_ai.py personas=60",
    "tap_water.py size=200 lasts=1d",
)
SHARES = (0.02, 0.05, 0.1)
FIGURES = ("calls", "tokens_in", "tokens_out")
WANTED = 0.9
OPTIONS = RunOptions(models=ModelOptions(backend="fake"))


class Outcome(NamedTuple):
    """One estimate against the truth."""

    ratios: tuple[float, ...]
    """Estimates over the truth, by figure."""
    held: tuple[bool, ...] | None
    """Whether the intervals held the truth; None if there were none."""
    widths: tuple[float, ...] | None
    """The intervals' lengths over the truth."""


def truth(scenario: Scenario) -> np.ndarray:
    """Play a scenario with the fake model; return its calls, tokens in and tokens out."""
    model = FakeModel()
    played = rehearse(scenario, {cohort.name: model for cohort in scenario.cohorts}, sys.maxsize)
    assert played is not None
    return played.sums.sum(axis=0)[[0, 1, 3]]


def outcome(found: Estimate, true: Sequence[float]) -> Outcome:
    """Compare an estimate with the truth."""
    ranges = [getattr(found, name) for name in FIGURES]
    ratios = tuple(one.expected / what for one, what in zip(ranges, true, strict=True))
    if any(one.low is None for one in ranges):
        return Outcome(ratios, None, None)
    pairs = list(zip(ranges, true, strict=True))
    held = tuple(one.low - 0.5 <= what <= one.high + 0.5 for one, what in pairs)
    return Outcome(ratios, held, tuple((one.high - one.low) / what for one, what in pairs))


def measure(target: str, seeds: int, shares: Sequence[float]) -> dict[float, list[Outcome]]:
    """Estimate a scenario with each seed and from each share."""
    file, *sets = target.split()
    found: dict[float, list[Outcome]] = {share: [] for share in shares}
    for seed in range(seeds):
        loaded = load_scenario(str(FOLDER / file), sets, seed)
        loaded = replace(loaded, scenario=replace(loaded.scenario, seed=seed))
        true = truth(loaded.scenario)
        for share in shares:
            try:
                one = outcome(estimate(loaded, OPTIONS, share).whole, true)
            except UsageError:  # no model was asked in this share of the time
                one = Outcome((), None, None)
            found[share].append(one)
    return found


def summary(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Count how often the intervals held, by figure."""
    given = [one for one in outcomes if one.held is not None]
    widths = [one.widths[1] for one in given if one.widths]
    errors = [abs(one.ratios[1] - 1) for one in outcomes if one.ratios]
    held = [sum(bool(one.held[number]) for one in given if one.held) for number in range(3)]
    return {
        "given": len(given),
        "held": dict(zip(FIGURES, held, strict=True)),
        "width": float(np.median(widths)) if widths else None,
        "error": float(np.median(errors)) if errors else None,
    }


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seeds", type=at_least(1), default=10)
    options.add_argument("--shares", type=between(1e-6, 1), nargs="*", default=SHARES)
    options.add_argument("--scenarios", nargs="*", default=SCENARIOS, metavar="'FILE NAME=VALUE'")
    arguments = options.parse_args()
    results = {}
    for target in arguments.scenarios:
        measured = measure(target, arguments.seeds, arguments.shares)
        results[target] = {share: summary(one) for share, one in measured.items()}
        print(target, json.dumps(results[target]), file=sys.stderr)
    return report(results, arguments.seeds)


def report(results: dict[str, dict[float, dict[str, object]]], seeds: int) -> int:
    table = Table(title=f"intervals that held the truth, {seeds} seeds, made-up replies")
    table.add_column("scenario")
    for column in ("share", "given", *FIGURES, "median width", "median error"):
        table.add_column(column, justify="right")
    short = 0
    for target, by_share in results.items():
        for share, one in by_share.items():
            given, held = one["given"], one["held"]
            short += any(count < WANTED * given for count in held.values())
            cells = [str(held[name]) if given else "-" for name in FIGURES]
            of_truth = [shown(one["width"], ".0%"), shown(one["error"], ".1%")]
            table.add_row(target, f"{share:g}", str(given), *cells, *of_truth)
    console = Console()
    console.print(table)
    console.print("width and error: of tokens in, against the truth")
    print(json.dumps({"benchmark": "estimate_coverage", "seeds": seeds, "results": results}))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
