"""What workloads have in common: figures, and a society that is played in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from simnet.clock import HOUR, MINUTE
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.model import Prompt
from simnet.personas.population import sample
from simnet.runs.blocking import blocking
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan, RunResult
from simnet.scenario.cohort import Cohort
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Exponential
from simnet.scheduler.prefetch.prefetch_settings import Mode


class Figure(NamedTuple):
    """One measured number."""

    value: float
    unit: str
    more_is_better: bool


Figures: TypeAlias = dict[str, Figure]
Workload: TypeAlias = Callable[[], Figures]


def society(people: int, turns: int) -> Scenario:
    """Make people who wake once an hour, until there were about so many turns."""
    follows = {"people": min(1.0, 20 / people)}
    rhythm = Exponential(HOUR - MINUTE)
    crowd = Cohort("people", sample(people), rhythm=rhythm, reacts_in=MINUTE, follows=follows)
    return Scenario("bench", [crowd], lasts=turns / people * HOUR, seed=1)


def played(
    scenario: Scenario,
    folder: Path,
    delay: Callable[[Prompt], float] | None = None,
    prefetch: Mode = "off",
) -> RunResult:
    """Play a scenario in this process with the fake model; record it in a folder."""
    plan = RunPlan(scenario, FakeBackend(delay=delay), folder, ray=False, prefetch=prefetch)
    result: RunResult = blocking(launch)(plan)
    return result
