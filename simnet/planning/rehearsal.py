"""Plays a scenario in this process with drawn replies, and sums up the calls by cohort.

A rehearsal is the run itself, without a record: the kernel, the agents with their memories, the
feeds and the surveys. So prompts grow as they do in the run, as memories and feeds fill up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simnet.agents.host import Host
from simnet.agents.model_handle import ModelHandle
from simnet.inference.model import Call, Completion, Model
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import ENDS, Status
from simnet.runtime.agent_factory import agents_of, inquiry_of
from simnet.scenario.cohort import handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.waves import waves_of
from simnet.scheduler.surveys.pending_waves import PendingWaves
from simnet.world.decision import Decision
from simnet.world.state.posts import View

FIGURES = ("calls", "prompt_tokens", "cached_tokens", "output_tokens")
"""What is summed up."""
VIEWS_AT_ONCE = 256


class Rehearsal(NamedTuple):
    """What a scenario that was played came to."""

    sums: np.ndarray
    """The `FIGURES` by cohort, of shape (cohorts, figures)."""
    turns: int
    """Each person who answers a survey has one more."""


def rehearse(scenario: Scenario, models: Mapping[str, Model], most_turns: int) -> Rehearsal | None:
    """Play a scenario to its end; each cohort asks the model of its name.

    Returns None if there are more than `most_turns` turns. Raises what behaviours raise.
    """
    return asyncio.run(_play(scenario, models, most_turns))


async def _play(
    scenario: Scenario, models: Mapping[str, Model], most_turns: int
) -> Rehearsal | None:
    named = [replace(cohort, model=cohort.name) for cohort in scenario.cohorts]
    played = replace(scenario, cohorts=named, most_turns=None)
    numbers = cohort_numbers(played)
    kernel, waves = Kernel(played), PendingWaves(waves_of(played))
    handles: dict[str | None, ModelHandle] = {
        name: ModelHandle(model) for name, model in models.items()
    }
    host = Host(agents_of(played), handles, inquiry=inquiry_of(played))
    sums = np.zeros((len(named), len(FIGURES)))
    asked = 0

    async def think(views: Sequence[View]) -> list[Decision]:
        decisions = []
        async for results in host.think(views):
            decisions += results.decisions
            for call in results.calls:
                sums[numbers[call.who]] += figures_of(call)
        return decisions

    status = Status.FULL
    while waves or status not in ENDS:
        status = kernel.advance(VIEWS_AT_ONCE, waves.next_at)
        views, kernel.views = kernel.views, []
        kernel.take_rows()
        waves.note(views)
        kernel.deliver(await think(views))
        if status in ENDS and waves:
            respondents = waves.take(kernel.state_of)
            asked += len(respondents)
            await think(respondents)
            status = Status.FULL
        if kernel.ledger().planned + asked > most_turns:
            return None
    return Rehearsal(sums, kernel.ledger().planned + asked)


def figures_of(call: Call | Completion) -> tuple[int, ...]:
    """Return what a call counts for: itself, and its tokens."""
    counts = (call.prompt_tokens, call.cached_tokens, call.output_tokens)
    return (1, *(count or 0 for count in counts))


def cohort_numbers(scenario: Scenario) -> dict[str, int]:
    """Return the number of everyone's cohort, by handle."""
    return {
        handle: number
        for number, cohort in enumerate(scenario.cohorts)
        for handle in handles_of(cohort.personas)
    }
