"""A whole run against a real OpenAI-compatible server: that of vLLM, with the embedded model."""

import os
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from simnet import HOUR, Cohort, Exponential, Scenario, run, sample
from simnet.inference.settings import environment
from simnet.recording.files.manifest import State

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

START_SECONDS = 400
NAME = "smol"


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    """The address of a server that runs until the tests of this file are over."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ["--host", "127.0.0.1", "--port", port, "--model", str(folder)]
    options += ["--served-model-name", NAME, "--max-model-len", "1024", "--max-num-seqs", "4"]
    options += ["--dtype", "bfloat16", "--enforce-eager", "--no-enable-chunked-prefill"]
    options += ["--max-num-batched-tokens", "4096", "--block-size", "32"]
    options += ["--kv-cache-memory-bytes", str(256 * 2**20)]
    module = "vllm.entrypoints.openai.api_server"
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as lines:
        server = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            env={**environment(cpu=True), **os.environ, "VLLM_CPU_OMP_THREADS_BIND": "nobind"},
            stdout=lines,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait_until_up(server, url, log)
        yield url
    finally:
        server.terminate()
        server.wait(60)


def _wait_until_up(server, url, log):
    end = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            urlopen(f"{url}/models", timeout=5).close()
        except (URLError, OSError):
            time.sleep(1)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def test_a_run_against_the_server_of_vllm_is_constrained_and_completes(address, tmp_path):
    people = Cohort("people", sample(2, seed=2), rhythm=Exponential(HOUR), follows={"people": 1.0})
    scenario = Scenario("served", [people], lasts=HOUR, seed=4)
    done = run(
        scenario, backend="openai", base_url=address, model=NAME, deadline=900.0, out=tmp_path
    )
    assert done.manifest.state is State.COMPLETED
    assert done.manifest.model.left_out == ()
    calls = done.read("calls")
    assert calls.num_rows > 0
    assert set(calls["finish"].to_pylist()) <= {"stop", "length"}
    assert min(calls["prompt_tokens"].to_pylist()) > 50
    outcomes = done.read("events")["outcome"].to_pylist()
    assert outcomes.count("failed") <= len(outcomes) // 2
