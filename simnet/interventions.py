"""Interventions: what is changed from outside, at set times or when a measure crosses a level."""

from simnet.scenario.interventions.intervention import Intervention
from simnet.scenario.interventions.on_people import (
    Forget,
    GiveNews,
    Remember,
    SetAdapter,
    SetFeed,
    SetManner,
    SetRanking,
)
from simnet.scenario.interventions.on_world import (
    Act,
    AddTies,
    Ban,
    Join,
    Leave,
    Reinstate,
    RemovePosts,
    RemoveTies,
)
from simnet.scenario.interventions.schedule import At, Measure, When

__all__ = [
    "Act",
    "AddTies",
    "At",
    "Ban",
    "Forget",
    "GiveNews",
    "Intervention",
    "Join",
    "Leave",
    "Measure",
    "Reinstate",
    "Remember",
    "RemovePosts",
    "RemoveTies",
    "SetAdapter",
    "SetFeed",
    "SetManner",
    "SetRanking",
    "When",
]
