"""Opinions as numbers from 0 to 1: rules that change them, verbs, and measures.

The opinions of a run are in the table `state`, one row for each change.
"""

from collections.abc import Iterable

from simnet.agents.behaviours.opinion_rules import (
    Deffuant,
    FriedkinJohnsen,
    degroot,
    states_opinion,
)
from simnet.scenario.opinion_dynamics import opinion_dynamics
from simnet.world.state.opinions import anchored, averaged, bounded_confidence
from simnet.world.verbs.attitudes import Adapt, AdaptAll, HoldOpinion, Meet, MeetMany


def clusters(opinions: Iterable[float], gap: float, least: float = 0.0) -> list[float]:
    """List the mean opinion of each cluster, in ascending order.

    Opinions belong to one cluster while neighbours are less than `gap` apart. Clusters with fewer
    than `least`, 0 to 1, of all opinions are left out; bounded confidence leaves a few people at
    the ends of the scale, whom the literature calls wings.
    """
    ordered = sorted(opinions)
    groups: list[list[float]] = []
    for value in ordered:
        if groups and value - groups[-1][-1] < gap:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups if len(group) >= least * len(ordered)]


__all__ = [
    "Adapt",
    "AdaptAll",
    "Deffuant",
    "FriedkinJohnsen",
    "HoldOpinion",
    "Meet",
    "MeetMany",
    "anchored",
    "averaged",
    "bounded_confidence",
    "clusters",
    "degroot",
    "opinion_dynamics",
    "states_opinion",
]
