"""Stops a run on Ray whose endpoint demands a wait of an hour."""

import asyncio
import threading

import pytest
from stub_endpoint import reply
from test_model_metrics import served
from test_waiting_shown import pair, tables

from simnet import api
from simnet.inference.backends.choice import choose
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.recording.files.manifest import State
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.scheduler.budget import Budget

pytest.importorskip("openai")

HOUR = (429, {"retry-after": "3600"}, '{"error": {"message": "no more"}}')


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_a_stop_leaves_what_waits_and_a_resume_does_it(tmp_path):
    again = threading.Event()

    def script(number, body):
        return HOUR if number > 5 and not again.is_set() else (200, {}, reply("pass"))

    with served(script) as stub:
        backend = choose("openai", "tiny", endpoint=Endpoint(base_url=stub.url))
        budget = Budget(minutes=0.1)
        plan = RunPlan(pair(), backend, tmp_path / "runs", ray=True, budget=budget)
        stopped = asyncio.run(launch(plan, Silent()))
        assert stopped.state is State.INTERRUPTED
        again.set()
        told = {"model": "tiny", "backend": "openai", "base_url": stub.url}
        resumed = api.resume(stopped.folder, pair(), **told)
        assert resumed.manifest.state is State.COMPLETED
        whole = asyncio.run(launch(RunPlan(pair(), backend, tmp_path / "w", ray=False), Silent()))
    assert tables(stopped.folder) == tables(whole.folder)
