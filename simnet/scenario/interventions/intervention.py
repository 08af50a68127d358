"""What all interventions have in common, and what they act on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol, Self

from simnet.errors import ActionError, ScenarioError
from simnet.scenario.interventions.directory import Directory, Names, Target, listed
from simnet.world.actions import Effect, Relation
from simnet.world.feeds.feed import Feed
from simnet.world.state.viewer_changes import MemoryChange
from simnet.world.state.world_state import WorldState


class Step(NamedTuple):
    """One thing that an intervention did, or that the world did not allow; becomes an event."""

    effect: Effect
    cohort: str = ""
    """The cohort it concerns; empty if it concerns several or none."""
    refusal: str | None = None
    """Why it was not done."""
    values: Mapping[str, object] = MappingProxyType({})
    """What the event's column `extra` holds, besides the number of the intervention."""
    failed: bool = False
    """Whether code of the user failed, as `refusal` says."""
    verb: str = ""
    """The verb of the event; empty for that of the intervention."""


class Stage(Protocol):
    """A run at one moment, as an intervention changes it."""

    @property
    def world(self) -> WorldState:
        """The world."""
        ...

    @property
    def directory(self) -> Directory:
        """Whom names are."""
        ...

    def feed(self, cohort: str) -> Feed:
        """How the feed of a cohort is made now."""
        ...

    def set_feed(self, cohort: str, feed: Feed) -> None:
        """Make the feed of a cohort in another way."""
        ...

    def set_profile(self, target: Target, name: str, value: str | None) -> None:
        """Change a setting with which a person, or everyone in a cohort, thinks."""
        ...

    def give_news(self, target: Target, text: str) -> None:
        """Show a text with the next view."""
        ...

    def change_memory(self, target: Target, change: MemoryChange) -> None:
        """Change what is remembered, before the next turn."""
        ...


@dataclass(frozen=True)
class Intervention:
    """Something that is changed from outside. Subclasses are frozen dataclasses."""

    verb: ClassVar[str] = ""
    """The verb of its events."""
    relation: ClassVar[Relation] = "none"
    lasting: ClassVar[bool] = False
    """Whether it is a setting of cohorts or people, which another scenario does not inherit."""
    names_cohorts_only: ClassVar[bool] = False

    def names(self) -> tuple[str, ...]:
        """List whom it names: handles and names of cohorts."""
        return listed(getattr(self, "who", ()))

    def renamed(self, handles: Mapping[str, str]) -> Self:
        """Return it with other names."""
        who = getattr(self, "who", None)
        return self if who is None else replace(self, who=_renamed(who, handles))  # type: ignore[call-arg]

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Do it, yielding a step for each row to be recorded."""
        raise NotImplementedError

    def check(self, holds: bool, otherwise: str) -> None:
        """Raise ScenarioError, naming the intervention, unless something holds."""
        if not holds:
            raise ScenarioError(f"{type(self).__name__}: {otherwise}")


def _renamed(names: Names, handles: Mapping[str, str]) -> Names:
    if isinstance(names, str):
        return handles.get(names, names)
    return tuple(handles.get(name, name) for name in names)


def renamed_pairs(
    pairs: Sequence[tuple[str, str]], handles: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return pairs with other names."""
    return tuple((handles.get(one, one), handles.get(other, other)) for one, other in pairs)


def for_each(
    stage: Stage, members: Sequence[int], change: Callable[[WorldState, int], Effect]
) -> Iterator[Step]:
    """Change the world for each of some people; yield what was done, or why not."""
    for member in members:
        handle, cohort = stage.world.handles[member], stage.world.cohorts[member]
        try:
            yield Step(change(stage.world, member), cohort)
        except ActionError as error:
            yield Step(Effect(whom=handle), cohort, str(error))
