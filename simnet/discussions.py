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
from simnet.world.verbs.discussing import GiveFloor, Say

__all__ = [
    "ChosenByModerator",
    "Discussion",
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
]
