"""One job: a work folder with the replies so far, a model, and what is made with it."""

import asyncio
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from simnet.errors import ModelGoneError, UsageError
from simnet.foundation.text import counted
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.runs.watching.guarded_reporter import Guard
from simnet.runtime.restart_policy import Restarts
from simnet.synthesis.asking.asker import IN_FLIGHT, TRIES, Asker
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.reply_log import ReplyLog

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a job works. Raises UsageError for numbers that cannot be used."""

    work: Path
    """The folder that keeps the replies, so that a job that ended early goes on."""
    keep_work: bool = True
    """Whether the folder stays once the job is complete."""
    in_flight: int = IN_FLIGHT
    """Prompts that are sent at once; a crash can lose so many replies at most."""
    tries: int = TRIES
    """Replies that are asked for until one can be used."""
    reasoning_tokens: int = 0
    """Room for reasoning before each reply, for models that reason."""
    stop_on_failures: bool = True
    """Whether the job stops when most calls fail, as runs do."""
    near: bool = True
    """Whether near repeats are left out too, and not only exact ones."""

    def __post_init__(self) -> None:
        if self.in_flight < 1:
            raise UsageError(f"{self.in_flight} prompts in flight: give 1 or more")
        if self.tries < 1:
            raise UsageError(f"{self.tries} tries: give 1 or more")
        if self.reasoning_tokens < 0:
            raise UsageError(f"{self.reasoning_tokens} tokens for reasoning: give 0 or more")


class Reporter(Protocol):
    """Shows how a job goes. What it raises ends only the showing."""

    def note(self, text: str) -> None:
        """Show a line."""
        ...

    def phase(self, name: str, total: int) -> None:
        """Show that a phase begins, which asks `total` questions."""
        ...

    def advance(self, counts: Counts) -> None:
        """Show that one more question is answered."""
        ...


class Silent:
    """A Reporter that shows nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def phase(self, name: str, total: int) -> None:
        """Show nothing."""

    def advance(self, counts: Counts) -> None:
        """Show nothing."""


class GuardedReporter:
    """A Reporter that passes all on to another one and survives its faults."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._guard = Guard()

    def note(self, text: str) -> None:
        """Pass a line on."""
        with self._guard():
            self._reporter.note(text)

    def phase(self, name: str, total: int) -> None:
        """Pass the begin of a phase on."""
        with self._guard():
            self._reporter.phase(name, total)

    def advance(self, counts: Counts) -> None:
        """Pass an answer on."""
        with self._guard():
            self._reporter.advance(counts)


async def run_job(
    model: Backend | Model,
    options: JobOptions,
    reporter: Reporter,
    make: Callable[[Asker], Awaitable[T]],
    publish: Callable[[T, Counts], None],
) -> Counts:
    """Start the model, `make` something with it, close it, and `publish` what was made.

    A model object is used as it is, and left open; a backend of several replicas is started on Ray,
    each replica in a process of its own. The model of a backend that is gone is built
    anew a few times. Replies are in the work folder before they count. Raises what the parts
    raise; the replies so far are kept then, and the same job goes on where it was.
    """
    with ReplyLog(options.work) as log:
        for path in log.torn:
            reporter.note(f"the end of {path.name} is torn; what it lacks is asked for again")
        if len(log):
            reporter.note(f"{counted(len(log), 'reply')} from before in {options.work}")
        made, counts = await _healed(model, log, options, reporter, make)
        publish(made, counts)
    if not options.keep_work and not counts.failed:
        shutil.rmtree(options.work, ignore_errors=True)
    return counts


async def _healed(
    model: Backend | Model,
    log: ReplyLog,
    options: JobOptions,
    reporter: Reporter,
    make: Callable[[Asker], Awaitable[T]],
) -> tuple[T, Counts]:
    """Make something; build a model that is gone anew and go on, unless it is gone too often."""
    restarts = Restarts()
    while True:
        try:
            return await _made(model, log, options, reporter, make)
        except ModelGoneError as error:
            wait = restarts.failed() if isinstance(model, Backend) else None
            if wait is None:
                raise
            reporter.note(f"{error}; starting the model again in {wait:g} s")
            await asyncio.sleep(wait)


async def _made(
    model: Backend | Model,
    log: ReplyLog,
    options: JobOptions,
    reporter: Reporter,
    make: Callable[[Asker], Awaitable[T]],
) -> tuple[T, Counts]:
    """Start the model if it is to be started, make something with it, and close it."""
    with _terminable():
        async with _started(model, options, reporter) as built:
            asker = Asker(
                built,
                log,
                in_flight=options.in_flight,
                tries=options.tries,
                reasoning_tokens=options.reasoning_tokens,
                stop_on_failures=options.stop_on_failures,
                progress=reporter.advance,
            )
            try:
                return await make(asker), asker.counts
            finally:
                await log.settled()


@asynccontextmanager
async def _started(
    model: Backend | Model, options: JobOptions, reporter: Reporter
) -> AsyncIterator[Model]:
    """Start a backend, in this process or as several replicas on Ray, and close it at the end."""
    if not isinstance(model, Backend):
        yield model
    elif model.replicas == 1:
        built = model.ready(reporter.note).build()
        try:
            yield built
        finally:
            await built.close()
    else:
        from simnet.runtime.ray.engines.engine_fleet import EngineFleet  # noqa: PLC0415 - imports Ray

        async with EngineFleet(model.ready(reporter.note), options.work, reporter.note) as fleet:
            yield fleet


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM cancel the task of the block, so that it ends in good order as on Ctrl-C."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        with suppress(ValueError):
            loop.remove_signal_handler(signal.SIGTERM)
