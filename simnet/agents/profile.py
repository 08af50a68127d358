"""What the members of one cohort have in common when they think."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

from simnet.agents.formats.post_text import Teller
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.agents.formats.spotlighting import STYLES, Spotlighting, Style
from simnet.agents.memory import Recall
from simnet.personas.persona import Persona
from simnet.world.actions import Action
from simnet.world.posts import View

if TYPE_CHECKING:
    from simnet.agents.agent import Agent
    from simnet.agents.ask import Ask

Chosen: TypeAlias = Action | Sequence[Action]


class Behaviour(Protocol):
    """Decide what `me` does about `view`; the one extension point for minds.

    It may await `ask` and nothing else, because only what a model replied is recorded and
    can be replayed.
    """

    def __call__(self, me: "Agent", view: View, ask: "Ask") -> Awaitable[Chosen]:
        """Return one action or several; none is an empty list."""
        ...


@dataclass(frozen=True)
class AgentProfile:
    """A cohort's manner and means. One value serves all its members."""

    cohort: str
    behaviour: Behaviour
    verbs: tuple[type[Action], ...]
    setting: str
    """What platform this is; the same for everyone in a scenario."""
    manner: str
    """How the cohort's members carry themselves."""
    feed_size: int
    text_limit: int
    """Characters in one text."""
    acts: int
    """Actions in one turn."""
    memory: int | Recall
    """How many of one's own last actions a prompt recalls, or how it recalls more than those."""
    temperature: float
    max_tokens: int
    adapter: str | None
    model: str | None = None
    """Name of the model that replies; None is the run's default."""
    personas: Sequence[Persona] = ()
    """The cohort's members."""
    seed: int = 0
    """The scenario's."""
    spotlighting: Spotlighting = "delimit"
    """How prompts mark what others wrote."""
    resamples: int = 0
    """How often a flawed reply is asked for again."""
    oldest_first: bool = False
    """Whether feeds end with what is newest."""

    @cached_property
    def stand_ins(self) -> dict[int, "Agent"]:
        """Those who think for many members, by the number of their archetype; made on demand."""
        return {}

    @property
    def quoting(self) -> Style:
        """How prompts mark what others wrote, as functions."""
        return STYLES[self.spotlighting]

    @cached_property
    def teller(self) -> Teller:
        """What puts posts into words."""
        return Teller(self.quoting.quote)

    @cached_property
    def replies(self) -> ReplyFormat:
        """How these verbs are offered to a model and read back."""
        return ReplyFormat(self.verbs, self.text_limit, self.feed_size, self.acts)
