"""The built-in verbs, by what they are about."""

from collections.abc import Mapping
from types import MappingProxyType

from simnet.world.actions import Action, Relation
from simnet.world.verbs.gathering import CreateCommunity, JoinCommunity, LeaveCommunity, PostTo
from simnet.world.verbs.moderating import (
    Dismiss,
    Label,
    Pin,
    Reinstate,
    Remove,
    Suspend,
    SuspendFor,
    Warn,
)
from simnet.world.verbs.posting import Pass, Quote, Reply, Repost, Write
from simnet.world.verbs.reacting import Dislike, Like, React, Report, UndoDislike, Unlike
from simnet.world.verbs.searching import SearchMembers, SearchPosts, Trend
from simnet.world.verbs.talking import CreateGroup, JoinGroup, LeaveGroup, Message, SendToGroup
from simnet.world.verbs.ties import Block, Follow, Mute, Unblock, Unfollow, Unmute

__all__ = [
    "EVERY_VERB",
    "MEMBER",
    "MODERATOR",
    "RELATION_OF",
    "Block",
    "CreateCommunity",
    "CreateGroup",
    "Dislike",
    "Dismiss",
    "Follow",
    "JoinCommunity",
    "JoinGroup",
    "Label",
    "LeaveCommunity",
    "LeaveGroup",
    "Like",
    "Message",
    "Mute",
    "Pass",
    "Pin",
    "PostTo",
    "Quote",
    "React",
    "Reinstate",
    "Remove",
    "Reply",
    "Report",
    "Repost",
    "SearchMembers",
    "SearchPosts",
    "SendToGroup",
    "Suspend",
    "SuspendFor",
    "Trend",
    "Unblock",
    "UndoDislike",
    "Unfollow",
    "Unlike",
    "Unmute",
    "Warn",
    "Write",
]

MEMBER: tuple[type[Action], ...] = (Write, Reply, Repost, Like, Follow, Report, Pass)
"""What an ordinary member can do unless the cohort says otherwise."""
MODERATOR: tuple[type[Action], ...] = (Label, Warn, Remove, Dismiss, SuspendFor, Suspend, Pass)
"""What a moderator can do."""
EVERY_VERB: tuple[type[Action], ...] = (
    *(Write, Reply, Quote, Repost, Pass),
    *(Like, Unlike, Dislike, UndoDislike, React, Report),
    *(Follow, Unfollow, Mute, Unmute, Block, Unblock),
    *(SearchPosts, SearchMembers, Trend),
    *(Message, CreateGroup, JoinGroup, LeaveGroup, SendToGroup),
    *(CreateCommunity, JoinCommunity, LeaveCommunity, PostTo),
    *(Label, Remove, Dismiss, Pin, Suspend, Reinstate),
    *(Warn, SuspendFor),
)
RELATION_OF: Mapping[str, Relation] = MappingProxyType(
    {verb.verb: verb.relation for verb in EVERY_VERB}
)
"""Name of a built-in verb -> its relation; other verbs are in the manifest of their run."""
