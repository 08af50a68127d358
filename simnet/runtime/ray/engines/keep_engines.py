"""Keeps engines up on a Ray cluster, in the foreground or for good, and ends them."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError

from simnet.errors import ActorDiedError, UsageError
from simnet.foundation.posix import STOPPING
from simnet.inference.backend import Backend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.runtime.kept_engines import (
    address_of,
    check_name,
    environment_address,
    note_serving,
)
from simnet.runtime.nodes.cluster_wishes import NO_WISHES, ClusterWishes, check_address
from simnet.runtime.ray.engines.borrowed_engines import NAMESPACE, keeper_named
from simnet.runtime.ray.engines.engine_keeper import EngineKeeper
from simnet.runtime.ray.engines.llm_server import MAX_CONCURRENCY
from simnet.runtime.ray.forwarded_logs import here
from simnet.runtime.ray.proxies import unwrapped
from simnet.runtime.ray.session import nodes
from simnet.runtime.ray.session.connection import connect, disconnect

_LOOK_SECONDS = 0.5
_CLOSE_SECONDS = 20.0
"""Wall seconds in which engines may end by themselves."""


@dataclass(frozen=True, kw_only=True)
class EnginesToKeep:
    """What `simnet serve` is asked for. Raises UsageError."""

    name: str
    backend: Backend
    address: str | None = None
    """The cluster; None starts Ray on this machine, which ends with this process."""
    wishes: ClusterWishes = NO_WISHES
    detach: bool = False
    """Whether the engines stay up when this process ends."""

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.address is not None:
            check_address(self.address)
        if self.detach and self.address is None:
            raise UsageError(
                "a Ray that this command starts ends with it, so its engines cannot be detached; "
                "name a cluster with --address, or leave out --detach"
            )
        if isinstance(self.backend, OpenAIBackend):
            raise UsageError(
                "an endpoint is kept up by whoever runs it; runs use it with --backend openai "
                "--base-url URL"
            )


async def keep_engines(wanted: EnginesToKeep, report: Callable[[str], None]) -> None:
    """Start engines; return at once if they are detached, else when a signal or a stop ended them.

    `report` gets a line for each step and for all that happens to them. Raises UsageError for a
    name that is taken, RunError if they do not start or are given up.
    """
    report("starting Ray" if wanted.address is None else f"connecting to {wanted.address}")
    connected = await connect(wanted.address)
    stopped = _stop_signals()  # Ray has replaced the handlers
    keeper: ActorHandle | None = None
    note: Path | None = None
    try:
        if keeper_named(wanted.name) is not None:
            raise UsageError(
                f"engines are kept as {wanted.name!r} already; see `simnet ps`, and stop them "
                f"with: simnet serve --stop {wanted.name}"
            )
        wanted = await _settled(wanted, report)
        keeper = make_keeper(wanted)
        if not await _until(stopped, _started(keeper, report)):
            return
        address = str(ray.get_runtime_context().gcs_address)
        if wanted.address is None:
            note = note_serving(address, os.environ.get("RAY_AUTH_TOKEN", ""), wanted.name)
        report(f"{wanted.name} is up at {address} and serves {wanted.backend.recorded_name}")
        if wanted.detach:
            keeper = None  # which outlives this process
        else:
            await _until(stopped, _watched(keeper, report))
    finally:
        if note is not None:
            note.unlink(missing_ok=True)
        if keeper is not None:
            await end_keeper(keeper)
        if connected:
            disconnect()


async def stop_engines(name: str, address: str | None) -> None:
    """End the engines of a name. Raises UsageError if there are none."""
    where = address or address_of(name) or environment_address()
    if where is None:
        raise UsageError(
            f"no `simnet serve` of this machine keeps engines called {name}; name the cluster "
            "with --address"
        )
    connected = await connect(where)
    try:
        keeper = keeper_named(name)
        if keeper is None:
            raise UsageError(f"no engines are kept under the name {name!r} at {where}")
        await end_keeper(keeper)
    finally:
        if connected:
            disconnect()


def make_keeper(wanted: EnginesToKeep) -> ActorHandle:
    """Make the actor that keeps the engines, whose model is ready."""
    options = {
        "name": wanted.name,
        "namespace": NAMESPACE,
        "lifetime": "detached" if wanted.detach else "non_detached",  # ends with this process
        "num_cpus": 0,
        "max_restarts": -1,
        "max_concurrency": MAX_CONCURRENCY,
        "enable_task_events": False,
        "scheduling_strategy": here(soft=True),  # where its logs are looked for
    }
    keeper: ActorHandle = (
        ray.remote(EngineKeeper)
        .options(**options)
        .remote(wanted.name, wanted.backend, wanted.wishes)
    )
    return keeper


async def end_keeper(keeper: ActorHandle) -> None:
    """Close the engines and end their actors, whatever state they are in."""
    with suppress(RayError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await keeper.close.remote()
    with suppress(RayError):
        ray.kill(keeper)


def _stop_signals() -> asyncio.Event:
    """Return what the first signal sets that stops the command."""
    stopped = asyncio.Event()
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` has SIGHUP ignored
            with suppress(ValueError, RuntimeError):  # raised outside the main thread
                asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _settled(wanted: EnginesToKeep, report: Callable[[str], None]) -> EnginesToKeep:
    """Return what to keep with its model found, for the devices that the cluster has."""
    backend = wanted.backend
    if wanted.address is not None:
        backend = backend.on_cluster((await nodes.view()).on(wanted.wishes.engines_on).gpus)
    return replace(wanted, backend=backend.ready(report))


async def _until(stopped: asyncio.Event, work: Awaitable[Any]) -> bool:
    """Await work; return False if a signal came before it was done."""
    task, signalled = asyncio.ensure_future(work), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({task, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        return task.done()
    finally:
        for one in (task, signalled):
            one.cancel()
        await asyncio.gather(task, signalled, return_exceptions=True)


async def _started(keeper: ActorHandle, report: Callable[[str], None]) -> None:
    """Return once the engines are up, and report how they start."""
    news = asyncio.create_task(_reported(keeper, report))
    try:
        with unwrapped():
            await keeper.start.remote()
    finally:
        news.cancel()
        await asyncio.gather(news, return_exceptions=True)


async def _watched(keeper: ActorHandle, report: Callable[[str], None]) -> None:
    """Report what happens until the engines are stopped. Raises RunError if they are given up."""
    try:
        await _reported(keeper, report, await _count(keeper))
    except ActorDiedError:
        report("the engines were stopped")


async def _count(keeper: ActorHandle) -> int:
    with unwrapped():
        return len(await keeper.news.remote(0))


async def _reported(keeper: ActorHandle, report: Callable[[str], None], seen: int = 0) -> None:
    while True:
        with unwrapped():
            lines = await keeper.news.remote(seen)
            await keeper.check.remote()
        seen += len(lines)
        for line in lines:
            report(line)
        await asyncio.sleep(_LOOK_SECONDS)
