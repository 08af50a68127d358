"""Measures: from the tables of a run to figures."""

from simnet.analysis.cascades import Cascade, cascade, first_post
from simnet.analysis.costs import Cost, costs
from simnet.analysis.polarisation import LikeMinded, like_minded

__all__ = [
    "Cascade",
    "Cost",
    "LikeMinded",
    "cascade",
    "costs",
    "first_post",
    "like_minded",
]
