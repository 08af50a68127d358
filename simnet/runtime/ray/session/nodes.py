"""The nodes of the cluster that this process is connected to, as Ray lists them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import ray

from simnet.runtime.nodes.cluster_view import ClusterView, Node
from simnet.runtime.nodes.labels import Labels
from simnet.runtime.ray.session.daemon_call import in_daemon_thread

NODE_ID = "ray.io/node-id"
"""The label that Ray gives to every node."""
ANSWER_SECONDS = 3.0
"""Wall seconds in which a node that lives accepts a connection."""
TRIES = 2
"""Connections that are tried before a node counts as silent."""


async def view() -> ClusterView:
    """List the nodes, that of this process first, those that answer apart from those that do not.

    With Ray's default health checks a node that died is listed for some 15 s, one that was cut
    off for a minute or two. An actor that is placed there dies or waits.
    """
    listed = await in_daemon_thread(ray.nodes)
    alive = [entry for entry in listed if entry["Alive"]]
    here = ray.get_runtime_context().get_node_id()
    alive.sort(key=lambda entry: (entry["NodeID"] != here, entry["NodeID"]))
    there = await asyncio.gather(*(_answers(entry) for entry in alive))
    return ClusterView(
        tuple(_node(entry) for entry, answers in zip(alive, there, strict=True) if answers),
        tuple(_node(entry) for entry, answers in zip(alive, there, strict=True) if not answers),
    )


def _node(entry: dict[str, Any]) -> Node:
    resources = entry["Resources"]
    return Node(
        str(entry["NodeID"]),
        str(entry["NodeManagerHostname"]),
        float(resources.get("CPU", 0)),
        float(resources.get("GPU", 0)),
        float(resources.get("memory", 0)),
        dict(entry.get("Labels", {})),
    )


async def _answers(entry: dict[str, Any]) -> bool:
    """Tell whether the raylet of a node accepts connections."""
    for _ in range(TRIES):
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(
                    entry["NodeManagerAddress"], entry["NodeManagerPort"]
                )
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False


def selector(conditions: Labels, silent: Sequence[Node]) -> dict[str, str]:
    """Return the label selector of actors that go to nodes which answer.

    Conditions on the ids of nodes are those of the user, who knows which node that is.
    """
    chosen = dict(conditions)
    if silent:
        chosen.setdefault(NODE_ID, f"!in({','.join(node.id for node in silent)})")
    return chosen
