"""Discussions: people who speak one after the other, in one room or in thousands at once."""

from simnet.scenario.discussions.discussion import Discussion, discussions
from simnet.scenario.discussions.speakers import (
    ChosenByModerator,
    Mentioned,
    NextSpeaker,
    RandomSpeaker,
    RespondsWith,
    RoundRobin,
    Turns,
)
from simnet.scenario.discussions.turn_taking import Room, TurnsInRooms
from simnet.scenario.syndisco.discussion_logs import Comment, DiscussionLog, read_log, read_logs
from simnet.scenario.syndisco.discussion_settings import read_discussion_settings
from simnet.scenario.syndisco.experiment import DiscussionSettings
from simnet.scenario.syndisco.logged_discussions import logged_discussions
from simnet.world.verbs.discussing import GiveFloor, Say

__all__ = [
    "ChosenByModerator",
    "Comment",
    "Discussion",
    "DiscussionLog",
    "DiscussionSettings",
    "GiveFloor",
    "Mentioned",
    "NextSpeaker",
    "RandomSpeaker",
    "RespondsWith",
    "Room",
    "RoundRobin",
    "Say",
    "Turns",
    "TurnsInRooms",
    "discussions",
    "logged_discussions",
    "read_discussion_settings",
    "read_log",
    "read_logs",
]
