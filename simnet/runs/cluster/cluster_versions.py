"""Asks a cluster what is installed on its nodes, without starting anything."""

from typing import NamedTuple

from simnet.runtime.nodes.cluster_view import ClusterView
from simnet.runtime.nodes.cluster_wishes import check_address
from simnet.runtime.nodes.node_versions import Difference, NodeVersions, differences


class ClusterVersions(NamedTuple):
    """A cluster, what its nodes have installed, and what of that differs from this process."""

    address: str
    view: ClusterView
    nodes: tuple[NodeVersions, ...]
    differences: tuple[Difference, ...]


async def versions_on(address: str) -> ClusterVersions:
    """Connect to a cluster, ask its nodes, and leave again.

    Raises RunError if there is no such cluster, UsageError for what is no address of one.
    """
    from simnet.runtime.ray.session import nodes  # noqa: PLC0415  (imports ray, which is slow)
    from simnet.runtime.ray.session.ask_versions import (  # noqa: PLC0415
        ask_versions,
        installed_here,
    )
    from simnet.runtime.ray.session.connection import (  # noqa: PLC0415
        connect_ahead,
        disconnect_ahead,
        resolved,
    )

    check_address(address)
    address = resolved(address)
    await connect_ahead(address)
    try:
        view = await nodes.view()
        answers = tuple(await ask_versions(view.nodes))
    finally:
        disconnect_ahead()
    return ClusterVersions(address, view, answers, tuple(differences(installed_here(), answers)))
