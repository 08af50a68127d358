"""A scenario is a value: people, ways of ranking, a script and a length of time.

An arm of an experiment is another value; `dataclasses.replace` and function parameters make
them. Everything that can be wrong with a scenario is found when it is made.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TypeAlias

import numpy as np

from simnet import draws
from simnet.agents.behaviours.standard import converse
from simnet.agents.formats.spotlighting import Spotlighting
from simnet.agents.memory import Recall
from simnet.agents.profile import AgentProfile, Behaviour
from simnet.clock import DAY, MINUTE, Seconds
from simnet.errors import ScenarioError
from simnet.personas.persona import Persona
from simnet.personas.population import Population
from simnet.scenario.networks.arrays import TieBuilder
from simnet.scenario.rhythms import Exponential, Rhythm
from simnet.world.actions import Action, fields_of
from simnet.world.feeds.feed import Feed
from simnet.world.network import Indices
from simnet.world.verbs import MEMBER

SETTING = "You are on a social network as the person described below. Never step out of the role."

Ties: TypeAlias = Sequence[tuple[str, str]]
"""Who follows whom: pairs (follower, followee) of handles."""


@dataclass(frozen=True)
class Cohort:
    """People who share a manner, a rhythm and a reach."""

    name: str
    personas: Sequence[Persona]
    manner: str = ""
    """How they carry themselves; told to every member, before who they are."""
    behaviour: Behaviour = converse
    verbs: tuple[type[Action], ...] = MEMBER
    rhythm: Rhythm = field(default_factory=Exponential)
    reacts_in: Seconds = MINUTE
    """Simulated time between seeing and acting. Everyone who wakes within it thinks at once."""
    follows: Mapping[str, float] = field(default_factory=dict)
    """Cohort name -> chance of following each of its members."""
    feed: Feed | None = None
    """How their feed is made; None takes the scenario's."""
    text_limit: int = 280
    """Characters in one text."""
    acts: int = 1
    """Most actions in one turn."""
    memory: int | Recall = 5
    """How many of their own last actions they recall; a Recall makes them recall what matters
    of all they saw and did."""
    temperature: float = 0.8
    model: str | None = None
    """Name that the run gives one of its models; None is its default."""
    adapter: str | None = None
    """LoRA adapter on that model."""
    resamples: int = 0
    """How often a reply that refuses, repeats or is garbled is asked for again, hotter."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ScenarioError("a cohort has no name; give it one")
        self._check(0 < self.reacts_in < inf, f"reacts_in={self.reacts_in}; give a positive time")
        self._check(self.text_limit > 0, f"text_limit={self.text_limit}; allow a character")
        self._check(self.acts > 0, f"acts={self.acts}; allow one action a turn")
        few = isinstance(self.memory, Recall) or self.memory >= 0
        self._check(few, f"memory={self.memory}; 0 is none")
        self._check(self.resamples >= 0, f"resamples={self.resamples}; 0 is never")
        self._check(0 <= self.temperature <= 2, f"temperature={self.temperature} is not in 0 to 2")
        self._check(self.model != "", "model=''; name one, or None for the run's default")
        self._check(bool(self.verbs), "it has no verbs; name at least Pass")
        for verb in self.verbs:
            ok = isinstance(verb, type) and issubclass(verb, Action)
            self._check(ok, f"{verb!r} is not a verb class")
            self._check_verb(verb)
        names = [verb.verb for verb in self.verbs]
        self._check(len(set(names)) == len(names), f"two of its verbs share a name: {names}")
        for name, chance in self.follows.items():
            self._check(0 <= chance <= 1, f"follows {name!r} with chance {chance}, not in 0 to 1")

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"cohort {self.name!r}: {otherwise}")

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

    def profile(
        self, setting: str, feed: Feed, seed: int = 0, spotlighting: Spotlighting = "delimit"
    ) -> AgentProfile:
        """Gather what the members have in common when they think."""
        feed = self.feed or feed
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
            max_tokens=self.acts * (self.text_limit // 2 + 16),
            adapter=self.adapter,
            model=self.model,
            personas=self.personas,
            seed=seed,
            spotlighting=spotlighting,
            resamples=self.resamples,
            oldest_first=feed.oldest_first,
        )


@dataclass(frozen=True)
class Cue:
    """Something that happens at a set time, whoever else is awake."""

    at: Seconds
    who: str
    does: Action


@dataclass(frozen=True)
class Scenario:
    """All of it."""

    name: str
    cohorts: Sequence[Cohort]
    cues: Sequence[Cue] = ()
    lasts: Seconds = DAY
    """Nobody wakes later; what was begun still lands."""
    seed: int = 0
    feed: Feed = field(default_factory=Feed)
    ties: Ties | TieBuilder = ()
    """Who follows whom besides what the cohorts' `follows` draws."""
    setting: str = SETTING
    """What platform this is; told to everyone, first of all."""
    spotlighting: Spotlighting = "delimit"
    """How prompts tell what others wrote: in quotation marks, or `datamark`, or `none`."""
    most_turns: int | None = None
    """A budget: a run of which more turns are expected is not begun."""

    def __post_init__(self) -> None:
        from simnet.scenario.checks import check  # noqa: PLC0415  (checks read scenarios)

        check(self)

    def handles(self) -> list[str]:
        """List everybody, cohort by cohort."""
        return [handle for cohort in self.cohorts for handle in handles_of(cohort.personas)]

    def feed_of(self, cohort: Cohort) -> Feed:
        """How a cohort's feed is made."""
        return cohort.feed or self.feed


