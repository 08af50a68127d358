"""Estimates what a run will cost: runs the first part of it, and rehearses the rest.

Prompts grow as memories and feeds fill up, and they wake and move each other, so the calls of
the first part cannot be scaled up. Instead the whole scenario is rehearsed several times in this
process: the recorded replies of the first part are repeated, and every later one is drawn from
those that the same cohort gave to prompts that allowed the same. What prompts hold at each turn
is then what they hold in a run in which the model goes on as it began. Their tokens are fitted
to their characters.

`simnet.planning.intervals` says how intervals are made. They do not cover a model whose manner
changes later in the run. Where the first part says too little there are none, and
`Estimates.doubt` says why.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from simnet.errors import UsageError
from simnet.foundation.text import CHARACTERS_PER_TOKEN, counted
from simnet.inference.backend import Backend
from simnet.inference.model import Completion
from simnet.planning.intervals import Estimate, Pace, estimate_of
from simnet.planning.rehearsal import FIGURES, cohort_numbers, figures_of, rehearse
from simnet.planning.reply_pool import (
    PoolModel,
    RecordedCall,
    ReplyPool,
    token_rates,
)
from simnet.recording.reading.run import Run
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.demand import asks_any_model
from simnet.runs.plans.plan import RunPlan
from simnet.runs.start import start_plan
from simnet.runtime.base import Reporter
from simnet.scenario.cohort import Cohort
from simnet.scenario.files.loading import Loaded
from simnet.scenario.forecast.expected_answers import expected_answers
from simnet.scenario.forecast.expected_load import expected_in_flight
from simnet.scenario.forecast.expected_turns import expected_of
from simnet.scenario.scenario import Scenario

REHEARSALS = 8
FEWEST_REHEARSALS = 3
"""So many are enough for an estimate without an interval."""
MOST_TURNS = 200_000
"""Turns of a scenario that is rehearsed, and of all its rehearsals if that leaves 3."""
_LONG_SECONDS = 2.0
"""If a rehearsal takes longer, it is said how many are left."""
FEW = 30
"""With fewer calls there is no interval."""
THIN = 0.05
"""There is no interval if more of the later replies than this are drawn from very few."""


class Estimates(NamedTuple):
    """The estimated cost of a run, as a whole and by cohort."""

    whole: Estimate
    cohorts: Mapping[str, Estimate]
    sampled: int
    """Calls in the part that was run."""
    seconds: float
    """Wall seconds of its turns."""
    doubt: str | None
    """Why there are no intervals; None if there are."""
    in_flight: float = 0.0
    """Calls in flight on average, at most: turns under way at one moment of simulated time."""
    slots: int | None = None
    """How many calls the models work on at once; None if that is not known."""

    @property
    def filled(self) -> float | None:
        """Share of the slots that are in use on average, at most; None if that is not known."""
        return min(1.0, self.in_flight / self.slots) if self.slots else None

    @property
    def filling_factor(self) -> float | None:
        """By what factor a longer `reacts_in` would fill the slots; None if they are full."""
        if not self.slots or not 0 < self.in_flight < self.slots:
            return None
        return self.slots / self.in_flight

    @property
    def rough(self) -> bool:
        """Whether the part says too little for an interval."""
        return self.doubt is not None


class Sample(NamedTuple):
    """The calls of the first part."""

    calls: Mapping[str, Sequence[RecordedCall]]
    """By the name of the cohort."""
    by_hash: Mapping[str, Completion]
    """By the hash of the prompt."""

    @property
    def size(self) -> int:
        """The number of calls."""
        return sum(map(len, self.calls.values()))

    def sums(self, scenario: Scenario) -> np.ndarray:
        """Sum up the figures by cohort, of shape (cohorts, figures)."""
        names = [cohort.name for cohort in scenario.cohorts]
        return np.array(
            [sum(self.sum(name, asked=asked) for asked in (False, True)) for name in names]
        )

    def sum(self, name: str, *, asked: bool) -> np.ndarray:
        """Sum up the figures of the turns of a cohort, or of its answers to surveys."""
        figures = [figures_of(one.completion) for one in self.calls[name] if one.asked == asked]
        return np.sum(figures, axis=0) if figures else np.zeros(len(FIGURES))


def first_part(scenario: Scenario, share: float) -> Scenario:
    """Return the first `share` of a scenario. Raises UsageError unless 0 < share <= 1."""
    if not 0 < share <= 1:
        raise UsageError(f"--share {share}: give a share of the simulated time, above 0, up to 1")
    lasts = share * scenario.lasts
    cues = tuple(cue for cue in scenario.cues if cue.at <= lasts)
    surveys = tuple(
        replace(plan, at=times, every=None)
        for plan in scenario.surveys
        if (times := [at for at in plan.due(scenario.lasts) if at <= lasts])
    )
    return replace(scenario, lasts=lasts, cues=cues, surveys=surveys, most_turns=None)


def estimate(
    loaded: Loaded,
    options: RunOptions,
    share: float = 0.01,
    reporter: Reporter | None = None,
) -> Estimates:
    """Run the first `share` of a scenario in a temporary folder and estimate the cost of all.

    Models that need no process of their own run in this one. Raises UsageError if no model was
    asked, and what `start_plan` and `launch` raise.
    """
    scenario, part = loaded.scenario, first_part(loaded.scenario, share)
    if not asks_any_model(scenario):
        raise UsageError(
            f"{scenario.name} asks no model, for all behaviours are rules, so no calls are to be "
            "estimated; `simnet validate` says how many turns it has"
        )
    with TemporaryDirectory(prefix="simnet-estimate-") as folder:
        plan = start_plan(replace(loaded, scenario=part), replace(options, out=Path(folder)))
        result = asyncio.run(launch(_without_ray(plan), reporter))
        sample = _sample_of(Run.open(result.folder), scenario)
    if not sample.size:
        raise UsageError(
            f"no model was asked in the first {share:.2%} of {scenario.name}; give a larger --share"
        )
    if reporter is not None:
        reporter.phase("rehearsing the rest with replies like these")
    figures, doubts = _rehearsed(scenario, sample, reporter)
    if figures is None:
        figures = _scaled(scenario, part, sample)
    seconds, known = result.finish.progress.elapsed, sample.sums(scenario)
    pace = Pace(known.sum(axis=0), seconds)
    by_cohort = {
        cohort.name: estimate_of(figures[:, number], known[number], pace, cohort.name not in doubts)
        for number, cohort in enumerate(scenario.cohorts)
    }
    doubt = doubts.get(None)
    whole = estimate_of(figures.sum(axis=1), known.sum(axis=0), pace, doubt is None)
    in_flight = expected_in_flight(scenario)
    return Estimates(whole, by_cohort, sample.size, seconds, doubt, in_flight, plan.slots)


def _without_ray(plan: RunPlan) -> RunPlan:
    """Return the plan in this process, unless a model needs Ray."""
    models = [plan.backend, *plan.models.values()]
    needs_ray = any(
        isinstance(model, Backend) and (model.needs_process or model.replicas > 1)
        for model in models
    )
    return plan if needs_ray else replace(plan, ray=False)


def _sample_of(run: Run, scenario: Scenario) -> Sample:
    """Read the calls of a run."""
    numbers = cohort_numbers(scenario)
    calls: dict[str, list[RecordedCall]] = {cohort.name: [] for cohort in scenario.cohorts}
    by_hash = {}
    columns = ("who", "turn", "prompt_hash", "system", "user", "pattern", "completion", "finish")
    for batch in run.prompts([*columns, *FIGURES[1:], "seconds", "reasoning", "constrained"]):
        for row in batch.to_pylist():
            characters = len(row["system"]) + len(row["user"])
            row["prompt_tokens"] = _known(row["prompt_tokens"], characters)
            row["output_tokens"] = _known(row["output_tokens"], len(row["completion"]))
            completion = Completion(
                row["completion"],
                row["finish"],
                *(row[name] for name in (*FIGURES[1:], "seconds", "reasoning", "constrained")),
            )
            cohort = scenario.cohorts[numbers[row["who"]]]
            asked = row["turn"] < 0
            calls[cohort.name].append(RecordedCall(row["pattern"], characters, completion, asked))
            by_hash[row["prompt_hash"]] = completion
    return Sample(calls, by_hash)


def _known(tokens: int | None, characters: int) -> int:
    """Return tokens as a model told them, else estimated from the characters."""
    return -(-characters // CHARACTERS_PER_TOKEN) if tokens is None else tokens


def _rehearsed(
    scenario: Scenario, sample: Sample, reporter: Reporter | None
) -> tuple[np.ndarray | None, Mapping[str | None, str]]:
    """Rehearse a scenario several times.

    Returns the figures, of shape (rehearsals, cohorts, figures), None if the scenario is too long;
    and why there can be no interval, by cohort, and for the whole under None.
    """
    everything = [call for calls in sample.calls.values() for call in calls]
    pools = {name: ReplyPool(calls) for name, calls in sample.calls.items()}
    rates = {name: token_rates(calls or everything) for name, calls in sample.calls.items()}
    sums: list[np.ndarray] = []
    drawn: Counter[str | None] = Counter()
    thin: Counter[str | None] = Counter()
    count, begun = REHEARSALS, time.monotonic()
    while len(sums) < count:
        models = {
            name: PoolModel(pool, rates[name], sample.by_hash, seed=len(sums))
            for name, pool in pools.items()
        }
        rehearsal = rehearse(scenario, models, MOST_TURNS)
        if rehearsal is None:
            doubt = f"there are more than {MOST_TURNS:,} turns, too many to rehearse"
            return None, dict.fromkeys([None, *pools], doubt)
        sums.append(rehearsal.sums)
        count = max(FEWEST_REHEARSALS, min(REHEARSALS, MOST_TURNS // max(1, rehearsal.turns)))
        took = time.monotonic() - begun
        if reporter is not None and len(sums) == 1 and took > _LONG_SECONDS:
            reporter.phase(f"one rehearsal took {took:.0f} s; up to {count - 1} more follow")
        for name, model in models.items():
            for whose in (None, name):
                drawn[whose] += model.drawn
                thin[whose] += model.thin
        if _doubt(sample.size, drawn[None], thin[None]):
            count = min(count, FEWEST_REHEARSALS)  # more would narrow an interval that is not given
    sizes = {None: sample.size} | {name: len(calls) for name, calls in sample.calls.items()}
    doubts = {whose: _doubt(sizes[whose], drawn[whose], thin[whose]) for whose in sizes}
    return np.array(sums), {whose: doubt for whose, doubt in doubts.items() if doubt}


def _doubt(sampled: int, drawn: int, thin: int) -> str | None:
    """Say why there can be no interval, if so."""
    if not drawn:
        return None  # nothing is left to come
    if sampled < FEW:
        be = "is" if sampled == 1 else "are"
        return f"{counted(sampled, 'call')} {be} too few for an interval; give a larger --share"
    if thin > THIN * drawn:
        return (
            f"{thin / drawn:.0%} of the later prompts allow what hardly any did so far, too few "
            "for an interval; give a larger --share"
        )
    return None


def _scaled(scenario: Scenario, part: Scenario, sample: Sample) -> np.ndarray:
    """Scale the figures of each cohort: turns by its rhythm, answers by the surveys it is put.

    Prompts do not grow.
    """
    answers, sampled = expected_answers(scenario), expected_answers(part)
    scaled = np.zeros((len(scenario.cohorts), len(FIGURES)))
    for number, cohort in enumerate(scenario.cohorts):
        name = cohort.name
        turns = sample.sum(name, asked=False)
        scaled[number] = turns * _factor(scenario, part, cohort)
        asked = sample.sum(name, asked=True)
        if sampled[name]:
            scaled[number] += asked * answers[name] / sampled[name]
        elif turns[0]:
            scaled[number] += turns / turns[0] * answers[name]  # as large as the calls of a turn
    return scaled[None]


def _factor(scenario: Scenario, part: Scenario, cohort: Cohort) -> float:
    """Return the ratio of the turns of a cohort in the whole scenario and in the part."""
    whole, sampled = expected_of(scenario, cohort), expected_of(part, cohort)
    return whole / sampled if whole and sampled else scenario.lasts / part.lasts
