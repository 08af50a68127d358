"""What a behaviour is given: the agent, its cohort's profile, and a way to ask a model."""

from collections.abc import Awaitable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from simnet.agents.formats.post_text import Teller
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.agents.formats.spotlighting import STYLES, Spotlighting, Style
from simnet.agents.memory import Memory, Recall
from simnet.personas.persona import Persona
from simnet.world.actions import Action
from simnet.world.posts import View

Chosen: TypeAlias = Action | Sequence[Action]


class Agent(Protocol):
    """One persona that acts, as its behaviour sees it."""

    @property
    def persona(self) -> Persona:
        """Who it is."""
        ...

    @property
    def profile(self) -> "AgentProfile":
        """What it has in common with the other members of its cohort."""
        ...

    @property
    def memory(self) -> Memory:
        """What it remembers."""
        ...

    @property
    def notes(self) -> dict[Hashable, Any]:
        """What a behaviour keeps from turn to turn, under a key of its own.

        It has to follow from what the agent saw and what models replied, and from nothing else.
        """
        ...

    @property
    def instructions(self) -> str:
        """The system prompt, the same at every turn."""
        ...

    def mark(self, word: str) -> None:
        """Add a mark to what comes of this turn, for the record."""
        ...


class Ask(Protocol):
    """A model for one turn of one agent; seed, temperature and adapter are bound already."""

    async def __call__(self, system: str, user: str, pattern: str | None = None) -> str:
        """Ask anything; returns the reply. Raises ModelError if there is none.

        `pattern` is a regular expression that the reply has to match. The end of `user` is cut
        off if all of it is too long for the model.
        """
        ...

    async def for_action(self) -> list[Action]:
        """Ask what to do about the view, among the cohort's verbs.

        A reply that refuses, repeats or is garbled is asked for again as often as the cohort
        says. Raises ModelError if no reply can be used.
        """
        ...


class Behaviour(Protocol):
    """Decide what `me` does about `view`: the extension point for how personas decide.

    It may await `ask` and nothing else, because only what a model replied is recorded and
    can be replayed.
    """

    def __call__(self, me: Agent, view: View, ask: Ask) -> Awaitable[Chosen]:
        """Return one action or several; none is an empty list."""
        ...


@dataclass(frozen=True)
class AgentProfile:
    """What the members of one cohort have in common when they decide; one value for all."""

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
