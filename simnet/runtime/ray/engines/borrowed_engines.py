"""Engines that a run borrows: others keep them, so it neither starts nor ends them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError

from simnet.errors import RunError, UsageError
from simnet.inference.backend import Backend
from simnet.runtime.ray import proxies
from simnet.runtime.ray.engines.engine_pool import Engine
from simnet.runtime.ray.engines.sampled_engine import SampledEngine

NAMESPACE = "simnet-engines"
"""The namespace of Ray in which the actors that keep engines have their names."""


class BorrowedEngines:
    """The kept engines that a run uses, by the names that cohorts give their models."""

    def __init__(self, kept: Mapping[str | None, str], run: str) -> None:
        """Take the names of kept engines, and the id of the run."""
        self._kept = kept
        self._run = run
        self._lenders: dict[str | None, ActorHandle] = {}
        self.clients: dict[str | None, str] = {}
        """What the engines call this run."""
        self.servers: dict[str | None, Sequence[ActorHandle]] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    async def borrow(self) -> list[tuple[Engine, SampledEngine]]:
        """Return the engines, all of which are up. Raises RunError if there are none any more."""
        found: list[tuple[Engine, SampledEngine]] = []
        job = ray.get_runtime_context().get_job_id()
        for name, kept in self._kept.items():
            lender = keeper_named(kept)
            if lender is None:
                raise RunError(f"the engines {kept!r} are not kept any more; see: simnet ps")
            with proxies.unwrapped():
                lent = await lender.lend.remote(self._run, job)
            self._lenders[name] = lender
            self.clients[name], self.servers[name] = lent.client, lent.servers
            for number, server in enumerate(lent.servers):
                found.append((Engine(name, number, lent.backend), SampledEngine(server)))
        return found

    async def give_back(self) -> None:
        """Have the calls of this run aborted that are under way."""
        for name, lender in self._lenders.items():
            with suppress(RayError):  # an engine that has ended has no calls
                await lender.give_back.remote(self.clients[name])
        self._lenders.clear()
        self.clients.clear()
        self.servers.clear()


def keeper_named(name: str) -> ActorHandle | None:
    """Return the actor that keeps the engines of a name on this cluster; None if there is none."""
    try:
        return ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return None


async def backend_of(name: str) -> Backend:
    """Return what the kept engines of a name serve. Raises UsageError if there are none."""
    keeper = keeper_named(name)
    if keeper is None:
        raise UsageError(
            f"no engines are kept under the name {name!r} on this cluster; see what is kept with "
            f"`simnet ps`, and keep some with: simnet serve MODEL --name {name}"
        )
    with proxies.unwrapped():
        backend: Backend = await keeper.describe.remote()
    return backend
