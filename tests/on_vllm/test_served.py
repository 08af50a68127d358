"""Runs on Ray with LoRA adapters, one of them trained, and with vLLM's server as an endpoint."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from shared_servers import TRAINED

from simnet import Cohort, Run, Scenario, Steps, Write, sample
from simnet import run as run_scenario
from simnet.inference.backends.choice import choose
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine.embedded import NAME
from simnet.inference.model import Prompt
from simnet.inference.settings import EngineSettings
from simnet.recording.files.manifest import State
from simnet.runs.launching.launcher import RunPlan, launch

pytest.importorskip("vllm")

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),
]

PATTERN = r"(reply [1-3]: [a-z ]{1,20}|pass)"


# -- adapters -------------------------------------------------------------------------


async def recite(me, view, ask):
    """Say what the model says to the same question, whoever asks."""
    return Write(await ask("You are Ann.", f"Tell of day {view.turn}.", r"[a-z ]{8,40}"))


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_adapters_serve_their_cohorts_of_one_run_at_once_and_say_what_they_learned(
    adapter_folders, trained_folder, tmp_path
):
    folders = adapter_folders | {TRAINED: trained_folder}

    def cohort(name, adapter):
        people = [p.model_copy(update={"id": f"{name}-{p.id}"}) for p in sample(2)]
        rhythm = Steps(600.0)
        return Cohort(
            name, people, behaviour=recite, rhythm=rhythm, adapter=adapter, temperature=0.0
        )

    cohorts = [cohort("plain", None), *(cohort(name, name) for name in folders)]
    scenario = Scenario("adapters", cohorts, lasts=1900.0, seed=3)
    settings = EngineSettings(
        model=NAME, device="cpu", max_num_seqs=8, adapters=folders, scheduling="priority"
    )
    here = (sys.modules[__name__],)  # no other process can import this file
    plan = RunPlan(scenario, choose("vllm", NAME, settings), tmp_path, modules=here)
    outcome = asyncio.run(launch(plan))
    assert outcome.state == "completed"
    calls = Run.open(outcome.folder).read("calls").to_pylist()
    said = defaultdict(dict)
    for row in calls:
        assert row["finish"] in {"stop", "length"}
        name = row["who"].partition("-")[0]
        assert row["adapter"] == (None if name == "plain" else name)
        said[name][row["user"]] = row["completion"]
    assert said.keys() == {"plain", *folders}
    (questions,) = {tuple(sorted(answers)) for answers in said.values()}
    assert len(questions) >= 3
    answers = [tuple(said[name][question] for question in questions) for name in said]
    assert len(set(answers)) == len(answers), answers
    assert all("lol" in text.split() for text in said[TRAINED].values()), said[TRAINED]
    assert not any("lol" in text.split() for text in said["plain"].values())


# -- vLLM's own server ----------------------------------------------------------------


@pytest.fixture(scope="module")
def server(folder, tmp_path_factory):
    """The address of vLLM's API server with the embedded model, in a process of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    settings = EngineSettings(model=str(folder), device="cpu", max_model_len=1024, max_num_seqs=8)
    told = settings.engine_arguments()
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--host", "127.0.0.1", "--port", str(port), "--served-model-name", "small"),
        *("--model", str(folder), "--dtype", "bfloat16", "--max-model-len", "1024"),
        *("--max-num-seqs", "8", "--block-size", str(told["block_size"]), "--enforce-eager"),
        *("--max-num-batched-tokens", "4096", "--no-enable-chunked-prefill"),
        *("--kv-cache-memory-bytes", str(told["kv_cache_memory_bytes"])),
        *("--structured-outputs-config", json.dumps(told["structured_outputs_config"])),
        "--enable-prompt-tokens-details",
    ]
    from simnet.inference.settings import environment

    log = (tmp_path_factory.mktemp("server") / "log").open("w+")
    process = subprocess.Popen(
        command, stdout=log, stderr=log, env=os.environ | environment(cpu=True)
    )
    try:
        _await_server(process, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in psutil.wait_procs(children, timeout=5)[1]:
            child.kill()
        log.close()


def _await_server(process, port, log):
    for _ in range(600):
        if process.poll() is not None:
            log.seek(0)
            pytest.fail(f"vLLM's server ended with {process.returncode}: {log.read()[-3000:]}")
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail("vLLM's server did not come up in 5 minutes")


def test_vllms_own_server_is_an_endpoint_that_constrains(server):
    pytest.importorskip("openai")
    from simnet.inference.endpoints.openai import OpenAIModel

    endpoint = Endpoint(base_url=server).ready("small")
    assert endpoint.constrains
    assert endpoint.served == ("small",)
    shared = "You are Ann, a cyclist. You read a feed and answer in one line. " * 4

    async def ask():
        model = OpenAIModel("small", endpoint)
        prompts = [
            Prompt(system=shared, user=f"Day {n}.", seed=n, pattern=PATTERN, max_tokens=24)
            for n in range(16)
        ]
        hopeless = Prompt(system="word " * 1500, user="x")
        try:
            pairs = [pair async for part in model.generate([*prompts, hopeless]) for pair in part]
        finally:
            await model.close()
        return [done for _, done in sorted(pairs)], model.statistics()

    import re

    done, figures = asyncio.run(ask())
    *good, bad = done
    assert len(good) == 16
    assert {completion.finish for completion in good} <= {"stop", "length"}
    ended = [completion.text for completion in good if completion.finish == "stop"]
    assert len(ended) > 8
    assert all(re.fullmatch(PATTERN, text) for text in ended)
    assert all(completion.prompt_tokens > 50 for completion in good)
    assert figures.cached_tokens > 0
    assert bad.finish == "error"


@pytest.mark.usefixtures("cluster")
def test_a_run_against_the_server_of_vllm_is_constrained_and_completes(server, tmp_path):
    pytest.importorskip("openai")
    people = Cohort(
        "people", sample(2), rhythm=Steps(600.0), follows={"people": 1.0}, text_limit=40, memory=0
    )
    scenario = Scenario("served", [people], lasts=1300.0)
    done = run_scenario(
        scenario, backend="openai", base_url=server, model="small", deadline=900.0, out=tmp_path
    )
    assert done.manifest.state is State.COMPLETED
    assert done.manifest.model.left_out == ()
    calls = done.read("calls")
    assert calls.num_rows > 0
    assert set(calls["finish"].to_pylist()) <= {"stop", "length"}
    assert min(calls["prompt_tokens"].to_pylist()) > 50
    assert set(done.read("events")["outcome"].to_pylist()) == {"done"}
    metrics = {row["name"] for row in done.read("metrics").to_pylist()}
    assert {"model.prefix_cache_hit_rate", "model.generation_seconds.p95"} <= metrics
