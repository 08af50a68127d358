"""Logging, set up by the command line alone: JSON lines in the run directory, warnings shown."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger, Processor

FILE = "simnet.jsonl"
CAPACITY = 10_000
"""Records kept in memory until there is a folder for them."""

_SHARED: tuple[Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class Kept:
    """Log records on their way to a file in a folder that is not there yet."""

    def __init__(self, waiting: MemoryHandler) -> None:
        self._waiting = waiting
        self._file: logging.FileHandler | None = None

    def into(self, folder: Path) -> None:
        """Write what was logged, and what will be, to a file in `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = logging.FileHandler(folder / FILE, encoding="utf-8")
        self._file.setFormatter(_formatter(structlog.processors.JSONRenderer(ensure_ascii=False)))
        self._waiting.setTarget(self._file)
        self._waiting.flush()

    def close(self) -> None:
        """Write the rest and close the file."""
        self._waiting.close()
        if self._file is not None:
            self._file.close()


@contextmanager
def kept() -> Iterator[Kept]:
    """Log for the time of a block: warnings to stderr, the rest where `Kept.into` says."""
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.WARNING)
    console.setFormatter(_formatter(structlog.dev.ConsoleRenderer(colors=False)))
    waiting = MemoryHandler(CAPACITY, flushLevel=logging.CRITICAL + 1)
    logger = logging.getLogger("simnet")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in (console, waiting):
        logger.addHandler(handler)
    records = Kept(waiting)
    try:
        yield records
    finally:
        for handler in (console, waiting):
            logger.removeHandler(handler)
        records.close()


def get(name: str) -> FilteringBoundLogger:
    """Return a logger; names begin with `simnet.`."""
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def _formatter(renderer: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=list(_SHARED),
    )
