"""What a scenario needs to be run: a model or none, Ray or one process."""

import sys

from simnet.agents.memory import Recall
from simnet.agents.profile import asks_a_model
from simnet.inference.backend import Backend
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.model import Model, Prompt
from simnet.runtime.models import Models, needed_models
from simnet.scenario.cohort import Cohort
from simnet.scenario.forecast.expected_turns import expect
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never

NO_MODEL = "none"
"""The name of the model of a run in which nobody asks one."""
SMALL_PERSONAS, SMALL_TURNS = 10_000, 100_000
"""Up to so many personas and expected turns a run with a light model takes less time in one
process than Ray takes to start."""


def asks_any_model(scenario: Scenario) -> bool:
    """Tell whether anyone who wakes may ask a model, or anyone is asked."""
    return bool(scenario.surveys) or any(_asks(cohort) for cohort in scenario.cohorts)


def _asks(cohort: Cohort) -> bool:
    if isinstance(cohort.rhythm, Never):
        return False
    reflects = isinstance(cohort.memory, Recall) and cohort.memory.reflect_every > 0
    return reflects or asks_a_model(cohort.behaviour)


def no_model() -> FakeBackend:
    """Return a backend for runs in which nobody asks a model; it refuses every prompt."""
    why = "nobody asks a model: all behaviours are rules"
    return FakeBackend(model=NO_MODEL, why=why, reply=_refuse)


def _refuse(prompt: Prompt) -> str:
    raise ValueError("a behaviour that is declared with `asks_no_model` asked a model")


def ray_wanted(
    scenario: Scenario, models: Models, *, ray: bool | None, placed: bool
) -> bool | None:
    """Decide whether a run uses Ray where the user has not.

    False for a run in which nobody asks a model, since a turn by rules costs less than sending it
    to another process, and for a small run whose models need no process and have one replica each;
    unless this process is connected to Ray or `placed`: the user says how actors are placed.
    Results are the same either way.
    """
    if ray is not None or placed or _ray_is_there():
        return ray
    if not asks_any_model(scenario):
        return False
    needed = [models[name] for name in needed_models(scenario)]
    if not all(map(_is_light, needed)):
        return None
    few = sum(len(cohort.personas) for cohort in scenario.cohorts) <= SMALL_PERSONAS
    return False if few and expect(scenario).turns <= SMALL_TURNS else None


def _is_light(model: Backend | Model) -> bool:
    return isinstance(model, Backend) and not model.needs_process and model.replicas == 1


def _ray_is_there() -> bool:
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())
