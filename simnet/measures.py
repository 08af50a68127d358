"""Measures: from the tables of a run to figures."""

from simnet.analysis.cascade_tree import cascade_tree, structural_virality
from simnet.analysis.cascades import Cascade, cascade, first_post
from simnet.analysis.costs import Cost, costs
from simnet.analysis.polarisation import LikeMinded, like_minded

__all__ = [
    "Cascade",
    "Cost",
    "LikeMinded",
    "cascade",
    "cascade_tree",
    "costs",
    "first_post",
    "like_minded",
    "structural_virality",
]
