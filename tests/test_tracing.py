"""Spans of a sample of turns, in memory and at a collector on this machine."""

import itertools
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_again import tables

import simnet
from simnet import Cohort, Exponential, FakeModel, Scenario, Steps, draws, sample
from simnet.analysis.costs import early_costs
from simnet.errors import UsageError
from simnet.scheduler.tracing import trace_settings, turn_trace
from simnet.scheduler.tracing.trace_settings import TraceSettings

sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
proto = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in list(trace_settings.os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")


@pytest.fixture
def spans(monkeypatch):
    """Return a function that gives the spans that were sent since the last call."""
    exporters = []

    def make():
        exporters.append(sdk.InMemorySpanExporter())
        return exporters[-1]

    monkeypatch.setattr(turn_trace, "make_exporter", make)
    return lambda: exporters.pop().get_finished_spans()


def talk():
    people = Cohort("people", sample(4), rhythm=Steps(60.0), follows={"people": 1.0})
    return Scenario("talk", [people], lasts=600.0)


def turns_of(spans):
    return [one for one in spans if one.parent is None]


def keys_of(spans):
    found = [
        (one.attributes["simnet.persona"], one.attributes["simnet.turn"]) for one in turns_of(spans)
    ]
    assert len(set(found)) == len(found)
    return set(found)


def test_a_turn_is_a_span_with_its_parts_one_after_the_other(spans, tmp_path):
    run = simnet.run(talk(), model=FakeModel(), out=tmp_path, trace_turns=1.0)
    sent = spans()
    events = {(row["who"], row["turn"]): row for row in run.read("events").to_pylist()}
    calls = {(row["who"], row["turn"]): row for row in run.read("calls").to_pylist()}
    assert keys_of(sent) == set(events)
    for turn in turns_of(sent):
        key = turn.attributes["simnet.persona"], turn.attributes["simnet.turn"]
        event, call = events[key], calls[key]
        expected = {
            "simnet.run": run.id, "simnet.cohort": "people", "simnet.host": "agents-0",
            "simnet.woke": event["woke"], "simnet.landed": event["time"],
            "simnet.verb": event["verb"], "simnet.outcome": event["outcome"],
        }  # fmt: skip
        assert expected.items() <= dict(turn.attributes).items()
        parts = sorted(
            (one for one in sent if one.parent and one.parent.span_id == turn.context.span_id),
            key=lambda one: one.start_time,
        )
        names = ["schedule", "prompt", "call", "decide", "land"]
        assert sorted(one.name for one in parts) == sorted(names)
        by_name = {one.name: one for one in parts}
        edges = [(by_name[name].start_time, by_name[name].end_time) for name in names]
        assert (edges[0][0], edges[-1][1]) == (turn.start_time, turn.end_time)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(edges))
        assert all(begin <= end for begin, end in edges)
        of_call = by_name["call"].attributes
        assert of_call["gen_ai.request.model"] == call["model"]
        assert of_call["gen_ai.usage.input_tokens"] == call["prompt_tokens"]
        assert of_call["gen_ai.usage.output_tokens"] == call["output_tokens"]
        assert of_call["gen_ai.response.finish_reasons"] == (call["finish"],)


def test_tracing_changes_no_row(spans, tmp_path):
    plain = simnet.run(talk(), model=FakeModel(), out=tmp_path / "a")
    traced = simnet.run(talk(), model=FakeModel(), out=tmp_path / "b", trace_turns=0.5)
    assert 0 < len(keys_of(spans())) < 40
    assert tables(traced) == tables(plain)


def test_tracing_leaves_early_calls_on_and_they_leave_no_span(spans, tmp_path):
    def played(name, **options):
        model = FakeModel(delay=lambda prompt: 0.01 + 0.04 * draws.unit(prompt.seed))
        return simnet.run(crowd, model=model, out=tmp_path / name, trace_turns=1.0, **options)

    people = Cohort("people", sample(8), rhythm=Exponential(540.0), follows={"people": 0.5})
    crowd = Scenario("crowd", [people], lasts=3600.0)
    plain, alone = played("plain"), keys_of(spans())
    ahead = played("ahead", prefetch="ahead")
    assert early_costs(ahead).made > 0
    assert keys_of(spans()) == alone
    assert tables(ahead)["events"] == tables(plain)["events"]


