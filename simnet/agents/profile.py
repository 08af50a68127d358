"""What a behaviour receives: the agent, its cohort's profile, and a way to call a model."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar

from simnet.agents.formats.post_text import PostFormatter
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.agents.formats.spotlighting import STYLES, Spotlighting, Style
from simnet.agents.memory import Memory, Recall
from simnet.personas.persona import Persona
from simnet.world.actions import Action
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import Settings

Chosen: TypeAlias = Action | Sequence[Action]
Flagger: TypeAlias = Callable[[str], Iterable[str]]
"""Names the flags of a text. It must depend on the text alone, as replies are replayed."""


class Agent(Protocol):
    """One persona that acts, as its behaviour sees it."""

    @property
    def persona(self) -> Persona:
        """Who it is."""
        ...

    @property
    def profile(self) -> "AgentProfile":
        """The settings it shares with the other members of its cohort."""
        ...

    @property
    def memory(self) -> Memory:
        """What it remembers."""
        ...

    @property
    def notes(self) -> dict[Hashable, Any]:
        """State that a behaviour keeps between turns, under a key of its own.

        It must depend only on the views and the model replies of this agent.
        """
        ...

    @property
    def instructions(self) -> str:
        """The system prompt of `ask.for_action`: it says in which form to answer with verbs."""
        ...

    @property
    def role(self) -> str:
        """The system prompt without verbs, for any question of a behaviour's own."""
        ...

    def mark(self, word: str) -> None:
        """Add a flag to the column `marks` of this turn's events."""
        ...


class Ask(Protocol):
    """Calls the model in one turn of one agent; seed, temperature and adapter are set already."""

    async def __call__(self, system: str, user: str, pattern: str | None = None) -> str:
        """Send any prompt and return the reply. Raises ModelError if there is no usable reply.

        `pattern` is a regular expression that the reply has to match. If the prompt is too
        long for the model, the end of `user` is cut off.
        """
        ...

    async def for_action(self) -> list[Action]:
        """Ask the model to act on the view with the cohort's verbs.

        A reply that refuses, repeats or is garbled is sampled again, at most as often as the
        cohort's `resamples` says. Raises ModelError if no reply can be parsed.
        """
        ...


_B = TypeVar("_B")


class Behaviour(Protocol):
    """Decides what `me` does about `view`: the extension point for how personas decide.

    It may await `ask` and nothing else, because only model replies are recorded and replayed.
    """

    def __call__(self, me: Agent, view: View, ask: Ask) -> Awaitable[Chosen]:
        """Return one action or several; none is an empty list."""
        ...


def asks_no_model(behaviour: _B) -> _B:
    """Declare that a behaviour never awaits `ask`; usable as a decorator.

    A run in which all behaviours are so declared starts no model.
    """
    vars(behaviour)["asks_model"] = False
    return behaviour


def asks_a_model(behaviour: Behaviour) -> bool:
    """Tell whether a behaviour may ask a model: yes, unless it is declared otherwise."""
    return bool(getattr(behaviour, "asks_model", True))


@dataclass(frozen=True)
class AgentProfile:
    """The settings that all agents of one cohort share."""

    cohort: str
    """Name of the cohort."""
    behaviour: Behaviour
    """Decides what its members do at a turn."""
    verbs: tuple[type[Action], ...]
    """What they may do."""
    setting: str
    """Description of the platform; the same for everyone in a scenario."""
    manner: str
    """How the cohort's members behave, in words."""
    feed_size: int
    """Posts shown at one look."""
    text_limit: int
    """Characters in one text."""
    acts: int
    """Most actions in one reply."""
    memory: int | Recall
    """How many of its own last actions an agent recalls, or the settings of a memory stream."""
    temperature: float
    """Temperature of the sampling of replies."""
    max_tokens: int
    """Tokens of one reply at most."""
    adapter: str | None
    """LoRA adapter of the model; None is the model alone."""
    model: str | None = None
    """Name of the model that replies; None is the run's default."""
    personas: Sequence[Persona] = ()
    """The cohort's members."""
    seed: int = 0
    """The scenario's."""
    spotlighting: Spotlighting = "delimit"
    """How prompts mark text that others wrote."""
    resamples: int = 0
    """How often a flawed reply is sampled again."""
    flagger: Flagger | None = None
    """Adds flags of the scenario's own to replies."""
    oldest_first: bool = False
    """Whether feeds end with the newest post."""
    judged: float = 0.0
    """Share of turns whose text a judge compares with the persona."""
    unchanged: "AgentProfile | None" = None
    """The profile of the cohort, if interventions changed settings of this one."""

    @cached_property
    def variants(self) -> dict[Settings, "AgentProfile"]:
        """The profiles that `changed` made of this one."""
        return {}

    def changed(self, settings: Settings) -> "AgentProfile":
        """Return the cohort's profile with some settings changed; equal ones give one object."""
        base = self.unchanged or self
        if not settings:
            return base
        found = base.variants.get(settings)
        if found is None:
            fields: dict[str, Any] = dict(settings)
            found = base.variants[settings] = replace(base, **fields, unchanged=base)
        return found

    @property
    def quoting(self) -> Style:
        """The functions and the note for the chosen spotlighting."""
        return STYLES[self.spotlighting]

    @cached_property
    def post_format(self) -> PostFormatter:
        """Formats posts as lines of a prompt."""
        return PostFormatter(self.quoting.quote)

    @cached_property
    def reply_format(self) -> ReplyFormat:
        """Describes the verbs to a model, and parses its replies."""
        return ReplyFormat(self.verbs, self.text_limit, self.feed_size, self.acts)
