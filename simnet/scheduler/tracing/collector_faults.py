"""Says once, in the log of the run, that a collector does not take spans."""

import logging
from threading import Lock

from simnet.foundation import log

_LOG = log.get("simnet.trace")
_THEIRS = logging.getLogger("opentelemetry")


class CollectorFaults(logging.Handler):
    """Takes what OpenTelemetry logs, from `begin` to `end`; the first fault is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said = False
        self._once = Lock()
        self._propagated = True

    def begin(self) -> None:
        """Keep OpenTelemetry's lines, one for each try, from the terminal."""
        self._propagated = _THEIRS.propagate
        _THEIRS.addHandler(self)
        _THEIRS.propagate = False

    def end(self) -> None:
        """Let OpenTelemetry log as before."""
        _THEIRS.removeHandler(self)
        _THEIRS.propagate = self._propagated

    def emit(self, record: logging.LogRecord) -> None:
        """Log the first fault; it is said by a thread that sends spans."""
        with self._once:
            first, self._said = not self._said, True
        if first:
            _LOG.warning("spans are not sent; the run goes on", error=record.getMessage())
