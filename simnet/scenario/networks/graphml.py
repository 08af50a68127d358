"""Pairs of nodes from GraphML files."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from simnet.datafiles import Content
from simnet.errors import InputError

NAMES = ("handle", "id", "label", "name")
"""Data of a node that may hold its handle, before the node's own id."""
Nodes: TypeAlias = Callable[[Sequence[str]], str]
"""Chooses a node's handle among the names that its data hold."""


def graphml_pairs(content: Content, name_of: Nodes) -> Iterator[tuple[str, str]]:
    """Read the ends of edges; undirected edges come both ways.

    Raises InputError for a file that cannot be read.
    """
    import rustworkx  # noqa: PLC0415  (slow to import)

    if content.packing:
        raise InputError(f"{content.path}: compressed GraphML cannot be read; unpack it first")
    try:
        graphs = rustworkx.read_graphml(str(content.path))
    except Exception as error:  # noqa: BLE001  (what rustworkx raises for a broken file)
        raise InputError(f"{content.path}: it is not GraphML that can be read: {error}") from None
    for graph in graphs:
        names = {node: name_of(_names(graph[node])) for node in graph.node_indices()}
        both_ways = isinstance(graph, rustworkx.PyGraph)
        for source, target in graph.edge_list():
            yield names[source], names[target]
            if both_ways:
                yield names[target], names[source]


def _names(data: dict[str, object]) -> list[str]:
    return [str(data[name]) for name in NAMES if data.get(name) is not None]
