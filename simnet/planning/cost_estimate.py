"""Estimates what a run will cost by running the first part of its simulated time.

The calls of that part are counted in slices of simulated time. The figures of a cohort are
scaled by the ratio of the turns that its rhythm expects in the whole run and in the part, which
for rhythms that know the hour is not the ratio of times. The interval is a 95% bootstrap
interval over slices. It covers the scatter of calls, not what changes later: feeds fill up in
the first hours, and behaviour may change.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.recording.reading.run import Run
from simnet.runs.launcher import launch
from simnet.runs.options import RunOptions
from simnet.runs.plan import RunPlan, RunResult
from simnet.runs.start import start_plan
from simnet.runtime.base import Reporter
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.expected_turns import expected_of
from simnet.scenario.loading import Loaded
from simnet.scenario.scenario import Scenario

SLICES = 20
DRAWS = 2000
FEW = 30
"""With fewer calls an estimate is rough."""
_FIGURES = ("prompt_tokens", "cached_tokens", "output_tokens")


class Range(NamedTuple):
    """A figure and the 95% interval around it."""

    expected: float
    low: float
    high: float


class Estimate(NamedTuple):
    """The estimated cost of a run or of a cohort."""

    calls: Range
    tokens_in: Range
    cached: Range
    """Those of the tokens in that come from the prefix cache."""
    tokens_out: Range
    minutes: Range
    """Wall minutes of turns, at the pace of the part that was run; start-up is not included."""


class Estimates(NamedTuple):
    """The estimated cost of a run, as a whole and by cohort."""

    whole: Estimate
    cohorts: Mapping[str, Estimate]
    sampled: int
    """Calls in the part that was run."""
    seconds: float
    """Wall seconds of its turns."""

    @property
    def rough(self) -> bool:
        """Whether there were too few calls for a good estimate."""
        return self.sampled < FEW


def first_part(scenario: Scenario, share: float) -> Scenario:
    """Return the first `share` of a scenario. Raises UsageError unless 0 < share <= 1."""
    if not 0 < share <= 1:
        raise UsageError(f"--share {share}: give a share of the simulated time, above 0, up to 1")
    lasts = share * scenario.lasts
    cues = tuple(cue for cue in scenario.cues if cue.at <= lasts)
    return replace(scenario, lasts=lasts, cues=cues, most_turns=None)


def estimate(
    loaded: Loaded,
    options: RunOptions,
    share: float = 0.01,
    reporter: Reporter | None = None,
) -> Estimates:
    """Run the first `share` of a scenario in a temporary folder and extrapolate its cost.

    Models that need no process of their own run in this one. Raises UsageError if no model was
    asked, and what `start_plan` and `launch` raise.
    """
    scenario, part = loaded.scenario, first_part(loaded.scenario, share)
    with TemporaryDirectory(prefix="simnet-estimate-") as folder:
        plan = start_plan(replace(loaded, scenario=part), replace(options, out=Path(folder)))
        result = asyncio.run(launch(_without_ray(plan), reporter))
        columns = ["time", "who", *_FIGURES]
        table = Run.open(result.folder).table("calls").to_table(columns=columns)
        calls = {name: table[name].to_pylist() for name in columns}
        calls["cached_tokens"] = [known or 0 for known in calls["cached_tokens"]]
    if not calls["time"]:
        raise UsageError(
            f"no model was asked in the first {share:.2%} of {scenario.name}; give a larger --share"
        )
    return _extrapolated(scenario, part, calls, result)


def _without_ray(plan: RunPlan) -> RunPlan:
    """Return the plan in this process, unless a model needs Ray."""
    models = [plan.backend, *plan.models.values()]
    needs_ray = any(
        isinstance(model, Backend) and (model.needs_process or model.replicas > 1)
        for model in models
    )
    return plan if needs_ray else replace(plan, ray=False)


def _extrapolated(
    scenario: Scenario, part: Scenario, calls: Mapping[str, Sequence[Any]], result: RunResult
) -> Estimates:
    numbers = {
        handle: number
        for number, cohort in enumerate(scenario.cohorts)
        for handle in handles_of(cohort.personas)
    }
    cohort_of = np.array([numbers[who] for who in calls["who"]])
    slices = np.minimum(np.array(calls["time"]) / part.lasts * SLICES, SLICES - 1).astype(int)
    figures = np.array([[1] * len(cohort_of), *(calls[name] for name in _FIGURES)], float)
    sums = np.zeros((len(scenario.cohorts), len(figures), SLICES))
    for row, values in enumerate(figures):
        np.add.at(sums[:, row], (cohort_of, slices), values)
    factors = [_factor(scenario, part, cohort) for cohort in scenario.cohorts]
    scaled = sums * np.array(factors)[:, None, None]
    seconds = result.finish.progress.elapsed
    pace = seconds / 60 / len(cohort_of)
    by_cohort = {
        cohort.name: _estimate(one, pace)
        for cohort, one in zip(scenario.cohorts, scaled, strict=True)
    }
    return Estimates(_estimate(scaled.sum(axis=0), pace), by_cohort, len(cohort_of), seconds)


def _factor(scenario: Scenario, part: Scenario, cohort: Cohort) -> float:
    """Return the ratio of the turns of a cohort in the whole scenario and in the part."""
    whole, sampled = expected_of(scenario, cohort), expected_of(part, cohort)
    return whole / sampled if whole and sampled else scenario.lasts / part.lasts


def _estimate(sums: np.ndarray, pace: float) -> Estimate:
    """Estimate from counts of shape (figures, slices); `pace` is in minutes a call."""
    random = np.random.default_rng(0)
    drawn = sums[:, random.integers(0, SLICES, (DRAWS, SLICES))].sum(axis=2)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
    calls, tokens_in, cached, tokens_out = (
        Range(float(one), float(least), float(most))
        for one, least, most in zip(sums.sum(axis=1), low, high, strict=True)
    )
    minutes = Range(pace * calls.expected, pace * calls.low, pace * calls.high)
    return Estimate(calls, tokens_in, cached, tokens_out, minutes)
