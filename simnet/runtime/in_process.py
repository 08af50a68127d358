"""Runs kernel, agents, model and record in this process, without Ray."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.model_handle import ModelHandle
from simnet.agents.person_turn import Seats
from simnet.agents.prefetch.early_turns import EarlyView
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting.fitting import Encoder, KnownReplies
from simnet.agents.turns import Inquiry
from simnet.clock import Seconds
from simnet.foundation.hard_exit import end_process
from simnet.inference.calls.statistics import Measured
from simnet.inference.model import Model, Postponing
from simnet.joining.desk import Desk, DeskModel
from simnet.joining.humans import Humans, handles_in
from simnet.joining.service import JoinService
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.agent_factory import agents_of, inquiry_of, profile_lookup
from simnet.runtime.answering import answers, early_answers, early_end
from simnet.runtime.gc_tuning import collecting_rarely
from simnet.runtime.models import DEFAULT, with_fallback_models
from simnet.runtime.placement import Placement, active_handles
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.driver import Driver, Phases
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import (
    Answer,
    EarlyAnswer,
    EngineState,
    Finish,
    Progress,
    Usage,
    with_engines,
)
from simnet.scheduler.tracing.trace_settings import TraceSettings
from simnet.world.state.posts import View


class LocalAgentPool:
    """One host for all agents, in this process."""

    def __init__(
        self,
        agents: Callable[[str], HostedAgent],
        model: Model | Mapping[str | None, ModelHandle],
        encoder: Encoder | None = None,
        *,
        replies: KnownReplies | None = None,
        profile_of: Callable[[str, Seconds], AgentProfile] | None = None,
        inquiry: Inquiry | None = None,
        seats: Seats | None = None,
        looks_ahead: bool = False,
    ) -> None:
        """Take what a Host takes."""
        self._looks_ahead = looks_ahead
        self._host = Host(
            agents,
            model,
            encoder,
            replies=replies,
            profile_of=profile_of,
            inquiry=inquiry,
            seats=seats,
            looks_ahead=looks_ahead,
        )

    def host_of(self, who: str) -> int:
        """Return 0: there is one host."""
        return 0

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Run the agents; yield their decisions as they are ready."""
        async for answer in answers(self._host, views):
            yield answer

    def close(self) -> None:
        """Abort all early turns."""
        if self._looks_ahead:
            self._host.early.end()

    async def look_ahead(self, host: int, views: Sequence[EarlyView]) -> AsyncIterator[EarlyAnswer]:
        """Play turns early; yield how they end."""
        async for answer in early_answers(self._host, views):
            yield answer

    async def forget(self, host: int, tickets: Sequence[int]) -> None:
        """Abort early turns."""
        self._host.early.forget(tickets)

    async def end_ahead(self, host: int) -> Usage:
        """Abort all early turns; return what early calls cost since the last answer."""
        return early_end(self._host)


class LocalRecord:
    """A recorder in this process, with a thread of its own: turns go on while the disk works."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simnet-record")

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches, after those of earlier calls, and return when they are on disk."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, batches)

    def _write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        for table, batch in batches:
            self._recorder.append(table, batch)
        self._recorder.commit()

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._recorder.seal)

    def close(self) -> None:
        """Wait for writes under way, then close the files."""
        self._thread.shutdown()
        self._recorder.close()


class InProcess:
    """The parts of one run, all in this process."""

    def __init__(
        self,
        scenario: Scenario,
        models: Mapping[str | None, Model],
        folder: Path,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        *,
        on_error: OnError = "stop",
        humans: Humans | None = None,
        prefetch: Prefetch = NO_PREFETCH,
        trace: TraceSettings | None = None,
    ) -> None:
        """Take what to run; `models` are by the names that cohorts give them.

        Made inside a running event loop, whose clock the scheduler reads.
        """
        switches = continuation.switches if continuation else ()
        scenarios = [scenario, *(switch.scenario for switch in switches)]
        all_models = with_fallback_models(models, scenarios) if len(models) > 1 else models
        self._models = models
        recorder = Recorder(folder)
        self.epoch: int | None = recorder.epoch
        self._record = LocalRecord(recorder)
        seats, self._service = None, None
        if humans is not None:
            desk = Desk(humans)
            self._service = JoinService(desk, folder)
            seats = Seats(frozenset(humans.handles), DeskModel(desk))
        self._agent_pool = agent_pool = LocalAgentPool(
            agents_of(scenario),
            {name: ModelHandle(model) for name, model in all_models.items()},
            replies=Recorded.load(continuation.run, handles_in(humans)) if continuation else None,
            profile_of=profile_lookup(scenario, switches) if switches else None,
            inquiry=inquiry_of(scenario, switches),
            seats=seats,
            looks_ahead=prefetch.on,
        )
        clock = asyncio.get_running_loop().time
        self._driver = Driver(
            scenario,
            agent_pool,
            self._record,
            continuation,
            budget,
            on_error=on_error,
            clock=clock,
            prefetch=prefetch,
            trace=trace,
        )
        handles = active_handles(scenario)
        self.placement: Placement | None = Placement(0, len(handles), dict.fromkeys(handles, 0))
        self.phases = Phases()
        self._collector = collecting_rarely()

    async def __aenter__(self) -> Self:
        self._collector.__enter__()
        if self._service is not None:
            await self._service.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._service is not None:
            await self._service.__aexit__(*error)
        self._collector.__exit__(None, None, None)
        self._agent_pool.close()
        self._record.close()
        for model in self._models.values():
            await model.close()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and a Finish as the last item."""
        async for update in self._driver.run():
            yield self._with_statistics(update)

    def _with_statistics(self, update: Progress | Finish) -> Progress | Finish:
        if isinstance(update, Finish):
            return update._replace(progress=self.refreshed(update.progress))
        return self.refreshed(update)

    def refreshed(self, progress: Progress) -> Progress:
        """Return a report with the newest statistics of the models."""
        states = [
            EngineState(
                engine=name or DEFAULT,
                model=model.name,
                statistics=model.statistics() if isinstance(model, Measured) else None,
                restarts=0,
            )
            for name, model in self._models.items()
        ]
        return with_engines(progress, states)

    def stop(self) -> None:
        """Start no more turns; `run` ends once those in flight are recorded."""
        self._driver.stop()
        for model in self._models.values():
            if isinstance(model, Postponing):
                model.postpone()

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append rows that do not come from the scheduler."""
        await self._record.write(batches)

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        await self._record.seal()
        self.phases.end("sealing")

    async def close(self) -> None:
        """Do nothing: nothing goes on after it was left."""

    def abandon(self, number: int) -> None:
        """End this process now."""
        end_process(128 + number)
