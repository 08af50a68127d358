"""A run while it goes on: played with rebuilds, watched, stopped by signals, sealed."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from simnet.errors import ActorDiedError, DiskError, RunError, SupersededError
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.advice import advise
from simnet.runs.launching.early_end import end_early
from simnet.runs.launching.survey_tables import answer_tables
from simnet.runs.mirroring.mirror_process import Mirror
from simnet.runs.models.model_notes import ModelNotes
from simnet.runs.people.humans_of_run import announce
from simnet.runs.plans.create import create_run, note_models
from simnet.runs.plans.plan import RunPlan, RunResult
from simnet.runs.plans.runtime_of_plan import make_runtime
from simnet.runs.watching.heartbeat import with_beats
from simnet.runs.watching.stall_notes import StallNotes
from simnet.runs.watching.stop_signals import STOP_SIGNALS, heeded
from simnet.runtime.base import Reporter, Runtime
from simnet.runtime.code_watchdog import SignalInUserCode, Watchdog
from simnet.runtime.restart_policy import Restarts
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.figures.metric_rows import Meter, closing_rows, ledger_lines
from simnet.scheduler.progress.messages import Finish, Progress
from simnet.scheduler.rows.disk_retry import DiskRetry, RetryingRecord, pause_text

REBUILDS = 10
"""Most times in 15 minutes that all actors are made again after one of them died."""
REBUILD_SECONDS = 0.5
"""Wall seconds before the first rebuild; each further one waits twice as long, 30 s at most."""
BEAT_SECONDS = 1.0
"""Wall seconds without progress after which the last report is repeated with new statistics."""


class ActiveRun:
    """A run in progress: its directory, its runtime and the signals it received."""

    def __init__(self, plan: RunPlan, reporter: Reporter) -> None:
        self._plan = plan
        self._reporter = reporter
        self._signal: signal.Signals | None = None
        self._signals = heeded()
        self._main: asyncio.Task[Finish] | None = None
        self._runtime: Runtime | None = None
        self._signal_count = 0
        self._blocked = SignalInUserCode(reporter.phase)
        self._turns_started = False
        self._paused: str | None = None
        self._spent: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        """What stops the run when the minutes of its budget are over."""
        self._disk_retry: DiskRetry | None = None
        self._last: tuple[Progress, float] | None = None
        """The last progress, and the time of the event loop's clock when it came."""

    async def run(self) -> RunResult:
        """Run to the end or until a signal; see `simnet.runs.launching.launcher.launch`."""
        directory = self._plan.into or create_run(self._plan)
        with run_lock(directory.path), Watchdog():
            if self._plan.into is not None:
                note_models(directory, self._plan)
            mirror = Mirror(self._plan.mirror, directory, self._reporter.phase)
            self._reporter = mirror.watching(self._reporter)
            async with mirror:
                result = await self._run(directory)
            return result._replace(mirror=directory.manifest.mirror)

    async def _run(self, directory: RunDirectory) -> RunResult:
        if directory.manifest.on_error != self._plan.on_error:
            directory.update(on_error=self._plan.on_error)
        self._reporter.begun(directory.path)
        announce(directory.path, self._plan.humans, self._reporter.phase)
        try:
            self._runtime = self._make_runtime(directory.path)
            self._main = asyncio.ensure_future(self._play_with_restarts(directory))
            self._listen()
            finish = await self._main
        except asyncio.CancelledError:
            if self._signal is None:
                self._end_early(directory, State.INTERRUPTED, "cancelled")
                raise
            why = "interrupted before the first turn"
            if self._turns_started:
                why = "interrupted while turns were under way; they are done again on resume"
            self._end_early(directory, State.INTERRUPTED, why)
            stopped = RunError(why)
            stopped.exit_code = 128 + self._signal
            raise stopped from None
        except SupersededError:
            raise  # another process runs it now, which sealing would end; the manifest is its own
        except Exception as error:
            state = State.FAILED
            if self._signal is not None and isinstance(error, DiskError):
                state, error.exit_code = State.INTERRUPTED, 128 + self._signal
            self._end_early(directory, state, f"{type(error).__name__}: {error}")
            advise(directory, error)
            raise
        finally:
            self._stop_listening()
        runtime = self._runtime
        return RunResult(
            run_id=directory.path.name,
            folder=directory.path,
            state=directory.manifest.state,
            finish=finish,
            phases=runtime.phases.seconds,
            signal=self._signal or self._blocked.last,
            spent=self._spent,
            slots=self._plan.slots,
        )

    async def _play_with_restarts(self, directory: RunDirectory) -> Finish:
        """Play to the end. If an actor dies, shut all down, wait and continue from the record.

        That holds for all phases, those of the start and of an earlier rebuild included. Raises
        RunError, naming the command that resumes the run, after too many rebuilds.
        """
        try:
            return await self._play_until_done(directory)
        finally:
            self._end_timer()
            assert self._runtime is not None
            await self._runtime.close()

    async def _play_until_done(self, directory: RunDirectory) -> Finish:
        rebuilds = Restarts(REBUILDS, first=REBUILD_SECONDS, longest=30.0)
        while True:
            assert self._runtime is not None
            try:
                return await self._play(self._runtime, directory)
            except ActorDiedError as error:
                if self._signal is not None:
                    raise
                wait = rebuilds.failed()
                if wait is None:
                    raise RunError(
                        f"{error}; actors died more than {rebuilds.most} times in "
                        f"{rebuilds.window / 60:g} minutes"
                    ) from error
                self._reporter.phase(f"{error}; going on from the record in {wait:g} s")
                self._turns_started = False
                if self._last is not None:
                    budget = self._plan.budget.after(self._last[0].usage)
                    self._plan, self._last = replace(self._plan, budget=budget), None
                await asyncio.sleep(wait)
                self._runtime = self._make_runtime(
                    directory.path, self._own_continuation(directory), self._runtime
                )

    def _own_continuation(self, directory: RunDirectory) -> Continuation:
        switches = self._plan.continuation.switches if self._plan.continuation else ()
        return Continuation(Run(directory.path, directory.manifest), switches)

    def _listen(self) -> None:
        for number in self._signals:
            with suppress(ValueError, RuntimeError):  # raised outside the main thread
                STOP_SIGNALS.listen(number, self._on_signal)
                self._blocked.install(number)

    def _stop_listening(self) -> None:
        for number in self._signals:
            with suppress(ValueError, RuntimeError):
                STOP_SIGNALS.stop(number, self._on_signal)

    def _make_runtime(
        self, folder: Path, continuation: Continuation | None = None, after: Runtime | None = None
    ) -> Runtime:
        return make_runtime(self._plan, folder, continuation, after, self._reporter.phase)

    async def _play(self, runtime: Runtime, directory: RunDirectory) -> Finish:
        self._disk_retry = retry = DiskRetry(partial(self._pause, directory))
        record = RetryingRecord(runtime, retry)
        async with runtime:
            self._listen()  # Ray has replaced the handlers
            await retry.insist(directory.start)
            self._turns_started = True
            self._begin_timer()
            finish = await self._watch(runtime, record, directory)
            self._end_timer()
            runtime.phases.end("turns")
            self._reporter.phase("sealing the record")
            await record.write(closing_rows(finish, runtime.phases, self._plan.slots))
            await retry.until_done(runtime.seal, runtime.seal)
            played = self._own_continuation(directory)
            await retry.insist(partial(answer_tables, played, self._plan.scenario))
            state = State.INTERRUPTED if finish.stopped else State.COMPLETED
            ledger = ledger_lines(finish.progress.ledger)
            why = (finish.progress.health.stopped or self._spent) if finish.stopped else None
            where = runtime.placement.facts if runtime.placement else {}
            facts = {"ledger": ledger, "state_hash": finish.digest, "placement": where}
            await retry.insist(partial(directory.finish, state, error=why, **facts))
            self._reporter.phase("shutting down")
        return finish

    async def _watch(
        self, runtime: Runtime, record: RetryingRecord, directory: RunDirectory
    ) -> Finish:
        meter, budget = Meter(), self._plan.budget
        notes = ModelNotes(self._reporter.phase, directory)
        people = self._plan.humans.handles if self._plan.humans else ()
        stalls = StallNotes(self._reporter.phase, self._plan.model_names, people=people)
        async for update in with_beats(runtime.run(), BEAT_SECONDS):
            if update is None:
                self._beat(runtime, notes, stalls)
                continue
            notes.see(update.progress if isinstance(update, Finish) else update)
            stalls.see(update.progress if isinstance(update, Finish) else update)
            if isinstance(update, Finish):
                self._reporter.progress(update.progress)
                if update.stopped:
                    self._spent = self._spent or budget.spent(update.progress.usage)
                return update
            self._reporter.progress(update)
            self._last = update, asyncio.get_running_loop().time()
            self._spend(budget.spent(update.usage))
            if update.stopping:
                runtime.stop()
            if update.paused != self._paused:
                self._pause(directory, update.paused)
            if rows := meter.rows(update):
                await record.write(rows)
        raise RunError("the run ended without saying how")

    def _beat(self, runtime: Runtime, notes: ModelNotes, stalls: StallNotes) -> None:
        """Report that the run still goes on, with what its models wait for."""
        if self._last is not None:
            last, at = self._last
            elapsed = last.elapsed + asyncio.get_running_loop().time() - at
            progress = runtime.refreshed(last._replace(posted=(), elapsed=elapsed))
            notes.see(progress)
            stalls.see(progress)
            self._reporter.progress(progress)

    def _begin_timer(self) -> None:
        """Let the minutes of the budget run, from the first turn on, over rebuilds too."""
        assert self._runtime is not None
        minutes = self._plan.budget.minutes
        if minutes is not None and self._timer is None:  # a stuck model reports no progress
            why = f"budget: {minutes:g} minutes"
            self._timer = asyncio.get_running_loop().call_later(60 * minutes, self._spend, why)
        if self._spent is not None:  # while the runtime before this one ended
            self._runtime.stop()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _spend(self, why: str | None) -> None:
        """Stop the run if `why` names a limit of the budget."""
        if self._spent is None and why is not None:
            assert self._runtime is not None
            self._spent = why
            self._reporter.phase(f"stopping: {why}; waiting for replies under way")
            self._runtime.stop()

    def _pause(self, directory: RunDirectory, why: str | None) -> None:
        """Report and record that the run waits for its disk, or, without `why`, that it goes on."""
        self._paused = why
        self._reporter.phase(pause_text(why))
        state = State.PAUSED if why else State.RUNNING
        if not why and directory.manifest.state is not State.PAUSED:
            return  # what waited was the manifest, which says how the run is
        with suppress(DiskError):  # the manifest is on the same disk
            directory.update(state=state, error=why)

    def _on_signal(self, number: signal.Signals) -> None:
        assert self._runtime is not None
        assert self._main is not None
        self._signal_count += 1
        if self._signal_count > 2:
            self._runtime.abandon(number)
        if self._signal_count == 2 and self._blocked.ended_code:
            return  # its turn was ended, so there is nothing to wait for any more
        first, self._signal = self._signal is None, number
        if first and self._turns_started:
            self._reporter.phase("stopping: waiting for replies under way (again to stop at once)")
            self._runtime.stop()
            if self._disk_retry is not None:
                self._disk_retry.give_up()
        else:
            self._main.cancel()

    def _end_early(self, directory: RunDirectory, state: State, error: str) -> None:
        """Seal what was recorded until the run broke off. Raises SupersededError."""
        epoch = self._runtime.epoch if self._runtime is not None else None
        before = self._plan.continuation
        end_early(directory, self._plan.scenario, before, epoch, state, error)
