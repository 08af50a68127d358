"""Cohorts and cues: the people of a scenario, and what happens at set times."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isasyncgenfunction, isgeneratorfunction
from math import inf
from pathlib import Path

from simnet.agents.behaviours.standard import converse
from simnet.agents.formats.spotlighting import Spotlighting
from simnet.agents.memory import Recall
from simnet.agents.profile import AgentProfile, Behaviour, Flagger
from simnet.clock import MINUTE, Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.user_code import wrong_result
from simnet.inference.engine.lora_folders import NO_ADAPTER, is_adapter
from simnet.personas.persona import Persona
from simnet.personas.population import Population
from simnet.scenario.text_alarms import Health
from simnet.scenario.timing.rhythms import Exponential, Rhythm
from simnet.world.actions import Action, fields_of
from simnet.world.feeds.feed import Feed
from simnet.world.verbs import MEMBER


@checked
@dataclass(frozen=True)
class Cohort:
    """People who share a manner, a rhythm and a reach.

    Raises ScenarioError, naming the cohort and the field, for a value that cannot be used, and
    UserCodeError for a behaviour that is a generator.
    """

    name: str
    """Its name, unique in the scenario."""
    personas: Sequence[Persona]
    """Its members."""
    manner: str = ""
    """How they act and speak; in every member's prompt, before the persona."""
    behaviour: Behaviour = converse
    """How they decide what to do about what they see."""
    verbs: tuple[type[Action], ...] = MEMBER
    """What they can do; anything else but Pass is refused."""
    rhythm: Rhythm = field(default_factory=Exponential)
    """When they wake."""
    reacts_in: Seconds = MINUTE
    """Simulated time between seeing and acting. Everyone who wakes within it thinks at once."""
    follows: Mapping[str, float] = field(default_factory=dict)
    """Cohort name -> chance of following each of its members."""
    feed: Feed | None = None
    """How their feed is made; None takes the scenario's."""
    text_limit: int = 280
    """Characters in one text of a reply; a behaviour of one's own may write longer ones."""
    acts: int = 1
    """Most actions in one reply of the model; a behaviour of one's own may take more in a turn."""
    memory: int | Recall = 5
    """How many of their own last actions they recall; a Recall makes them recall what matters
    of all they saw and did."""
    temperature: float = 0.8
    """From 0 to 2, of the sampling of replies."""
    model: str | None = None
    """Name that the run gives one of its models; None is its default."""
    adapter: str | Path | None = None
    """LoRA adapter on that model: its name, or its folder. A folder becomes `adapter_folder`, and
    its own name that of the adapter."""
    resamples: int = 0
    """How often a reply that refuses, repeats or is garbled is asked for again, hotter."""
    flagger: Flagger | None = None
    """Names flags of a text, besides those that simnet finds. A flag such as `refusal` counts as
    if simnet had found it."""
    reasoning_tokens: int = 0
    """Tokens that a model may spend on reasoning before its reply; for models that reason."""
    adapter_folder: str | None = None
    """Folder of the adapter, for models that are loaded here; None if the run names it."""
    health: Health | None = None
    """What is watched of their texts, with alarms; None takes the scenario's."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ScenarioError("a cohort has no name; give it one")
        self._read_adapter()
        self._check(0 < self.reacts_in < inf, f"reacts_in={self.reacts_in}; give a positive time")
        self._check(self.text_limit > 0, f"text_limit={self.text_limit}; allow a character")
        self._check(self.acts > 0, f"acts={self.acts}; allow one action a turn")
        few = isinstance(self.memory, Recall) or self.memory >= 0
        self._check(few, f"memory={self.memory}; 0 is none")
        self._check(
            self.reasoning_tokens >= 0, f"reasoning_tokens={self.reasoning_tokens}; 0 or more"
        )
        self._check(self.resamples >= 0, f"resamples={self.resamples}; 0 is never")
        self._check(0 <= self.temperature <= 2, f"temperature={self.temperature} is not in 0 to 2")
        self._check(self.model != "", "model=''; name one, or None for the run's default")
        self._check(bool(self.verbs), "it has no verbs; name at least Pass")
        self._check_behaviour()
        for verb in self.verbs:
            ok = isinstance(verb, type) and issubclass(verb, Action)
            self._check(ok, f"{verb!r} is not a verb class")
            self._check_verb(verb)
        names = [verb.verb for verb in self.verbs]
        self._check(len(set(names)) == len(names), f"two of its verbs share a name: {names}")
        idle = next((verb.__name__ for verb in self.verbs if verb.do is Action.do), "")
        self._check(not idle, f"the verb {idle} has no method `do`, so it does nothing")
        for name, chance in self.follows.items():
            self._check(0 <= chance <= 1, f"follows {name!r} with chance {chance}, not in 0 to 1")

    def _read_adapter(self) -> None:
        """Turn the folder of an adapter into a name and a folder."""
        if isinstance(self.adapter, str) and not is_adapter(self.adapter):
            return
        if self.adapter is not None:
            folder = Path(self.adapter).expanduser().resolve()
            self._check(is_adapter(folder), f"{self.adapter} {NO_ADAPTER}")
            object.__setattr__(self, "adapter", folder.name)
            object.__setattr__(self, "adapter_folder", str(folder))

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"cohort {self.name!r}: {otherwise}")

    def _check_behaviour(self) -> None:
        behaviour = self.behaviour
        if isgeneratorfunction(behaviour) or isasyncgenfunction(behaviour):
            problem = "is a generator, for it has a `yield`; return a list of actions instead"
            raise wrong_result("behaviour", behaviour, problem, cohort=self.name)

    def _check_verb(self, verb: type[Action]) -> None:
        name = getattr(verb, "verb", "")
        self._check(
            re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None,
            f"{verb.__name__}.verb is {name!r}; name it with small letters, digits and `_`",
        )
        try:
            fields_of(verb)
        except (TypeError, NameError) as error:
            raise ScenarioError(f"cohort {self.name!r}: {error}") from error

    @property
    def adapter_name(self) -> str | None:
        """Name of its adapter; None if it has none."""
        return None if self.adapter is None else str(self.adapter)

    def profile(
        self,
        setting: str,
        feed: Feed,
        seed: int = 0,
        spotlighting: Spotlighting = "delimit",
        health: Health | None = None,
    ) -> AgentProfile:
        """Gather what the members have in common when they think."""
        feed = self.feed or feed
        health = self.health or health
        return AgentProfile(
            cohort=self.name,
            behaviour=self.behaviour,
            verbs=self.verbs,
            setting=setting,
            manner=self.manner,
            feed_size=feed.size,
            text_limit=self.text_limit,
            acts=self.acts,
            memory=self.memory,
            temperature=self.temperature,
            max_tokens=self.acts * (self.text_limit // 2 + 16) + self.reasoning_tokens,
            adapter=self.adapter_name,
            model=self.model,
            personas=self.personas,
            seed=seed,
            spotlighting=spotlighting,
            resamples=self.resamples,
            flagger=self.flagger,
            oldest_first=feed.oldest_first,
            judged=health.judged_share if health is not None else 0.0,
        )


@checked
@dataclass(frozen=True)
class Cue:
    """Something that happens at a set time, whoever else is awake."""

    at: Seconds
    """Simulated seconds since the start."""
    who: str
    """Handle of the persona that does it, whatever its cohort's verbs are."""
    does: Action
    """What it does; the world may refuse it."""


def handles_of(personas: Sequence[Persona]) -> list[str]:
    """List handles; a lazy population gives them without making its personas."""
    if isinstance(personas, Population):
        return [personas.handle(position) for position in range(len(personas))]
    return [persona.id for persona in personas]
