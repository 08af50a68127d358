"""Communities of a network, by Louvain's method."""

from collections.abc import Iterable
from typing import NamedTuple

import networkx as nx


class Communities(NamedTuple):
    """A division of those who have ties."""

    parts: list[set[str]]
    """Who is in each community, the largest first."""
    modularity: float
    """How much more ties are inside of them than by chance, -0.5 to 1."""


def communities_of(ties: Iterable[tuple[str, str]], seed: int = 0) -> Communities:
    """Divide those who have ties into communities, whichever way the ties go.

    The method is that of Blondel et al. 2008, "Fast unfolding of communities in large networks",
    from networkx, whose order of visits is drawn by `seed`. There must be a tie.
    """
    graph: nx.Graph[str] = nx.Graph(list(ties))
    parts = nx.community.louvain_communities(graph, seed=seed)
    modularity = float(nx.community.modularity(graph, parts))
    return Communities(sorted(parts, key=lambda part: (-len(part), min(part))), modularity)
