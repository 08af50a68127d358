"""The actor of the scheduler: a thin shell around a Driver."""

import os
from collections.abc import AsyncIterator
from functools import partial

from ray.actor import ActorHandle

from simnet.foundation import log
from simnet.runtime.gc_tuning import collect_rarely
from simnet.runtime.placement import Placement
from simnet.runtime.ray.actor_ready import Ready
from simnet.runtime.ray.progress_log import log_progress
from simnet.runtime.ray.run_gauges import RunGauges, published
from simnet.runtime.ray.run_proxies import RemoteAgentPool, RemoteRecord
from simnet.runtime.ray.user_code_process import set_up
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.driver import Driver
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import Finish, Progress
from simnet.scheduler.tracing.trace_settings import TraceSettings

_LOG = log.get("simnet.scheduler")


class SchedulerActor:
    """Holds the kernel and its driver."""

    def __init__(
        self,
        scenario: Scenario,
        hosts: list[ActorHandle],
        placement: Placement,
        recorder: ActorHandle,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        on_error: OnError = "stop",
        prefetch: Prefetch = NO_PREFETCH,
        trace: TraceSettings | None = None,
        logs: log.ActorLogs | None = None,
    ) -> None:
        set_up(logs)
        self._run = logs.run.name if logs is not None else None
        agent_pool, record = RemoteAgentPool(hosts, placement), RemoteRecord(recorder)
        self._make_driver = partial(
            Driver,
            scenario,
            agent_pool,
            record,
            continuation,
            budget,
            on_error=on_error,
            prefetch=prefetch,
            trace=trace,
        )
        self._driver: Driver | None = None
        self._stopped = False

    async def start(self) -> Ready:
        """Make the kernel."""
        self._driver = self._make_driver()
        collect_rarely()
        return Ready("scheduler", os.getpid())

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and a Finish as the last item."""
        with log.failures(_LOG, "the run failed"):
            assert self._driver is not None
            if self._stopped:
                self._driver.stop()
            updates = log_progress(self._driver.run())
            if self._run is not None:
                updates = published(updates, RunGauges(self._run))
            async for update in updates:
                yield update

    async def stop(self) -> None:
        """Start no more turns."""
        _LOG.info("stopping")
        self._stopped = True
        if self._driver is not None:
            self._driver.stop()
