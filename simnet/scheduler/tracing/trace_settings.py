"""Which turns are traced, and where their spans are sent."""

import importlib.util
import os
from collections.abc import Mapping
from typing import NamedTuple

from simnet import draws
from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PREFIX = "OTEL_"


class TraceSettings(NamedTuple):
    """The sample of turns of one run, and the settings of OpenTelemetry."""

    share: float
    """Share of the turns that are traced, 0 to 1."""
    run: str
    """The run's id."""
    environment: Mapping[str, str]
    """The variables `OTEL_*` of the process that began the run; the scheduler may be elsewhere."""

    def samples(self, who: str, turn: int) -> bool:
        """Whether a turn is traced: it goes by who and turn alone, so in a resume it is too."""
        return draws.unit("trace", who, turn) < self.share


def settings_of(share: float | None, run: str) -> TraceSettings | None:
    """Return the settings of a run, with the variables of this process; None traces nothing."""
    if not share:
        return None
    found = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    return TraceSettings(share, run, found)


def check_trace(share: float | None) -> None:
    """Raise UsageError for a share that is none, or if spans cannot be sent."""
    if share is None:
        return
    if not 0.0 <= share <= 1.0:
        raise UsageError(f"trace_turns={share}: give a share of the turns, from 0 to 1")
    if not share:
        return
    if not _is_there(_EXPORTER):
        raise UsageError(f"OpenTelemetry is not installed: {install_command('trace')}")
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        raise UsageError(
            f"it is not said where traces are sent: set {_ENDPOINTS[1]}, such as "
            "http://localhost:4318"
        )
    for name in _PROTOCOLS:
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise UsageError(f"{name}={os.environ[name]}: traces are sent by http/protobuf alone")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that it is in
        return False
