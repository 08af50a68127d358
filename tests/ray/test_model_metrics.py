"""The model's statistics on their way: to the record, the display and Prometheus."""

import asyncio
import threading
import time
from contextlib import contextmanager
from itertools import count
from urllib.request import urlopen

import pytest
import ray
from stub_endpoint import StubEndpoint, reply

from simnet import MINUTE, Cohort, Run, Scenario, Steps, sample
from simnet.inference.backend import Backend, choose
from simnet.inference.endpoint import Endpoint
from simnet.inference.model import Prompt
from simnet.inference.statistics import Statistics
from simnet.runs.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.runtime.ray.llm_server import LlmServer
from simnet.runtime.ray.prometheus import Gauges

pytest.importorskip("openai")


def test_the_server_publishes_once_a_second_at_most():
    published = []
    clock = count(100.0, 0.25).__next__  # four replies a second

    async def run():
        async with StubEndpoint() as stub:
            backend = Backend(kind="openai", model="tiny", endpoint=Endpoint(base_url=stub.url))
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

    def progress(self, progress):
        self.seen.append(progress.statistics)


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.timeout(120)
def test_statistics_reach_the_record_and_the_display(tmp_path):
    async def script(number, body):
        await asyncio.sleep(0.2)
        return 200, {}, reply("pass")

    people = Cohort("people", sample(2), rhythm=Steps(10 * MINUTE), reacts_in=MINUTE)
    scenario = Scenario("talk", [people], lasts=200 * MINUTE)
    watching = Watching()

    with served(script) as stub:
        backend = choose("openai", "tiny", endpoint=Endpoint(base_url=stub.url))
        outcome = asyncio.run(launch(RunPlan(scenario, backend, tmp_path), watching))
    rows = Run.open(outcome.folder).read("metrics").to_pylist()
    hits = [row["value"] for row in rows if row["name"] == "model.prefix_cache_hit_rate"]
    walls = [row["wall"] for row in rows if row["name"] == "model.in_flight"]
    assert len(hits) >= 3
    assert hits[-1] == 0.8
    assert len(walls) <= outcome.finish.progress.elapsed + 2
    calls = outcome.finish.progress.usage.calls
    assert outcome.finish.progress.statistics.prompt_tokens == 20 * calls
    assert any(seen is not None and seen.cached_tokens for seen in watching.seen)


@contextmanager
def served(script):
    """A stub on an event loop of its own: a run asks it before there is another."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stub = StubEndpoint(script)
    asyncio.run_coroutine_threadsafe(stub.__aenter__(), loop).result(10)
    try:
        yield stub
    finally:
        asyncio.run_coroutine_threadsafe(stub.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.timeout(120)
def test_each_figure_has_a_gauge_that_prometheus_finds():
    gauges = Gauges("tiny")
    names = {gauge.info["name"] for gauge in gauges._gauges.values()}
    assert len(names) == len(list(Statistics().figures()))
    wanted = {"simnet_model_prefix_cache_hit_rate", "simnet_model_queue_seconds_p95"}
    assert wanted <= names
    missing = wanted
    while missing:  # Ray reports at intervals of its own; the time limit ends this
        gauges(Statistics(1, 2, 3))
        time.sleep(0.5)
        text = exported()
        missing = {name for name in wanted if name not in text}


def exported():
    """What the node's metrics port says."""
    (node,) = [node for node in ray.nodes() if node["Alive"]]
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with urlopen(address, timeout=10) as answer:
        return answer.read().decode()
