"""Makes spans of the turns that are sampled, from what a scheduler sees of them.

The span of a turn has children, one after the other: `schedule` (it waits in the scheduler),
`prompt` (until a model call begins: the way to its host, the behaviour, the prompt), `call` (one
model call), `prompt` and `call` again for each further call, `decide` (what the behaviour does
after its last call, and the way back), and `land` (it waits until simulated time has come to it).
A call's end is when the scheduler hears of it, and its length is what the host measured.
Attributes of calls have the names of the semantic conventions of OpenTelemetry for generative AI.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simnet.recording.reading.row_comparison import decoded
from simnet.scheduler.tracing.collector_faults import CollectorFaults
from simnet.scheduler.tracing.trace_settings import TraceSettings
from simnet.world.events import FAILED, Event
from simnet.world.state.posts import View

_END_MS = 10_000
"""Milliseconds of wall time in which the rest is sent at the end of a run."""
_NS = 1_000_000_000


@dataclass(slots=True)
class _Turn:
    """A turn that is under way, with what is known of it; times are wall nanoseconds."""

    woke: float
    seen: int
    """When the scheduler had its view."""
    sent: int = 0
    host: int = 0
    calls: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    """Of each model call the begin, the end and the attributes."""
    decided: int = 0
    recalled: bool = False
    """Whether recorded replies decided it, wholly or in part."""


class MuteTrace:
    """What a copy of a traced kernel has as its trace: what the copy does happens to nobody."""

    def seen(self, views: Iterable[View]) -> None:
        """Do nothing."""

    def landed(self, events: Sequence[Event]) -> None:
        """Do nothing."""


class TurnTrace:
    """The sampled turns that are under way, and the way to a collector."""

    def __init__(
        self,
        settings: TraceSettings,
        exporter: Any = None,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """Take the settings; `exporter` is a SpanExporter, in place of that to the collector."""
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        os.environ.update(settings.environment)
        self._settings, self._now = settings, now
        resource = Resource.create({"service.name": "simnet", "simnet.run": settings.run})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or make_exporter()))
        self._tracer = self._provider.get_tracer("simnet")
        self._turns: dict[tuple[str, int], _Turn] = {}
        self._faults = CollectorFaults()
        self._faults.begin()

    def __deepcopy__(self, memo: object) -> MuteTrace:
        """Return a trace that sends nothing, for the copy that `ScratchKernel` makes."""
        return MuteTrace()

    def seen(self, views: Iterable[View]) -> None:
        """Note views that the kernel has made."""
        for view in views:
            if self._settings.samples(view.who, view.turn):
                self._turns[view.who, view.turn] = _Turn(view.now, self._now())

    def sent(self, host: int, views: Sequence[View]) -> bool:
        """Note views that are sent to a host; whether any of their turns is sampled."""
        turns = [turn for view in views if (turn := self._turns.get((view.who, view.turn)))]
        for turn in turns:
            turn.sent, turn.host = self._now(), host
        return bool(turns)

    def called(self, calls: bytes) -> None:
        """Note model calls, as they are encoded, that have ended."""
        end = self._now()
        for row in decoded(calls).select(list(_COLUMNS)).to_pylist():
            if (turn := self._turns.get((row["who"], row["turn"]))) is not None:
                before = turn.calls[-1][1] if turn.calls else turn.sent
                begin = max(before, end - round(_NS * row["seconds"]))
                turn.calls.append((begin, end, _call_attributes(row)))

    def decided(self, who: str, turn: int, *, recalled: bool) -> None:
        """Note that a turn has its decision."""
        if (found := self._turns.get((who, turn))) is not None:
            found.decided, found.recalled = self._now(), recalled

    def landed(self, events: Sequence[Event]) -> None:
        """End the spans of the turns that have landed."""
        for event in events:
            if event.part or event.turn is None:
                continue
            if (turn := self._turns.pop((event.who, event.turn), None)) is None:
                continue
            if turn.calls or not turn.recalled:  # else the run that it is from has sent it
                self._send(event.who, event.turn, turn, event)

    def close(self) -> None:
        """Send what is not sent yet; blocks, for some seconds at most.

        A turn that has its decision and has not landed is sent too: where the run goes on, its
        reply is a recorded one.
        """
        for (who, number), turn in self._turns.items():
            if turn.decided and turn.calls:
                self._send(who, number, turn, None)
        self._turns.clear()
        self._provider.force_flush(_END_MS)
        self._provider.shutdown()
        self._faults.end()

    def _send(self, who: str, number: int, turn: _Turn, event: Event | None) -> None:
        from opentelemetry.trace import StatusCode, set_span_in_context  # noqa: PLC0415

        end = self._now() if event is not None else max(turn.decided, turn.calls[-1][1])
        facts: dict[str, Any] = {
            "simnet.run": self._settings.run,
            "simnet.persona": who,
            "simnet.turn": number,
            "simnet.woke": turn.woke,
            "simnet.host": f"agents-{turn.host}",
        }
        span = self._tracer.start_span("turn", attributes=facts, start_time=turn.seen)
        if event is not None:
            span.set_attributes(_landing_attributes(event))
        if event is not None and event.outcome == FAILED:
            span.set_status(StatusCode.ERROR, event.reason or "")
        context = set_span_in_context(span)
        for name, begin, until, attributes in _parts(turn, end, landed=event is not None):
            part = self._tracer.start_span(
                name, context=context, attributes=attributes, start_time=begin
            )
            part.end(until)
        span.end(end)


def _landing_attributes(event: Event) -> dict[str, Any]:
    facts = {
        "simnet.cohort": event.cohort,
        "simnet.landed": event.time,
        "simnet.verb": event.verb,
        "simnet.outcome": event.outcome,
        "simnet.reason": event.reason,
    }
    return {name: value for name, value in facts.items() if value is not None}


def make_exporter() -> Any:
    """Make what sends spans to the collector that the variables `OTEL_*` name."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter()


_COLUMNS: Mapping[str, str] = {
    "who": "",
    "turn": "",
    "seconds": "",
    "call": "simnet.call",
    "model": "gen_ai.request.model",
    "adapter": "simnet.adapter",
    "finish": "gen_ai.response.finish_reasons",
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
}
"""Columns of `calls` that are read, with the names of the attributes that they become."""


def _call_attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: row[column] for column, name in _COLUMNS.items() if name}
    found["gen_ai.response.finish_reasons"] = [row["finish"]]
    return {name: value for name, value in found.items() if value is not None}


def _parts(
    turn: _Turn, end: int, *, landed: bool
) -> Iterable[tuple[str, int, int, dict[str, Any]]]:
    """Yield name, begin, end and attributes of the parts of a turn."""
    sent = turn.sent or turn.decided or end  # a turn whose code failed has been sent to no host
    decided = turn.decided or end
    yield "schedule", turn.seen, sent, {}
    at = sent
    for begin, until, attributes in turn.calls:
        yield "prompt", at, begin, {}
        yield "call", begin, until, attributes
        at = until
    yield "decide", at, max(at, decided), {}
    if landed:
        yield "land", max(at, decided), end, {}
