"""Networks: who follows whom at the start, drawn by a model or read from a file."""

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
from simnet.scenario.networks.arrays import TieBuilder, Ties

__all__ = [
    "TieBuilder",
    "Ties",
    "barabasi_albert",
    "edges",
    "erdos_renyi",
    "homophily",
    "lfr",
    "random_followees",
    "star_by_topic",
    "stochastic_block",
    "together",
    "watts_strogatz",
]