def handles_of(personas: Sequence[Persona]) -> list[str]:
    """List handles; a lazy population gives them without making its personas."""
    if isinstance(personas, Population):
        return [personas.handle(position) for position in range(len(personas))]
    return [persona.id for persona in personas]


def network_of(scenario: Scenario, handles: Sequence[str]) -> tuple[Indices, Indices]:
    """Draw who follows whom at the start: positions of followers and of followees.

    Each follower draws from a generator of their own, keyed by (seed, follower, cohort), so
    adding a cohort leaves all other ties as they are.
    """
    starts = np.cumsum([0, *(len(cohort.personas) for cohort in scenario.cohorts)])
    span = {
        cohort.name: (int(start), int(end))
        for cohort, start, end in zip(scenario.cohorts, starts, starts[1:], strict=False)
    }
    rows: list[Indices] = []
    columns: list[Indices] = []
    for cohort in scenario.cohorts:
        for followed, chance in cohort.follows.items():
            first, end = span[followed]
            for who in range(*span[cohort.name]):
                picked = _drawn(end - first, chance, scenario.seed, handles[who], followed) + first
                rows.append(np.full(len(picked), who, np.int32))
                columns.append(picked)
    ties = _explicit(scenario, handles)
    return np.concatenate([*rows, ties[0]]), np.concatenate([*columns, ties[1]])


def _drawn(count: int, chance: float, seed: int, who: str, followed: str) -> Indices:
    if chance in {0.0, 1.0}:
        return np.arange(count if chance else 0, dtype=np.int32)
    generator = np.random.Generator(
        np.random.Philox(key=draws.bits(seed, who, "follows", followed))
    )
    return np.flatnonzero(generator.random(count) < chance).astype(np.int32)


def _explicit(scenario: Scenario, handles: Sequence[str]) -> tuple[Indices, Indices]:
    if callable(scenario.ties):
        return _built(scenario, scenario.ties, handles)
    index = {handle: position for position, handle in enumerate(handles)}
    pairs = [(index[who], index[whom]) for who, whom in scenario.ties]
    table = np.array(pairs, np.int32).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _built(
    scenario: Scenario, build: TieBuilder, handles: Sequence[str]
) -> tuple[Indices, Indices]:
    followers, followees = (np.asarray(part) for part in build(handles, scenario.seed))
    for part in (followers, followees):
        inside = part.size == 0 or 0 <= part.min() <= part.max() < len(handles)
        if followers.shape != followees.shape or part.ndim != 1 or not inside:
            raise ScenarioError(
                f"{scenario.name}: ties by {getattr(build, '__name__', build)!r} are not two "
                f"arrays of equal length with positions 0 to {len(handles) - 1}"
            )
    return followers.astype(np.int32), followees.astype(np.int32)
