"""Which persona lives in which actor."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from simnet.errors import UsageError
from simnet.scenario.cohort import handles_of
from simnet.scenario.rhythms import Never
from simnet.scenario.scenario import Scenario

PersonasPerActor: TypeAlias = int | Literal["auto"]

LITERAL_PER_CORE = 16
"""An actor is a process of about 55 MB that takes half a second to start, so one actor for
each persona is the default only up to this many for each core."""


class Placement(NamedTuple):
    """How personas are spread over actors."""

    actors: int
    personas_per_actor: int
    host_of: dict[str, int]

    def residents(self) -> list[list[str]]:
        """List who lives in each actor."""
        lives: list[list[str]] = [[] for _ in range(self.actors)]
        for handle, host in self.host_of.items():
            lives[host].append(handle)
        return lives

    def describe(self) -> str:
        """Say it in a line."""
        each = (
            "one persona each"
            if self.personas_per_actor == 1
            else (f"up to {self.personas_per_actor:,} personas each")
        )
        return f"{len(self.host_of):,} personas in {self.actors} actors, {each}"


def place(
    scenario: Scenario | Sequence[Scenario], per_actor: PersonasPerActor, cores: int
) -> Placement:
    """Spread everyone who can ever wake over actors, in order.

    Takes one scenario, or those a run passes through, with the same personas.

    Who lives where changes no result. Raises UsageError for a number below 1.
    """
    scenarios = [scenario] if isinstance(scenario, Scenario) else scenario
    who = list(dict.fromkeys(handle for one in scenarios for handle in thinkers(one)))
    if per_actor == "auto":
        few = len(who) <= LITERAL_PER_CORE * cores
        per_actor = 1 if few else -(-len(who) // max(1, cores // 2))
    if per_actor < 1:
        raise UsageError(f"personas_per_actor is {per_actor}; give 1 or more, or auto")
    hosts = {handle: position // per_actor for position, handle in enumerate(who)}
    return Placement(-(-len(who) // per_actor), per_actor, hosts)


def spread(engines: int, cores: Sequence[float]) -> list[int]:
    """Put engines on the CPUs of nodes with so many cores each; returns a node for each engine.

    One by one, each goes where it has the most cores to itself.
    """
    counts = [0] * len(cores)
    places = []
    for _ in range(engines):
        place = max(range(len(cores)), key=lambda node: cores[node] / (counts[node] + 1))
        counts[place] += 1
        places.append(place)
    return places


def thinkers(scenario: Scenario) -> Sequence[str]:
    """List everyone but those whose rhythm never wakes them."""
    return [
        handle
        for cohort in scenario.cohorts
        if not isinstance(cohort.rhythm, Never)
        for handle in handles_of(cohort.personas)
    ]
