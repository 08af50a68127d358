"""Logging: JSON lines in the run directory, text on stderr.

Modules take a logger from `get`. Nothing is written until a process sets logging up: the command
line with `run_logs`, an actor with `ActorLogs.set_up`. Each line has `timestamp` (UTC), `level`,
`logger`, `event`, `run`, `actor`, `node` (the name of the host) and, where there is one, the
simulated time `now` in seconds. Lines are not buffered.
"""

import logging
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Literal, NamedTuple, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from simnet.foundation.disk import check_folder, check_regular, disk_errors
from simnet.foundation.text import terminal_safe

Level: TypeAlias = Literal["debug", "info", "warning"]

FOLDER = "logs"
"""Folder of the log files in a run directory."""
MAIN = "main"
"""Value of `actor` in lines of the process that started the run."""
CAPACITY = 10_000
"""Records kept in memory until the run directory is known."""

_ROOT = logging.getLogger("simnet")
_ROOT.addHandler(logging.NullHandler())
_SHARED: tuple[Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
_TEXT = structlog.dev.ConsoleRenderer(
    colors=False, exception_formatter=structlog.dev.plain_traceback
)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; names begin with `simnet.`."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return logger


def level() -> Level:
    """Return the lowest level that log files of this process get."""
    return "debug" if _ROOT.level == logging.DEBUG else "info"


def is_set_up() -> bool:
    """Whether this process writes its log anywhere."""
    return any(not isinstance(handler, logging.NullHandler) for handler in _ROOT.handlers)


@contextmanager
def failures(logger: structlog.stdlib.BoundLogger, event: str, **fields: object) -> Iterator[None]:
    """Log an error that the block raises, with its traceback, and let it pass."""
    try:
        yield
    except Exception as error:
        notes = getattr(error, "__notes__", [])
        logger.exception(event, error=f"{type(error).__name__}: {error}", notes=notes, **fields)
        raise


class ActorLogs(NamedTuple):
    """Where an actor writes its log."""

    actor: str
    """Name of the actor, and of its file."""
    run: Path
    """The run directory."""
    level: Level = "info"
    """The lowest level that is written."""
    forward: Callable[[str, str], None] | None = None
    """Takes the actor and a line, on a node that does not have the run directory."""
    always_forward: bool = False
    """Whether lines are forwarded even where there is a folder of that name."""

    def set_up(self) -> None:
        """Send the log of this process to `logs/ACTOR.jsonl` in the run directory.

        On a node without the run directory the lines are forwarded; where they cannot be, they
        go to stderr, which Ray keeps in its own log of the worker. The file is made with the first
        line.
        """
        folder = self.run / FOLDER
        handler: logging.Handler = logging.StreamHandler()
        if self.run.is_dir() and not self.always_forward:
            file = _file(folder, self.actor)
            folder.mkdir(exist_ok=True)
            handler = _LogFile(file, encoding="utf-8", delay=True)
        elif self.forward is not None:
            handler = _Forwarding(self.actor, self.forward)
        handler.setFormatter(
            _json({"run": self.run.name, "actor": self.actor, "node": socket.gethostname()})
        )
        _ROOT.addHandler(handler)
        _ROOT.setLevel(self.level.upper())
        _ROOT.propagate = False


class _Forwarding(logging.Handler):
    """Sends lines elsewhere."""

    def __init__(self, actor: str, forward: Callable[[str, str], None]) -> None:
        super().__init__()
        self._actor, self._forward = actor, forward

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._forward(self._actor, self.format(record))
        except Exception:  # noqa: BLE001  (a log never ends what it tells of)
            self.handleError(record)


def append_lines(run: Path, forwarded: Iterable[tuple[str, str]]) -> None:
    """Append lines that were forwarded, each with the name of its actor, to the actors' logs."""
    for actor, line in forwarded:
        file = _file(run / FOLDER, actor)
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")


class _Newest(MemoryHandler):
    """Keeps the newest records, `CAPACITY` at most, until there is a file for them."""

    def __init__(self) -> None:
        super().__init__(CAPACITY, flushLevel=logging.CRITICAL + 1)
        self.buffer: deque[logging.LogRecord] = deque(maxlen=CAPACITY)  # type: ignore[assignment]
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        self._dropped += len(self.buffer) == self.buffer.maxlen
        super().emit(record)

    def flush(self) -> None:
        if self.target is not None and self._dropped:
            text = f"{self._dropped:,} earlier lines were dropped: there was no folder for them"
            name = f"{_ROOT.name}.log"
            record = logging.LogRecord(name, logging.WARNING, "", 0, text, None, None)
            self._dropped = 0
            self.target.handle(record)
        super().flush()


class RunLogs:
    """The log of the process that starts a run, kept in memory until `open` names a folder."""

    def __init__(self, memory: MemoryHandler, fields: dict[str, str]) -> None:
        self._memory = memory
        self._fields = fields
        self._file: _LogFile | None = None

    def open(self, run: Path) -> None:
        """Write the records so far, and those to come, to `logs/main.jsonl` in a run directory."""
        folder = run / FOLDER
        file = _file(folder, MAIN)
        self._fields["run"] = run.name
        with disk_errors(f"opening the log of {run}"):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _LogFile(file, encoding="utf-8")
        self._file.setFormatter(_json(self._fields))
        self._memory.setTarget(self._file)
        self._memory.flush()
        self._memory.capacity = 1  # from now on each record is passed on at once

    def close(self) -> None:
        """Write the rest and close the file."""
        self._memory.close()
        if self._file is not None:
            self._file.close()


@contextmanager
def run_logs(shown: Level = "warning") -> Iterator[RunLogs]:
    """Log during a block: lines of level `shown` and above to stderr, all to the run directory.

    Files get lines of level info and above; with `shown` debug, those too.
    """
    fields = {"actor": MAIN, "node": socket.gethostname()}
    console = _Stderr()
    console.setLevel(shown.upper())
    console.setFormatter(_formatter(_render_text, fields))
    memory = _Newest()
    before = _ROOT.level, _ROOT.propagate
    _ROOT.setLevel(logging.DEBUG if shown == "debug" else logging.INFO)
    _ROOT.propagate = False
    for handler in (console, memory):
        _ROOT.addHandler(handler)
    logs = RunLogs(memory, fields)
    try:
        yield logs
    finally:
        for handler in (console, memory):
            _ROOT.removeHandler(handler)
        _ROOT.setLevel(before[0])
        _ROOT.propagate = before[1]
        logs.close()


def text_line(fields: EventDict) -> str:
    """Write a line of a log file as text."""
    return _render_text(None, "", dict(fields))


def _render_text(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return terminal_safe(_TEXT(logger, method, event))


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is now: a live display replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _LogFile(logging.FileHandler):
    """Writes lines to a file, and loses those for which the disk has no room.

    A log never ends what it tells of, nor tells of itself: the run says that the disk is full.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Lose a line that cannot be written; other faults are told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file, with what of its last lines can be written."""
        with suppress(OSError):
            super().close()


def _file(folder: Path, actor: str) -> Path:
    """Name the log of an actor. Raises RecordError if a link is in the way."""
    check_folder(folder)
    path = folder / f"{actor}.jsonl"
    check_regular(path)
    return path


def _json(fields: Mapping[str, str]) -> logging.Formatter:
    return _formatter(structlog.processors.JSONRenderer(ensure_ascii=False, default=str), fields)


def _formatter(renderer: Processor, fields: Mapping[str, str]) -> logging.Formatter:
    def add_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, **fields}

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            add_fields,
            renderer,
        ],
        foreign_pre_chain=list(_SHARED),
    )
