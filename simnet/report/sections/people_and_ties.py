"""The network at the end of a run: its communities, and a picture of those with most ties."""

from collections import Counter
from typing import Any

import networkx as nx
import numpy as np

from simnet.analysis.network_communities import communities_of
from simnet.recording.reading.run import Run
from simnet.report.parts import Facts, Notes, Picture, Section
from simnet.report.pictures.run_charts import network_picture
from simnet.report.run_tables import RunTables

_DRAWN_PEOPLE = 220
_DRAWN_TIES = 1_500
_MOST_TIES = 200_000
"""Of networks with more ties, communities are sought among the people with most ties alone."""
_MOST_GROUPS = 7
SMALL = "smaller ones"


def network(tables: RunTables) -> Section:
    """Show who follows whom at the end, with the communities that Louvain's method finds."""
    ties = last_ties(tables.run)
    if not ties:
        return Section("network", "Network", [Notes(["Nobody follows anybody."])])
    followers: Counter[str] = Counter(followee for _, followee in ties)
    degree: Counter[str] = Counter(who for tie in ties for who in tie)
    cohorts = dict(
        zip(
            tables.personas["id"].to_pylist(),
            tables.personas["cohort"].to_pylist(),
            strict=True,
        )
    )
    whole = len(ties) <= _MOST_TIES
    core = {who for who, _ in degree.most_common(5_000)}
    edges = ties if whole else [(a, b) for a, b in ties if a in core and b in core]
    parts, modularity = communities_of(edges)
    groups = {who: number for number, part in enumerate(parts) for who in part}
    facts = [
        ("People", f"{len(cohorts):,}"),
        ("Ties", f"{len(ties):,}"),
        ("Ties that go both ways", f"{reciprocity(ties):.1%}"),
        ("Most followers", f"{max(followers.values()):,}"),
        ("Communities", f"{len(parts):,}"),
        ("Modularity", f"{modularity:.3f}"),
    ]
    picture = _picture(ties, groups, degree, followers, cohorts)
    intro = (
        "Communities are those of Louvain's method (Blondel et al. 2008, as in networkx) on the "
        "undirected graph; modularity says how much more ties are inside them than by chance."
    )
    if not whole:
        intro += f" They are of the {len(core):,} people with most ties, as there are so many."
    return Section("network", "Network", [Facts(facts), picture], intro)


def last_ties(run: Run) -> list[tuple[str, str]]:
    """List who follows whom at the end, in the order in which the ties were made."""
    ties: dict[tuple[str, str], None] = {}
    for batch in run.batches("network", ["follower", "followee", "change"]):
        columns = (batch[name].to_pylist() for name in ("follower", "followee", "change"))
        for follower, followee, change in zip(*columns, strict=True):
            if change == "unfollow":
                ties.pop((follower, followee), None)
            else:
                ties[follower, followee] = None
    return list(ties)


def reciprocity(ties: list[tuple[str, str]]) -> float:
    """Return the share of ties that go both ways."""
    known = set(ties)
    return sum((b, a) in known for a, b in ties) / len(ties)


def _picture(
    ties: list[tuple[str, str]],
    groups: dict[str, int],
    degree: Counter[str],
    followers: Counter[str],
    cohorts: dict[str, str],
) -> Picture:
    people = sorted(degree, key=lambda who: (-degree[who], who))[:_DRAWN_PEOPLE]
    drawn = set(people)
    inner = [(a, b) for a, b in ties if a in drawn and b in drawn]
    shown = inner
    if len(inner) > _DRAWN_TIES:
        chosen = np.random.default_rng(0).choice(len(inner), _DRAWN_TIES, replace=False)
        shown = [inner[place] for place in sorted(chosen.tolist())]
    graph: Any = nx.Graph()
    graph.add_nodes_from(people)
    graph.add_edges_from(inner)
    places = nx.spring_layout(graph, seed=0, iterations=60, method="force")
    names = {who: _name(groups.get(who)) for who in people}
    rows: list[dict[str, Any]] = [
        {"kind": "tie", "x": float(places[a][0]), "y": float(places[a][1]),
         "x2": float(places[b][0]), "y2": float(places[b][1]), "who": a, "whom": b}
        for a, b in shown
    ]  # fmt: skip
    rows += [
        {"kind": "person", "x": float(places[who][0]), "y": float(places[who][1]), "who": who,
         "community": names[who], "cohort": cohorts.get(who, ""), "followers": followers[who]}
        for who in people
    ]  # fmt: skip
    legend = sorted(set(names.values()), key=lambda name: (name == SMALL, name))
    parts = [] if len(people) == len(degree) else [
        f"The {len(people)} people with most ties, of {len(degree):,} with any."
    ]  # fmt: skip
    parts += [f"{len(shown):,} of {len(inner):,} ties among them, drawn at random."] * (
        len(shown) < len(inner)
    )
    return Picture(
        "network",
        "Who follows whom, by community",
        f"A graph of {len(people)} people and {len(shown):,} ties, coloured by community. Places "
        "are of a spring layout: those with many ties in common are near each other.",
        network_picture(rows, legend),
        rows,
        " ".join(parts),
    )


def _name(group: int | None) -> str:
    return SMALL if group is None or group >= _MOST_GROUPS else str(group + 1)