def test_the_sample_is_the_same_in_a_run_that_is_resumed(spans, tmp_path):
    simnet.run(talk(), model=FakeModel(), out=tmp_path / "a", trace_turns=0.5)
    whole = keys_of(spans())
    part = simnet.run(talk(), model=FakeModel(), out=tmp_path / "b", max_calls=14, trace_turns=0.5)
    first = keys_of(spans())
    part.resume(talk(), model=FakeModel(), trace_turns=0.5)
    second = keys_of(spans())
    assert first
    assert second
    assert first | second == whole
    assert len(first & second) <= 4  # of the turns that were under way when it stopped


def test_a_turn_whose_reply_is_of_no_use_is_an_error(spans, tmp_path):
    simnet.run(talk(), model=FakeModel(lambda _: ""), out=tmp_path, trace_turns=1.0,
               accept_failures=True)  # fmt: skip
    statuses = {(one.status.status_code.name, one.status.description) for one in turns_of(spans())}
    (only,) = statuses
    assert only[0] == "ERROR"
    assert only[1]


class Collector(BaseHTTPRequestHandler):
    """A collector that keeps what it is sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Print nothing."""


@contextmanager
def collecting():
    """Yield the address of a collector, and a function that gives its spans with their resource."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def received():
            for path, _, body in server.received:
                assert path == "/v1/traces"
                for one in proto.ExportTraceServiceRequest.FromString(body).resource_spans:
                    yield from (
                        (one.resource, span) for part in one.scope_spans for span in part.spans
                    )

        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


def test_spans_come_to_the_collector_that_the_environment_names(monkeypatch, tmp_path):
    with collecting() as (url, received):
        monkeypatch.setenv(ENDPOINT, url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        run = simnet.run(talk(), model=FakeModel(), out=tmp_path, trace_turns=1.0)
    facts = {
        (item.key, item.value.string_value) for one, _ in received() for item in one.attributes
    }
    assert {("service.name", "simnet"), ("simnet.run", run.id)} <= facts
    names = [span.name for _, span in received()]
    assert names.count("call") == run.read("calls").num_rows > 0


def test_a_collector_that_is_not_there_ends_no_run_and_is_told_of_once(
    monkeypatch, tmp_path, capfd
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    made = simnet.run(talk(), model=FakeModel(), out=tmp_path, trace_turns=1.0, progress=True)
    assert made.manifest.state == "completed"
    told = [line for line in capfd.readouterr().err.splitlines() if "span" in line]
    assert len(told) == 1
    assert "spans are not sent; the run goes on" in told[0]
    assert logging.getLogger("opentelemetry").propagate


def test_what_cannot_be_traced_is_told_before_the_start(monkeypatch, tmp_path):
    def told(share=0.5):
        with pytest.raises(UsageError) as caught:
            simnet.run(talk(), model=FakeModel(), out=tmp_path, trace_turns=share)
        return str(caught.value)

    assert told(2.0) == "trace_turns=2.0: give a share of the turns, from 0 to 1"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: traces are sent by http/protobuf alone" in told()
    monkeypatch.delenv(ENDPOINT)
    assert told().startswith("it is not said where traces are sent: set OTEL_EXPORTER_OTLP_ENDPO")
    monkeypatch.setattr(trace_settings, "_EXPORTER", "opentelemetry.nothing.of.this")
    assert told() == 'OpenTelemetry is not installed: pip install ".[trace]"'
    assert not list(tmp_path.iterdir())


def test_a_share_is_that_share_of_the_turns():
    settings = TraceSettings(0.01, "run", {})
    sampled = sum(settings.samples(f"p{n}", turn) for n in range(1000) for turn in range(50))
    assert 400 < sampled < 600
