"""Runs a scenario from start to end and leaves a run directory behind."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from simnet.runs.create import begin
from simnet.scenario.expected_turns import check_most_turns
from simnet.runs.plan import RunPlan, RunResult
from simnet.errors import ActorDiedError, DiskError, RunError
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import State
from simnet.recording.writing.recorder import Recorder
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runtime.base import Reporter, Silent, Runtime
from simnet.runtime.in_process import InProcess
from simnet.runtime.models import ready, split
from simnet.runtime.placement import Placement
from simnet.scheduler.continuation import Continuation, last_scenario
from simnet.scheduler.disk_retry import DiskRetry
from simnet.scheduler.messages import Finish
from simnet.scheduler.metric_rows import Meter, closing_rows, ledger_lines

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def launch(launch: RunPlan, reporter: Reporter | None = None) -> RunResult:
    """Run a scenario to its end, or until SIGINT or SIGTERM, and seal its record.

    Raises ScenarioError if more turns are expected than the scenario allows, RunError if the
    run could not go on, RecordError if the record could not be written; what
    was recorded until then is sealed all the same and the manifest says why it ended.
    """
    check_most_turns(launch.scenario)
    reporter = reporter or Silent()
    scenario = last_scenario(launch.scenario, launch.continuation)
    found = ready(scenario, launch.backend, launch.models, reporter.phase)
    default = found.pop(None, launch.backend)
    further = {name: one for name, one in found.items() if name is not None}
    launch = replace(launch, backend=default, models=further)
    return await _Run(launch, reporter).run()


class _Run:
    """One run under way: its directory, its stage and the signals sent to it."""

    def __init__(self, launch: RunPlan, reporter: Reporter) -> None:
        self._launch = launch
        self._reporter = reporter
        self._signal: signal.Signals | None = None
        self._main: asyncio.Task[Finish] | None = None
        self._stage: Runtime | None = None
        self._playing = False
        self._paused: str | None = None
        self._spent: str | None = None
        self._reached = -1.0
        """Simulated time of the last report."""

    async def run(self) -> RunResult:
        directory = self._launch.into or begin(self._launch)
        with run_lock(directory.path):
            return await self._run(directory)

    async def _run(self, directory: RunDirectory) -> RunResult:
        self._reporter.begun(directory.path)
        self._stage = self._make_stage(directory.path)
        self._main = asyncio.ensure_future(self._through(directory))
        self._listen()
        try:
            finish = await self._main
        except asyncio.CancelledError:
            if self._signal is None:
                raise
            self._end_early(directory, State.INTERRUPTED, "interrupted before the first turn")
            stopped = RunError("interrupted before the first turn")
            stopped.exit_code = 128 + self._signal
            raise stopped from None
        except Exception as error:
            self._end_early(directory, State.FAILED, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._stop_listening()
        stage = self._stage
        directory.update(placement=_placed(stage.placement))
        state = directory.manifest.state
        return RunResult(
            *(directory.path.name, directory.path, state, finish, stage.phases.seconds),
            *(self._signal, self._spent),
        )

    async def _through(self, directory: RunDirectory) -> Finish:
        """Play to the end. When an actor dies, take all down and go on from the record."""
        rebuilt_at = -1.0
        while True:
            assert self._stage is not None
            try:
                return await self._play(self._stage, directory)
            except ActorDiedError as error:
                if self._reached <= rebuilt_at or self._signal is not None:
                    raise
                rebuilt_at = self._reached
                self._reporter.phase(f"{error}; going on from the record")
                self._playing = False
                self._stage = self._make_stage(directory.path, self._rebuilt(directory))

    def _rebuilt(self, directory: RunDirectory) -> Continuation:
        changes = self._launch.continuation.changes if self._launch.continuation else ()
        return Continuation(Run(directory.path, directory.manifest), changes)

    def _listen(self) -> None:
        for number in SIGNALS:
            with suppress(ValueError, RuntimeError):  # only the main thread can listen
                asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)

    def _stop_listening(self) -> None:
        for number in SIGNALS:
            with suppress(ValueError, RuntimeError):
                asyncio.get_running_loop().remove_signal_handler(number)

    def _make_stage(self, folder: Path, continuation: Continuation | None = None) -> Runtime:
        launch = self._launch
        continuation = continuation or launch.continuation
        objects, backends = split(launch.started)
        if objects:
            return InProcess(launch.scenario, objects, folder, continuation, launch.budget)
        from simnet.runtime.ray.cluster import Cluster  # noqa: PLC0415  (imports ray, which is slow)

        return Cluster(
            launch.scenario,
            backends,
            folder,
            address=launch.address,
            personas_per_actor=launch.personas_per_actor,
            modules=launch.modules,
            restarts=launch.restarts,
            continuation=continuation,
            budget=launch.budget,
            say=self._reporter.phase,
        )

    async def _play(self, stage: Runtime, directory: RunDirectory) -> Finish:
        async with stage:
            self._listen()  # starting Ray put its own handlers in place
            directory.start()
            self._playing = True
            finish = await self._watch(stage, directory)
            stage.phases.end("turns")
            self._reporter.phase("sealing the record")
            await stage.write(closing_rows(finish, stage.phases))
            await self._patience(directory).until_done(stage.seal, stage.seal)
            state = State.INTERRUPTED if finish.stopped else State.COMPLETED
            ledger = ledger_lines(finish.progress.ledger)
            why = self._spent if finish.stopped else None
            directory.finish(state, error=why, ledger=ledger, state_hash=finish.digest)
            self._reporter.phase("shutting down")
        return finish

    async def _watch(self, stage: Runtime, directory: RunDirectory) -> Finish:
        meter, budget = Meter(), self._launch.budget
        if budget.minutes is not None:  # a model that says nothing lets no progress be reported
            why = f"budget: {budget.minutes:g} minutes"
            asyncio.get_running_loop().call_later(60 * budget.minutes, self._spend, stage, why)
        async for news in stage.run():
            if isinstance(news, Finish):
                self._reporter.progress(news.progress)
                if news.stopped:
                    self._spent = self._spent or budget.spent(news.progress.usage)
                return news
            self._reporter.progress(news)
            self._reached = news.now
            self._spend(stage, budget.spent(news.usage))
            if news.paused != self._paused:
                self._pause(directory, news.paused)
            if rows := meter.rows(news):
                await stage.write(rows)
        raise RunError("the run ended without saying how")

    def _spend(self, stage: Runtime, why: str | None) -> None:
        """Stop once the budget is spent."""
        if self._spent is None and why is not None:
            self._spent = why
            self._reporter.phase(f"stopping: {why}; waiting for replies under way")
            stage.stop()

    def _patience(self, directory: RunDirectory) -> DiskRetry:
        return DiskRetry(partial(self._pause, directory))

    def _pause(self, directory: RunDirectory, why: str | None) -> None:
        """Tell that the record has to wait for its disk, or that it goes on."""
        self._paused = why
        self._reporter.phase(f"paused: {why}" if why else "there is room again; going on")
        state = State.PAUSED if why else State.RUNNING
        with suppress(DiskError):  # the manifest is on the same disk, and may have to wait too
            directory.update(state=state, error=why)

    def _signalled(self, number: signal.Signals) -> None:
        assert self._stage is not None
        assert self._main is not None
        if self._signal is not None:
            self._stage.abandon(number)
        self._signal = number
        if self._playing:
            self._reporter.phase("stopping: waiting for replies under way (again to stop at once)")
            self._stage.stop()
        else:
            self._main.cancel()

    def _end_early(self, directory: RunDirectory, state: State, error: str) -> None:
        """Seal what was recorded before the run broke off."""
        with suppress(DiskError):  # nothing acknowledged is lost; a resume seals it
            with Recorder(directory.path) as recorder:
                recorder.seal()
            directory.finish(state, error=error)


def _placed(placement: Placement | None) -> dict[str, int]:
    if placement is None:
        return {}
    return {"actors": placement.actors, "personas_per_actor": placement.personas_per_actor}
