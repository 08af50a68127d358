"""Starts the actors of a run on Ray, drives it and shuts them down."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import ray

from simnet.errors import ActorDiedError, RunError
from simnet.foundation.hard_exit import end_process
from simnet.inference.backend import Backend
from simnet.joining.humans import Humans
from simnet.recording.reading.recorded_replies import Recorded
from simnet.runtime.nodes.cluster_view import ClusterView
from simnet.runtime.nodes.cluster_wishes import NO_WISHES, ClusterWishes
from simnet.runtime.placement import PersonasPerActor, Placement
from simnet.runtime.ray import proxies
from simnet.runtime.ray.actors_of_run import ActorsOfRun
from simnet.runtime.ray.agents.agent_actors import AgentActors, options_of_agents
from simnet.runtime.ray.agents.agent_placement import place_agents
from simnet.runtime.ray.agents.desk_actor import PeopleOfRun
from simnet.runtime.ray.engines.engine_pool import EnginePool
from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun
from simnet.runtime.ray.engines.shared_engines import RunEngines, SharedEngines, engines_for
from simnet.runtime.ray.forwarded_logs import here
from simnet.runtime.ray.record_keeper import RecordKeeper
from simnet.runtime.ray.run_proxies import RemoteRecord
from simnet.runtime.ray.scheduler_actor import SchedulerActor
from simnet.runtime.ray.session import nodes
from simnet.runtime.ray.session.connection import connect, resolved
from simnet.runtime.ray.session.head_watch import HeadWatch
from simnet.runtime.ray.session.local_ray import InterruptedStartError, stop_ray
from simnet.runtime.ray.session.quick_end import end_connection
from simnet.runtime.restart_policy import RESTARTS
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.driver import Phases
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import Finish, Progress
from simnet.scheduler.rows.disk_retry import DiskRetry, pause_text
from simnet.scheduler.tracing.trace_settings import TraceSettings


class Cluster:
    """The actors of one run. Use it as an async context manager.

    When it ends with ActorDiedError, its engines go on for the Cluster that is made `after` it,
    which needs no time to load the models again; `close` ends them otherwise.
    """

    def __init__(
        self,
        scenario: Scenario,
        models: Mapping[str | None, Backend],
        folder: Path,
        *,
        address: str | None = None,
        personas_per_actor: PersonasPerActor = "auto",
        modules: Sequence[ModuleType] = (),
        restarts: int = RESTARTS,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        on_error: OnError = "stop",
        force: bool = False,
        humans: Humans | None = None,
        wishes: ClusterWishes = NO_WISHES,
        after: "Cluster | None" = None,
        prefetch: Prefetch = NO_PREFETCH,
        trace: TraceSettings | None = None,
        engines: SharedEngines | None = None,
        kept: Mapping[str | None, str] | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what to run and where; `models` are by the names that cohorts give them.

        `modules` are modules of the scenario that other processes cannot import: their code is
        sent along. `restarts` is how often a model server that died is restarted before the run
        fails. `engines` are shared with other runs of the process; `kept` names engines that others
        keep, by their models. `report` gets a line for each step.
        """
        self._scenario, self._models, self._folder = scenario, models, folder.resolve()
        self._address: str | None = address if after is None else after.address
        self._per_actor, self._report, self._modules = personas_per_actor, report, modules
        self._continuation = continuation.located() if continuation else None
        self._budget, self._on_error, self._prefetch = budget, on_error, prefetch
        self._force, self._wishes, self._trace = force, wishes, trace
        self._people = PeopleOfRun(humans, self._folder)
        self._started_ray, self._head, earlier = after.released() if after else (False, None, None)
        self._rebuilt = after is not None
        self._shared = engines
        self._engines = earlier or engines_for(
            models, self._folder, report, engines, kept or {}, wishes=wishes, restarts=restarts
        )
        self._actors = ActorsOfRun(self._folder)
        self.phases = Phases()
        self.placement: Placement | None = None
        self.epoch: int | None = after.epoch if after is not None else None

    async def __aenter__(self) -> Self:
        try:
            await self._connect()
            await self._guarded(self._start())
        except BaseException as error:
            await self._shut_down(error)
            raise
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._shut_down(error)

    async def _connect(self) -> None:
        self._address = self._address and resolved(self._address)
        self._report("starting Ray" if self._address is None else f"connecting to {self._address}")
        try:
            connecting = self._shared.connect() if self._shared else connect(self._address)
            self._started_ray |= await connecting
        except InterruptedStartError:
            await asyncio.sleep(1)  # the event loop learns of the signal and cancels this task
            raise
        if self._address is not None and self._head is None:
            self._head = HeadWatch(ray.get_runtime_context().gcs_address)
            self._head.begin()
        self.phases.end("ray")

    async def _guarded(self, work: Any) -> Any:
        return await (self._head.guard(work) if self._head is not None else work)

    async def _start(self) -> None:
        for module in self._modules:
            ray.cloudpickle.register_pickle_by_value(module)
        view = await nodes.view()
        self.placement = placement = self._place(view)
        self._report(f"starting {placement.describe()}")
        # Engines take longest to start, so the agents are started meanwhile.
        pool = await self._engine_pool()
        make_here = partial(self._actors.make, scheduling_strategy=here(soft=False))
        self._recorder = make_here(RecordKeeper, self._folder, name="recorder")
        self._actors.forward_logs_to(self._recorder)
        self._engines.log_to(self._recorder)  # those that are up hear of a new recorder
        await self._people.start(make_here)
        # From now on no other recorder can add to the record, which is read below.
        await self._open_record()
        agents = AgentActors(
            self._scenario,
            self._models,
            placement,
            self._continuation,
            looks_ahead=self._prefetch.on,
            clients=self._engines.clients,
        )
        hosts = agents.make(
            self._actors.make,
            self._engines.servers,
            self._people,
            await self._recorded(),
            options_of_agents(view, placement, self._wishes),
            self._wishes,
        )
        play = (ray.put(self._scenario), hosts, placement, self._recorder, self._continuation)
        how = (self._budget, self._on_error, self._prefetch, self._trace)
        # Its process starts beside those of the agents.
        self._scheduler = make_here(SchedulerActor, *play, *how, name="scheduler")
        await asyncio.gather(*(self._call(actor.start) for actor in hosts))
        self.phases.end("agents")
        self._report(f"waiting for {self._engines.describe()}")
        await pool.up()
        self.phases.end("engine")
        await self._call(self._scheduler.start)  # a run that goes on reads its record

    async def _open_record(self) -> None:
        """Have the recorder take the next epoch; a full disk is waited for."""

        async def open_once() -> None:
            before, self.epoch = self.epoch, None  # unknown if the recorder dies meanwhile
            self.epoch = await self._call(self._recorder.start, before and before + 1)

        retry = DiskRetry(lambda why: self._report(pause_text(why)))
        await retry.until_done(open_once, open_once)

    def _place(self, view: ClusterView) -> Placement:
        what = (self._scenario, self._continuation, self._per_actor, self._wishes)
        there = self._address is not None
        return place_agents(*what, view=view, on_cluster=there, force=self._force)

    async def _engine_pool(self) -> EnginePool:
        """Return the engines, which load their models from now on unless they did before."""
        if self._engines.pool is None:
            return await self._engines.make(rebuilt=self._rebuilt)
        return await self._engines.again()

    async def _recorded(self) -> Recorded | None:
        if self._continuation is None:
            return None
        self._report("reading what was recorded")
        handles = self._people.handles
        recorded = await asyncio.to_thread(Recorded.load, self._continuation.run, handles)
        self.phases.end("reading")
        return recorded

    async def _call(self, method: Any, *arguments: object) -> Any:
        with proxies.unwrapped():
            return await method.remote(*arguments)

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and a Finish as the last item."""
        pool = self._engines.pool
        assert pool is not None
        updates = proxies.stream(self._scheduler.run)
        if self._head is not None:
            updates = self._head.guarded(updates)
        try:
            async for update in updates:
                if isinstance(update, Finish):
                    await pool.last_sample()
                elif pool.failure is not None:
                    raise pool.failure  # others may still answer, but the run is not as planned
                yield pool.with_statistics(update)
        except RunError as error:
            if pool.failure in {None, error}:
                raise
            raise pool.failure from error

    def refreshed(self, progress: Progress) -> Progress:
        """Return a report with the newest statistics of the models."""
        return self._engines.pool.refreshed(progress) if self._engines.pool else progress

    def stop(self) -> None:
        """Start no more turns; `run` ends once those in flight are recorded."""
        if hasattr(self, "_scheduler"):
            self._scheduler.stop.remote()
        self._engines.postpone()

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append rows that do not come from the scheduler."""
        await self._guarded(RemoteRecord(self._recorder).write(batches))

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        await self._guarded(self._call(self._recorder.seal))
        self.phases.end("sealing")

    async def _shut_down(self, error: BaseException | None) -> None:
        """End the actors, and all else unless another Cluster may come after this one."""
        if self._lost:
            await self.close()
            return
        if self._actors and ray.is_initialized():
            await self._people.stop()
            self._actors.kill()
        self._actors.forget()
        if (pool := self._engines.pool) is not None and pool.failure is not None:
            await self._engines.close()
        if not isinstance(error, ActorDiedError):
            await self.close()
        self.phases.end("shutdown")

    @property
    def address(self) -> str | None:
        """The HOST:PORT of the cluster; None for the Ray of this run."""
        return self._address

    @property
    def _lost(self) -> bool:
        return bool(self._head and self._head.lost)

    def released(self) -> tuple[bool, HeadWatch | None, RunEngines | None]:
        """Give up the connection and the engines, to the Cluster that comes after this one."""
        held = self._started_ray, self._head, self._engines if self._engines.pool else None
        self._started_ray, self._head = False, None
        self._engines = EnginesOfRun(self._models, self._folder, self._report)
        return held

    async def close(self) -> None:
        """Close the engines and, if this run connected to Ray, end the connection."""
        lost = self._lost
        if self._head is not None:
            await self._head.stop()
            self._head = None
        if lost:
            self._actors.forget()
            await end_connection()
            return
        if ray.is_initialized():
            await self._engines.close()
        if self._started_ray:
            self._started_ray = False
            stop_ray()

    def abandon(self, number: signal.Signals) -> None:
        """End this process and all it started at once, after a second signal."""
        if self._address is None and (self._started_ray or self._shared):
            stop_ray()
        end_process(128 + number)
