"""What a run will cost, from running its first stretch of simulated time.

The calls of the stretch are counted in slices of simulated time. A cohort's figures are scaled
by how many more turns its rhythm has in the whole run than in the stretch, which for rhythms
that know the hour is not the share of time. The interval is a bootstrap: slices are drawn with
replacement again and again, and 95 of 100 sums lie within it. It tells how calls scatter, not
what is different later: feeds fill up in the first hours, and behaviour may change.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from simnet.errors import UsageError
from simnet.inference.backend import Backend, built
from simnet.inference.model import Model
from simnet.recording.reading.run import Run
from simnet.runs.launcher import launch
from simnet.runs.plan import RunPlan, RunResult
from simnet.runtime.base import Reporter
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.expected_turns import expected_of
from simnet.scenario.scenario import Scenario

SLICES = 20
DRAWS = 2000
FEW = 30
"""Calls below which an estimate is a guess."""
_FIGURES = ("prompt_tokens", "cached_tokens", "output_tokens")


class Range(NamedTuple):
    """A figure and the 95% interval around it."""

    expected: float
    low: float
    high: float


class Estimate(NamedTuple):
    """What some part of a run will cost."""

    calls: Range
    tokens_in: Range
    cached: Range
    """Of the tokens in, those that a cache has."""
    tokens_out: Range
    minutes: Range
    """Wall minutes of the turns, at the pace of the stretch; start and end come on top."""


class Estimates(NamedTuple):
    """What a run will cost, as a whole and by cohort."""

    whole: Estimate
    cohorts: Mapping[str, Estimate]
    sampled: int
    """Calls that were made for it."""
    seconds: float
    """Wall seconds of the stretch, without start and end."""

    @property
    def rough(self) -> bool:
        """Whether so few calls were made that it is a guess."""
        return self.sampled < FEW


def stretch(scenario: Scenario, share: float) -> Scenario:
    """Return the first `share` of a scenario. Raises UsageError unless it is in 0 to 1."""
    if not 0 < share <= 1:
        raise UsageError(f"--share {share}: give a share of the simulated time, above 0, up to 1")
    lasts = share * scenario.lasts
    cues = tuple(cue for cue in scenario.cues if cue.at <= lasts)
    return replace(scenario, lasts=lasts, cues=cues, most_turns=None)


def estimate(
    scenario: Scenario,
    backend: Backend | Model,
    share: float = 0.01,
    *,
    models: Mapping[str, Backend | Model] = MappingProxyType({}),
    modules: Sequence[ModuleType] = (),
    address: str | None = None,
    reporter: Reporter | None = None,
) -> Estimates:
    """Run the first `share` of a scenario in a temporary folder and extrapolate what it cost.

    `backend` and `models` are as in a Launch; fakes alone run in this process.
    Raises UsageError when no model was asked in it, and what `launch` raises.
    """
    part = stretch(scenario, share)
    local = all(
        isinstance(one, Backend) and one.makes_up_replies for one in (backend, *models.values())
    )
    if local:
        backend, models = built(backend), {name: built(one) for name, one in models.items()}
    with TemporaryDirectory(prefix="simnet-estimate-") as folder:
        plan = RunPlan(
            *(part, backend, Path(folder)), address=address, modules=modules, models=models
        )
        outcome = asyncio.run(launch(plan, reporter))
        columns = ["at", "who", *_FIGURES]
        calls = Run.open(outcome.folder).table("calls").to_table(columns=columns)
        found = {name: calls[name].to_pylist() for name in columns}
    if not found["at"]:
        raise UsageError(
            f"no model was asked in the first {share:.2%} of {scenario.name}; give a larger --share"
        )
    return _extrapolated(scenario, part, found, outcome)


def _extrapolated(
    scenario: Scenario, part: Scenario, found: Mapping[str, Sequence[Any]], outcome: RunResult
) -> Estimates:
    numbers = {
        handle: number
        for number, cohort in enumerate(scenario.cohorts)
        for handle in handles_of(cohort.personas)
    }
    whose = np.array([numbers[who] for who in found["who"]])
    slices = np.minimum(np.array(found["at"]) / part.lasts * SLICES, SLICES - 1).astype(int)
    figures = np.array([[1] * len(whose), *(found[name] for name in _FIGURES)], float)
    sums = np.zeros((len(scenario.cohorts), len(figures), SLICES))
    for row, values in enumerate(figures):
        np.add.at(sums[:, row], (whose, slices), values)
    factors = [_factor(scenario, part, cohort) for cohort in scenario.cohorts]
    scaled = sums * np.array(factors)[:, None, None]
    seconds = outcome.finish.progress.elapsed
    pace = seconds / 60 / len(whose)
    by_cohort = {
        cohort.name: _estimate(one, pace)
        for cohort, one in zip(scenario.cohorts, scaled, strict=True)
    }
    return Estimates(_estimate(scaled.sum(axis=0), pace), by_cohort, len(whose), seconds)


def _factor(scenario: Scenario, part: Scenario, cohort: Cohort) -> float:
    """Tell how many times as many turns a cohort has in the whole."""
    whole, sampled = expected_of(scenario, cohort), expected_of(part, cohort)
    return whole / sampled if whole and sampled else scenario.lasts / part.lasts


def _estimate(sums: np.ndarray, pace: float) -> Estimate:
    """Estimate from what was counted in each slice (figures x slices); `pace` is minutes a call."""
    chance = np.random.default_rng(0)
    drawn = sums[:, chance.integers(0, SLICES, (DRAWS, SLICES))].sum(axis=2)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
    calls, tokens_in, cached, tokens_out = (
        Range(float(one), float(least), float(most))
        for one, least, most in zip(sums.sum(axis=1), low, high, strict=True)
    )
    minutes = Range(pace * calls.expected, pace * calls.low, pace * calls.high)
    return Estimate(calls, tokens_in, cached, tokens_out, minutes)
