"""simnet: societies of language-model personas on a simulated social network."""

from importlib import import_module
from typing import TYPE_CHECKING

from simnet import draws
from simnet.agents.behaviours import rules
from simnet.agents.behaviours.standard import converse, enforce, lurk, silent
from simnet.agents.behaviours.tiers import archetypes, tiered, touched
from simnet.agents.memory import Recall
from simnet.agents.profile import Agent, Ask, Behaviour
from simnet.clock import DAY, HOUR, MINUTE, SECOND, Seconds
from simnet.errors import (
    ActionError,
    DivergenceError,
    InputError,
    ModelError,
    ModelNotFoundError,
    PersonaError,
    RecordError,
    RunError,
    ScenarioError,
    SimnetError,
    UsageError,
)
from simnet.inference.model import Completion, Model, Prompt
from simnet.personas.persona import Persona
from simnet.personas.population import sample
from simnet.scenario.churn import Between
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.diurnal import Diurnal, zones
from simnet.scenario.networks import (
    barabasi_albert,
    edges,
    erdos_renyi,
    homophily,
    lfr,
    random_followees,
    star_by_topic,
    stochastic_block,
    together,
    watts_strogatz,
)
from simnet.scenario.rhythms import (
    Exponential,
    Never,
    OnPost,
    Rhythm,
    Steps,
    TakingTurns,
    random_order,
    respond,
    round_robin,
)
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Action, Effect, Group, Member, PostId, Relation, Text
from simnet.world.events import Event
from simnet.world.feeds.combinators import blend, diverse, mix
from simnet.world.feeds.feed import Feed, Source, both, everything, following, popular, reported
from simnet.world.feeds.personalised import collaborative, embeddings, interest
from simnet.world.feeds.rankings import Ranking, chronological, engagement, hot, shuffled, split
from simnet.world.feeds.recommendations import (
    Recommendation,
    adamic_adar,
    common_neighbours,
    preferential_attachment,
    random_walk,
)
from simnet.world.posts import Post, View
from simnet.world.state import WorldState
from simnet.world.verbs import (
    EVERY_VERB,
    MEMBER,
    MODERATOR,
    Block,
    CreateGroup,
    Dislike,
    Dismiss,
    Follow,
    JoinGroup,
    Label,
    LeaveGroup,
    Like,
    Message,
    Mute,
    Pass,
    Pin,
    Quote,
    React,
    Reinstate,
    Remove,
    Reply,
    Report,
    Repost,
    SearchMembers,
    SearchPosts,
    SendToGroup,
    Suspend,
    Trend,
    Unblock,
    UndoDislike,
    Unfollow,
    Unlike,
    Unmute,
    Write,
)
from simnet.world.world import World

if TYPE_CHECKING:
    from simnet.api import Run, afork, aresume, arun, fork, resume, run
    from simnet.inference.fake import FakeModel
    from simnet.inference.replay_model import ReplayModel
    from simnet.personas.sources import load

_LATER = {
    "FakeModel": "simnet.inference.fake",
    "ReplayModel": "simnet.inference.replay_model",
    "Run": "simnet.api",
    "afork": "simnet.api",
    "aresume": "simnet.api",
    "arun": "simnet.api",
    "load": "simnet.personas.sources",
    "fork": "simnet.api",
    "resume": "simnet.api",
    "run": "simnet.api",
}
"""Names whose modules are slow to import, or import what is."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("simnet")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'simnet' has no attribute {name!r}")


__all__ = [
    "DAY",
    "EVERY_VERB",
    "HOUR",
    "MEMBER",
    "MINUTE",
    "MODERATOR",
    "SECOND",
    "Action",
    "ActionError",
    "Agent",
    "Ask",
    "Behaviour",
    "Between",
    "Block",
    "Cohort",
    "Completion",
    "CreateGroup",
    "Cue",
    "Dislike",
    "Dismiss",
    "Diurnal",
    "DivergenceError",
    "Effect",
    "Event",
    "Exponential",
    "FakeModel",
    "Feed",
    "Follow",
    "Group",
    "InputError",
    "JoinGroup",
    "Label",
    "LeaveGroup",
    "Like",
    "Member",
    "Message",
    "Model",
    "ModelError",
    "ModelNotFoundError",
    "Mute",
    "Never",
    "OnPost",
    "Pass",
    "Persona",
    "PersonaError",
    "Pin",
    "Post",
    "PostId",
    "Prompt",
    "Quote",
    "Ranking",
    "React",
    "Recall",
    "Recommendation",
    "RecordError",
    "Reinstate",
    "Relation",
    "Remove",
    "ReplayModel",
    "Reply",
    "Report",
    "Repost",
    "Rhythm",
    "Run",
    "RunError",
    "Scenario",
    "ScenarioError",
    "SearchMembers",
    "SearchPosts",
    "Seconds",
    "SendToGroup",
    "SimnetError",
    "Source",
    "Steps",
    "Suspend",
    "TakingTurns",
    "Text",
    "Trend",
    "Unblock",
    "UndoDislike",
    "Unfollow",
    "Unlike",
    "Unmute",
    "UsageError",
    "View",
    "World",
    "WorldState",
    "Write",
    "adamic_adar",
    "afork",
    "archetypes",
    "aresume",
    "arun",
    "barabasi_albert",
    "blend",
    "both",
    "chronological",
    "collaborative",
    "common_neighbours",
    "converse",
    "diverse",
    "draws",
    "edges",
    "embeddings",
    "enforce",
    "engagement",
    "erdos_renyi",
    "everything",
    "following",
    "fork",
    "homophily",
    "hot",
    "interest",
    "lfr",
    "load",
    "lurk",
    "mix",
    "popular",
    "preferential_attachment",
    "random_followees",
    "random_order",
    "random_walk",
    "reported",
    "respond",
    "resume",
    "round_robin",
    "rules",
    "run",
    "sample",
    "shuffled",
    "silent",
    "split",
    "star_by_topic",
    "stochastic_block",
    "tiered",
    "together",
    "touched",
    "watts_strogatz",
    "zones",
]
