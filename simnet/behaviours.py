"""How personas decide: behaviours, what they are given, and ways to compose them."""

from simnet.agents.behaviours.moderation import Sanction, by_policy, by_reports, escalating
from simnet.agents.behaviours.standard import converse, enforce, lurk, silent
from simnet.agents.behaviours.tiers import ViewTest, archetypes, tiered, touched
from simnet.agents.memory import Recall
from simnet.agents.profile import Agent, AgentProfile, Ask, Behaviour, Chosen, asks_no_model
from simnet.world.state.posts import MessageSeen, Reported, Shown, View

__all__ = [
    "Agent",
    "AgentProfile",
    "Ask",
    "Behaviour",
    "Chosen",
    "MessageSeen",
    "Recall",
    "Reported",
    "Sanction",
    "Shown",
    "View",
    "ViewTest",
    "archetypes",
    "asks_no_model",
    "by_policy",
    "by_reports",
    "converse",
    "enforce",
    "escalating",
    "lurk",
    "silent",
    "tiered",
    "touched",
]
