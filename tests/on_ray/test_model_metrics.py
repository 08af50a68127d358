"""The model's statistics on their way: to the record, the display and Prometheus."""

import asyncio
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from itertools import count
from urllib.request import urlopen

import pytest
import ray
from exported_names import exported_names
from stub_endpoint import StubEndpoint, reply
from waiting import wait_until

from simnet import MINUTE, Cohort, Run, Scenario, Steps, sample
from simnet.inference.backends.choice import choose
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.calls.statistics import Statistics
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.model import Prompt
from simnet.jobs.grafana import dashboard
from simnet.kernel.ledger import Ledger
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.runtime.ray.engines import sampled_engine
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.runtime.ray.engines.prometheus import Gauges
from simnet.runtime.ray.run_gauges import RunGauges
from simnet.scheduler.progress.messages import Progress, Usage

pytest.importorskip("openai")

EMPTY = Ledger(0, 0, Counter(), Counter(), Counter(), 0, 0)


def test_the_server_publishes_once_a_second_at_most():
    published = []
    clock = count(100.0, 0.25).__next__  # four replies a second

    async def run():
        async with StubEndpoint() as stub:
            backend = OpenAIBackend(model="tiny", endpoint=Endpoint(base_url=stub.url))
            server = LlmServer(backend, lambda name: published.append, clock=clock)
            await server.start()
            for number in range(20):
                prompts = [Prompt(system="", user=f"{number}")]
                async for finished in server.generate(prompts):
                    assert finished
            last = server.statistics()
            await server.close()
            return last

    last = asyncio.run(run())
    assert len(published) == 5
    assert isinstance(last, Statistics)
    assert (last.prompt_tokens, last.cached_tokens) == (400, 320)


class Watching(Silent):
    def __init__(self):
        self.seen = []
        self.walls = []

    def progress(self, progress):
        if progress.statistics is not None:
            self.seen.append(progress.statistics)
            self.walls.append(progress.elapsed)

    @property
    def enough(self):
        """Whether there were reports for two samples, which are taken a second apart."""
        return bool(self.walls) and self.walls[-1] - self.walls[0] >= 1.5


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_statistics_reach_the_record_and_the_display(tmp_path, monkeypatch):
    watching = Watching()

    async def script(number, body):
        if not watching.enough:  # then what is left of many turns goes by in no time
            await asyncio.sleep(0.2)
        return 200, {}, reply("pass")

    people = Cohort("people", sample(2), rhythm=Steps(10 * MINUTE), reacts_in=MINUTE)
    scenario = Scenario("talk", [people], lasts=2000 * MINUTE)
    monkeypatch.setattr(
        sampled_engine, "_LAST_SAMPLE_SECONDS", 60.0
    )  # the sums below are those of the end

    with served(script) as stub:
        backend = choose("openai", "tiny", endpoint=Endpoint(base_url=stub.url))
        outcome = asyncio.run(launch(RunPlan(scenario, backend, tmp_path), watching))
    assert watching.enough
    rows = Run.open(outcome.folder).read("metrics").to_pylist()
    hits = [row["value"] for row in rows if row["name"] == "model.prefix_cache_hit_rate"]
    walls = [row["wall"] for row in rows if row["name"] == "model.in_flight"]
    assert len(hits) >= 3
    assert hits[-1] == 0.8
    assert len(walls) <= outcome.finish.progress.elapsed + 2
    calls = outcome.finish.progress.usage.calls
    assert outcome.finish.progress.statistics.prompt_tokens == 20 * calls
    assert any(seen.cached_tokens for seen in watching.seen)


@contextmanager
def served(script):
    """A stub on an event loop of its own: a run asks it before there is another."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stub = StubEndpoint(script)
    asyncio.run_coroutine_threadsafe(stub.__aenter__(), loop).result()
    try:
        yield stub
    finally:
        asyncio.run_coroutine_threadsafe(stub.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_each_figure_has_a_gauge_that_prometheus_finds():
    gauges = Gauges("tiny", run="some-run")
    names = {gauge.info["name"] for gauge in gauges._gauges.values()}
    assert len(names) == len(list(Statistics().figures()))
    wanted = {"simnet_model_prefix_cache_hit_rate", "simnet_model_queue_seconds_p95"}
    assert wanted <= names

    run = RunGauges("some-run")
    shown = set(re.findall(r"ray_simnet_\w+", json.dumps(dashboard())))
    assert len(shown) > 15

    def exported():
        gauges(Statistics(1, 2, 3))
        run(Progress(9.0, EMPTY, Usage(calls=3), 1.0, (), None))
        text = scraped()
        labelled = (
            re.search(rf'^ray_simnet_{name}\{{.*run="some-run".*\}} {value}$', text, re.MULTILINE)
            for name, value in (("run_calls", "3.0"), ("model_in_flight", "1.0"))
        )
        return all(labelled) and set(re.findall(r"ray_simnet_\w+", text))

    names = wait_until(exported)  # Ray reports at intervals of its own
    assert shown | exported_names() <= names
    assert wanted <= {name.removeprefix("ray_") for name in names}


def scraped():
    """What the node's metrics port says; nothing while it does not answer."""
    (node,) = [node for node in ray.nodes() if node["Alive"]]
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with suppress(OSError), urlopen(address, timeout=10) as answer:
        return answer.read().decode()
    return ""
