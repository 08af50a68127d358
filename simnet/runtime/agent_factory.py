"""Makes the agents of a scenario, each when it is first needed."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping, Sequence

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.profile import AgentProfile
from simnet.agents.turns import Inquiry
from simnet.clock import Seconds
from simnet.inference.model import Completion, Prompt
from simnet.personas.persona import Persona
from simnet.questions.inquiry import answer_survey
from simnet.runtime.residents import Place, places_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scenario.waves import waves_of
from simnet.world.decision import Decision
from simnet.world.state.posts import View


def agents_of(
    scenario: Scenario, places: Mapping[str, Place] | None = None
) -> Callable[[str], HostedAgent]:
    """Return a function that makes the agent of a handle.

    A persona of a lazy population is made together with its agent, so a process holds only the
    personas of its own agents. `places` are those of the agents of this process; None finds the
    places of all.
    """
    profiles = _profiles(scenario)
    positions = places if places is not None else places_of(scenario)

    def make(handle: str) -> HostedAgent:
        number, position = positions[handle]
        personas: Sequence[Persona] = scenario.cohorts[number].personas
        return HostedAgent(personas[position], profiles[number])

    return make


def profile_lookup(
    scenario: Scenario,
    switches: Sequence[ScenarioSwitch],
    places: Mapping[str, Place] | None = None,
) -> Callable[[str, Seconds], AgentProfile]:
    """Return a function (handle, time) -> profile for a scenario that is switched.

    `places` is as in `agents_of`.
    """
    starts = [switch.at for switch in switches]
    profiles = [_profiles(one) for one in (scenario, *(switch.scenario for switch in switches))]
    positions = places if places is not None else places_of(scenario)

    def profile_of(handle: str, now: Seconds) -> AgentProfile:
        return profiles[bisect_right(starts, now)][positions[handle].cohort]

    return profile_of


def inquiry_of(scenario: Scenario, switches: Sequence[ScenarioSwitch] = ()) -> Inquiry | None:
    """Return what starts the turn of a persona that is asked; None if nobody ever is."""
    waves = {wave.turn: wave for wave in waves_of(scenario, switches)}
    if not waves:
        return None

    def begin(agent: HostedAgent, view: View) -> Generator[Prompt, Completion, Decision]:
        wave = waves[view.turn]
        plan = wave.plan
        return answer_survey(agent, view, plan.survey, wave.seed, remembered=plan.remembered)

    return begin


def _profiles(scenario: Scenario) -> list[AgentProfile]:
    """Return the profile of each cohort."""
    return [
        cohort.profile(
            scenario.setting,
            scenario.feed,
            scenario.seed,
            scenario.spotlighting,
            scenario.health,
        )
        for cohort in scenario.cohorts
    ]
