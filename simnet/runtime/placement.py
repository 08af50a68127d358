"""Assigns personas to actors, and engines to nodes."""

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.scenario.cohort import handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never
from simnet.scenario.waves import asked_handles

PersonasPerActor: TypeAlias = int | Literal["auto"]

LITERAL_PER_CORE = 4
"""One actor for each persona is the default only up to this many for each core: an actor is a
process, which takes half a second of a core to start."""
BYTES_PER_ACTOR = 113_000_000
"""Resident memory of an actor of agents, a process that holds Python, Ray and Arrow."""
LITERAL_SHARE = 0.25
"""Share of the memory that actors take by default; the model and the record need the rest."""


class Placement(NamedTuple):
    """Which actor runs which persona."""

    actors: int
    personas_per_actor: int
    host_of: dict[str, int]
    """Number of the actor by handle."""

    @property
    def facts(self) -> dict[str, int]:
        """How many there are, for the manifest."""
        return {"actors": self.actors, "personas_per_actor": self.personas_per_actor}

    def residents(self) -> list[list[str]]:
        """Return the handles of each actor."""
        handles: list[list[str]] = [[] for _ in range(self.actors)]
        for handle, host in self.host_of.items():
            handles[host].append(handle)
        return handles

    def describe(self) -> str:
        """Return a line for people."""
        each = (
            "one persona each"
            if self.personas_per_actor == 1
            else f"up to {counted(self.personas_per_actor, 'persona')} each"
        )
        return f"{counted(len(self.host_of), 'persona')} in {counted(self.actors, 'actor')}, {each}"


def check_per_actor(per_actor: object) -> None:
    """Raise UsageError unless so many personas can be in an actor."""
    if per_actor != "auto" and (not isinstance(per_actor, int) or per_actor < 1):
        raise UsageError(f"personas_per_actor is {per_actor}; give 1 or more, or auto")


def place(
    scenario: Scenario | Sequence[Scenario],
    per_actor: PersonasPerActor,
    cores: int,
    memory: float = inf,
) -> Placement:
    """Assign everyone who can ever wake or be asked to actors, in order; this changes no result.

    Takes one scenario, or all scenarios of a run, which have the same personas; `cores` and
    `memory`, in bytes, are those of this machine. With `auto` each persona has an actor of its own
    where both allow it, else there is an actor for every two cores. Raises UsageError if
    `per_actor` is below 1.
    """
    check_per_actor(per_actor)
    scenarios = [scenario] if isinstance(scenario, Scenario) else scenario
    handles = list(dict.fromkeys(handle for one in scenarios for handle in active_handles(one)))
    if per_actor == "auto":
        room = min(LITERAL_PER_CORE * cores, LITERAL_SHARE * memory / BYTES_PER_ACTOR)
        few = len(handles) <= room
        per_actor = 1 if few else -(-len(handles) // max(1, cores // 2))
    hosts = {handle: position // per_actor for position, handle in enumerate(handles)}
    return Placement(-(-len(handles) // per_actor), per_actor, hosts)


def assign_nodes(engines: int, cores: Sequence[float]) -> list[int]:
    """Return the number of a node for each engine; `cores` are the cores of each node.

    One after another, each engine gets the node where its share of cores is largest.
    """
    counts = [0] * len(cores)
    nodes = []
    for _ in range(engines):
        best = max(range(len(cores)), key=lambda node: cores[node] / (counts[node] + 1))
        counts[best] += 1
        nodes.append(best)
    return nodes


def active_handles(scenario: Scenario) -> Sequence[str]:
    """List the handles of all personas whose rhythm can wake them, and of those who are asked."""
    asked = asked_handles(scenario)
    return [
        handle
        for cohort in scenario.cohorts
        for handle in handles_of(cohort.personas)
        if not isinstance(cohort.rhythm, Never) or handle in asked
    ]
