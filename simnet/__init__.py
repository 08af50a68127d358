"""simnet: societies of language-model personas on a simulated social network.

What most scenarios need is here; the rest is in namespaces such as `simnet.rankings`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet import (
        annotation,
        api,
        behaviours,
        discussions,
        draws,
        errors,
        exports,
        feeds,
        health,
        interventions,
        measures,
        models,
        networks,
        news,
        opinions,
        personas,
        questions,
        rankings,
        recommendations,
        report,
        review,
        rhythms,
        rules,
        studies,
        surveys,
        synthesis,
        training,
        verbs,
    )
    from simnet.agents.behaviours.standard import converse, silent
    from simnet.agents.profile import Agent, Ask, Behaviour
    from simnet.api import Run, afork, aresume, arun, fork, resume, run
    from simnet.clock import DAY, HOUR, MINUTE, SECOND, Seconds
    from simnet.errors import SimnetError
    from simnet.inference.fakes.fake import FakeModel
    from simnet.inference.model import Model
    from simnet.personas.persona import Persona
    from simnet.personas.population import sample
    from simnet.personas.sources import load_personas
    from simnet.scenario.cohort import Cohort, Cue
    from simnet.scenario.loaded_population import LoadedPopulation, load_population
    from simnet.scenario.scenario import Scenario
    from simnet.scenario.timing.diurnal import Diurnal
    from simnet.scenario.timing.rhythms import Exponential, Never, OnPost, Steps, TakingTurns
    from simnet.world.actions import Action, Effect, PostId, Text
    from simnet.world.events import Event
    from simnet.world.feeds.feed import Feed
    from simnet.world.state.posts import View
    from simnet.world.state.world_state import WorldState
    from simnet.world.verbs import Follow, Like, Pass, Quote, Reply, Repost, Write
    from simnet.world.world import World

    __version__: str

_NAMES = {
    "simnet.agents.behaviours.standard": "converse silent",
    "simnet.agents.profile": "Agent Ask Behaviour",
    "simnet.api": "Run afork aresume arun fork resume run",
    "simnet.clock": "DAY HOUR MINUTE SECOND Seconds",
    "simnet.errors": "SimnetError",
    "simnet.inference.fakes.fake": "FakeModel",
    "simnet.inference.model": "Model",
    "simnet.personas.persona": "Persona",
    "simnet.personas.population": "sample",
    "simnet.personas.sources": "load_personas",
    "simnet.scenario.cohort": "Cohort Cue",
    "simnet.scenario.loaded_population": "LoadedPopulation load_population",
    "simnet.scenario.scenario": "Scenario",
    "simnet.scenario.timing.diurnal": "Diurnal",
    "simnet.scenario.timing.rhythms": "Exponential Never OnPost Steps TakingTurns",
    "simnet.world.actions": "Action Effect PostId Text",
    "simnet.world.events": "Event",
    "simnet.world.feeds.feed": "Feed",
    "simnet.world.state.posts": "View",
    "simnet.world.state.world_state": "WorldState",
    "simnet.world.verbs": "Follow Like Pass Quote Reply Repost Write",
    "simnet.world.world": "World",
}
"""Public names by the modules they are in. A module is imported when one of them is first used: an
actor needs a part of simnet alone, and each imports it in a process of its own."""
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

_NAMESPACES = (
    "annotation",
    "api",
    "behaviours",
    "discussions",
    "draws",
    "errors",
    "exports",
    "feeds",
    "health",
    "interventions",
    "measures",
    "models",
    "networks",
    "news",
    "opinions",
    "personas",
    "questions",
    "rankings",
    "recommendations",
    "report",
    "review",
    "rhythms",
    "rules",
    "studies",
    "surveys",
    "synthesis",
    "training",
    "verbs",
)
"""Modules that are imported when they are first used."""


def __getattr__(name: str) -> object:
    if name in _MODULES:
        found: object = getattr(import_module(_MODULES[name]), name)
        return globals().setdefault(name, found)
    if name in _NAMESPACES:
        return import_module(f"simnet.{name}")
    if name == "__version__":
        return import_module("simnet.foundation.distribution").version()
    return import_module("simnet.moved").moved(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Action",
    "Agent",
    "Ask",
    "Behaviour",
    "Cohort",
    "Cue",
    "Diurnal",
    "Effect",
    "Event",
    "Exponential",
    "FakeModel",
    "Feed",
    "Follow",
    "Like",
    "LoadedPopulation",
    "Model",
    "Never",
    "OnPost",
    "Pass",
    "Persona",
    "PostId",
    "Quote",
    "Reply",
    "Repost",
    "Run",
    "Scenario",
    "Seconds",
    "SimnetError",
    "Steps",
    "TakingTurns",
    "Text",
    "View",
    "World",
    "WorldState",
    "Write",
    "afork",
    "annotation",
    "api",
    "aresume",
    "arun",
    "behaviours",
    "converse",
    "discussions",
    "draws",
    "errors",
    "exports",
    "feeds",
    "fork",
    "health",
    "interventions",
    "load_personas",
    "load_population",
    "measures",
    "models",
    "networks",
    "news",
    "opinions",
    "personas",
    "questions",
    "rankings",
    "recommendations",
    "report",
    "resume",
    "review",
    "rhythms",
    "rules",
    "run",
    "sample",
    "silent",
    "studies",
    "surveys",
    "synthesis",
    "training",
    "verbs",
]
