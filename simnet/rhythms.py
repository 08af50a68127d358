"""Rhythms: when personas wake."""

from simnet.draws import Draw
from simnet.scenario.timing.by_persona import ByPersona
from simnet.scenario.timing.churn import Between
from simnet.scenario.timing.diurnal import Diurnal, zones
from simnet.scenario.timing.rhythms import (
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

__all__ = [
    "Between",
    "ByPersona",
    "Diurnal",
    "Draw",
    "Exponential",
    "Never",
    "OnPost",
    "Rhythm",
    "Steps",
    "TakingTurns",
    "random_order",
    "respond",
    "round_robin",
    "zones",
]
