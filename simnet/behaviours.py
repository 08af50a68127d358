"""How personas decide: behaviours, what they are given, and ways to compose them."""

from simnet.agents.behaviours.standard import converse, enforce, lurk, silent
from simnet.agents.behaviours.tiers import ViewTest, archetypes, tiered, touched
from simnet.agents.memory import Recall
from simnet.agents.profile import Agent, AgentProfile, Ask, Behaviour, Chosen, asks_no_model
from simnet.world.state.posts import MessageSeen, Shown, View

__all__ = [
    "Agent",
    "AgentProfile",
    "Ask",
    "Behaviour",
    "Chosen",
    "MessageSeen",
    "Recall",
    "Shown",
    "View",
    "ViewTest",
    "archetypes",
    "asks_no_model",
    "converse",
    "enforce",
    "lurk",
    "silent",
    "tiered",
    "touched",
]
