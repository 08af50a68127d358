"""What is kept on a cluster and which runs are there."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError
from ray.util import list_named_actors

from simnet.runtime.ray.engines.borrowed_engines import NAMESPACE
from simnet.runtime.ray.engines.engine_keeper import KeptState
from simnet.runtime.ray.session.connection import connect, disconnect
from simnet.runtime.ray.session.daemon_call import in_daemon_thread

_ANSWER_SECONDS = 5.0
"""Wall seconds that whoever keeps engines has to answer."""
_SCHEDULER = "/scheduler"


class SeenRun(NamedTuple):
    """A run on a cluster."""

    run: str
    actors: int
    engines: Sequence[str]
    """The names of the kept engines that it uses; none if it has its own."""


class Listing(NamedTuple):
    """One cluster."""

    address: str
    kept: Sequence[KeptState]
    silent: Sequence[str]
    """Names of kept engines whose keeper does not answer: it is being started again."""
    runs: Sequence[SeenRun]


async def list_clusters(addresses: Iterable[str]) -> list[Listing]:
    """List what is at each address. Raises RunError where there is no cluster."""
    found = []
    for address in addresses:
        connected = await connect(address)
        try:
            found.append(await _listing(address))
        finally:
            if connected:
                disconnect()
    return found


async def _listing(address: str) -> Listing:
    named: list[dict[str, Any]] = await in_daemon_thread(
        lambda: list_named_actors(all_namespaces=True)
    )
    kept, silent = [], []
    for name in sorted(one["name"] for one in named if one["namespace"] == NAMESPACE):
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                keeper = ray.get_actor(name, namespace=NAMESPACE)
                kept.append(await keeper.describe_state.remote())
        except (RayError, TimeoutError, ValueError):
            silent.append(name)
    users: dict[str, list[str]] = {}
    for state in kept:
        for share in state.runs:
            users.setdefault(share.client, []).append(state.name)
    actors = Counter(one["namespace"] for one in named)
    runs = [
        SeenRun(run, actors[one["namespace"]], users.get(run, []))
        for one in named
        if one["name"].endswith(_SCHEDULER)
        for run in (one["name"].removesuffix(_SCHEDULER),)
    ]
    return Listing(address, kept, silent, sorted(runs))
