"""Asks every node of the cluster what is installed on it, by a task of Ray on each."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.runtime.nodes.cluster_view import Node
from simnet.runtime.nodes.needed_code import NOTHING_NEEDED, NeededCode
from simnet.runtime.nodes.node_versions import MODULE, PACKAGES, NodeVersions
from simnet.runtime.ray.session.daemon_call import in_daemon_thread

ANSWER_SECONDS = 30.0
"""Wall seconds in which a node has to start a process and answer."""
_SOURCE = """
def installed(names, modules):
    import platform
    from importlib import metadata, util
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    for name in modules:
        if util.find_spec(name) is not None:
            found["%s" + name] = ""
    return found
""".replace("%s", MODULE)
"""The task. It is sent as text, so that a node without simnet can tell so."""


def installed_here(needed: NeededCode = NOTHING_NEEDED) -> dict[str, str]:
    """Return what a node would answer, of this process."""
    places = {f"{MODULE}{name}": str(file) for name, file in needed.modules.items()}
    return {**_task()(_names(needed), ()), **needed.distributions, **places}


async def ask_versions(
    nodes: Sequence[Node], needed: NeededCode = NOTHING_NEEDED
) -> list[NodeVersions]:
    """Ask the nodes at once; of one that does not answer in time the reason is in its place."""
    return list(await asyncio.gather(*(_ask(node, needed) for node in nodes)))


def _names(needed: NeededCode) -> list[str]:
    return list(dict.fromkeys([*PACKAGES, *needed.distributions]))


async def _ask(node: Node, needed: NeededCode) -> NodeVersions:
    def ask() -> dict[str, str]:
        remote = ray.remote(num_cpus=0, max_retries=0)(_task())
        place = NodeAffinitySchedulingStrategy(node.id, soft=False)
        placed = remote.options(scheduling_strategy=place)
        asked = placed.remote(_names(needed), list(needed.modules))
        answer: dict[str, str] = ray.get(asked, timeout=ANSWER_SECONDS)
        return answer

    try:
        return NodeVersions(node.host, await in_daemon_thread(ask))
    except RayError as error:
        why = f"did not say what is installed on it: {str(error).splitlines()[0]}"
        return NodeVersions(node.host, {}, why)


def _task() -> Callable[[Sequence[str], Sequence[str]], dict[str, str]]:
    """Make the function of no module, which is therefore sent by value."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(_SOURCE, space)  # noqa: S102  (the text above)
    function: Callable[[Sequence[str], Sequence[str]], dict[str, str]] = space["installed"]
    return function
