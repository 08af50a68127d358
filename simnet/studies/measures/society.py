"""Measures of groups: echo chambers, communities, and opinions over time."""

import json
from collections.abc import Mapping
from math import ceil, inf
from typing import Any, Literal

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.network_communities import communities_of
from simnet.analysis.polarisation import like_minded
from simnet.clock import Seconds
from simnet.opinions import clusters
from simnet.recording.reading.run import Run
from simnet.studies.measure import NO_GROUP, Figure, Figures, Measure
from simnet.studies.measures.figure_groups import only
from simnet.studies.measures.run_length import end_of
from simnet.world.events import DONE
from simnet.world.state.opinions import OPINIONS

KRACKHARDT = "Krackhardt & Stern 1988, Informal networks and organizational crises"
BLONDEL = "Blondel, Guillaume, Lambiotte & Lefebvre 2008, Fast unfolding of communities"
NEWMAN = "Newman 2003, Mixing patterns in networks"


def echo_chamber(attribute: str) -> Measure:
    """Measure whom people are shown: the E-I index of exposures by an attribute, -1 to 1.

    -1 is only one's own group. Group `expected` is what uniformly drawn posts would give. Source:
    Krackhardt & Stern 1988, "Informal networks and organizational crises".
    """

    def found(run: Run) -> Figures:
        whole = like_minded(run, attribute)[-1]
        if not whole.exposures:
            return []
        return [Figure(whole.ei_index), Figure(1 - 2 * whole.expected, "expected")]

    groups = only(NO_GROUP, "expected")
    return Measure(f"E-I index of {attribute}", found, source=KRACKHARDT, groups=groups)


def communities(of: Literal["follows", "replies"] = "follows", seed: int = 0) -> Measure:
    """Measure how far the network falls apart: modularity of its best found communities.

    Louvain's method (Blondel et al. 2008) on the undirected graph, from networkx, drawn by `seed`;
    group `communities` is their number. Whoever has no tie is in none of them, as in the report of
    a run. No figure without ties.
    """

    def found(run: Run) -> Figures:
        ties = _ties(run, of)
        if not ties:
            return []
        parts, modularity = communities_of(ties, seed)
        return [Figure(modularity), Figure(len(parts), "communities")]

    groups = only(NO_GROUP, "communities")
    return Measure(f"modularity of {of}", found, source=BLONDEL, groups=groups)


def assortativity(attribute: str, of: Literal["follows", "replies"] = "follows") -> Measure:
    """Measure whether ties join the alike: Newman's assortativity of an attribute, -1 to 1.

    Source: Newman 2003, "Mixing patterns in networks", for values that are equal or not. People
    without the attribute are left out. No figure if there are no ties, or all are alike.
    """

    def found(run: Run) -> Figures:
        people = run.read("personas").select(["id", "attributes"]).to_pylist()
        found = {row["id"]: json.loads(row["attributes"]).get(attribute) for row in people}
        values = {who: str(value) for who, value in found.items() if value is not None}
        among = [tie for tie in _ties(run, of) if values.keys() >= set(tie)]
        if not among or len(set(values.values())) < 2:
            return []
        graph: nx.DiGraph[str] = nx.DiGraph(among)
        nx.set_node_attributes(graph, values, attribute)
        value = float(nx.attribute_assortativity_coefficient(graph, attribute))
        return [Figure(value)] if np.isfinite(value) else []

    name = f"assortativity of {attribute} in {of}"
    return Measure(name, found, source=NEWMAN, groups=only(NO_GROUP))


def _ties(run: Run, of: str) -> list[tuple[str, str]]:
    """List who follows, or replied to, whom at the end of a run, in the order of the record."""
    if of == "follows":
        ties: dict[tuple[str, str], None] = {}
        edges = run.read("network")
        columns = (edges[name].to_pylist() for name in ("follower", "followee", "change"))
        for follower, followee, change in zip(*columns, strict=True):
            if change == "unfollow":
                ties.pop((follower, followee), None)
            else:
                ties[follower, followee] = None
        return list(ties)
    events = run.read("events")
    replies = [verb for verb, relation in run.relations.items() if relation == "reply"]
    chosen = events.filter(
        pc.and_(pc.is_in(events["verb"], pa.array(replies)), pc.equal(events["outcome"], DONE))
    )
    pairs = zip(chosen["who"].to_pylist(), chosen["whom"].to_pylist(), strict=True)
    return [(who, whom) for who, whom in pairs if whom is not None and whom != who]


def opinions(*, every: Seconds | None = None, gap: float = 0.05) -> Measure:
    """Measure recorded numeric opinions: groups `mean`, `variance` and `clusters`.

    At the end of the run, or of every span of `every` simulated seconds; what changes after the end
    of the run is in the last. Opinions are from 0 to 1;
    a `gap` of that size between neighbours parts clusters. No figure where none is recorded.
    """

    def found(run: Run) -> Figures:
        held: dict[str, float] = {}
        figures: list[Figure] = []
        changes = [row for row in run.read("state").to_pylist() if row["name"] == OPINIONS]
        place = 0
        for time, until in _spans(run, every):
            while place < len(changes) and changes[place]["time"] <= until:
                _hold(held, changes[place])
                place += 1
            figures += _summary(held, gap, time)
        return figures

    name = "opinions" if every is None else f"opinions every {every:g} s"
    groups = only("mean", "variance", "clusters")
    return Measure(name, found, groups=groups, timed=every is not None)


def _spans(run: Run, every: Seconds | None) -> list[tuple[Seconds | None, Seconds]]:
    """List the times of figures, with the time until which what happened counts for each."""
    if every is None:
        return [(None, inf)]
    ends = [place * every for place in range(1, max(1, ceil(end_of(run) / every)) + 1)]
    return [*((end, end) for end in ends[:-1]), (ends[-1], inf)]


def _hold(held: dict[str, float], change: Mapping[str, Any]) -> None:
    if change["value"] is None:
        held.pop(change["key"], None)
    else:
        held[change["key"]] = float(json.loads(change["value"]))


def _summary(held: dict[str, float], gap: float, time: Seconds | None) -> list[Figure]:
    if not held:
        return []
    values = np.array(list(held.values()))
    return [
        Figure(float(values.mean()), "mean", time),
        Figure(float(values.var()), "variance", time),
        Figure(len(clusters(held.values(), gap=gap)), "clusters", time),
    ]
