"""How an engine ends: it is killed or closed. The last test closes the shared one.

One that hangs, and is killed for it, is in `on_vllm/test_self_healing.py`.
"""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import until

from simnet.errors import RunError
from simnet.inference.model import Prompt

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]


def _prompts(count, **told):
    told = {"pattern": r"(like [1-3]|pass)", "max_tokens": 24} | told
    return [Prompt(system="You are Ann.", user=f"Day {n}.", seed=n, **told) for n in range(count)]


@pytest.mark.filterwarnings("ignore")
def test_an_engine_killed_at_work_is_a_run_error_and_leaves_no_process(engine):
    doomed = type(engine)(replace(engine.model._settings, adapters={}, deadline=60.0))
    children, held = doomed.model.children(), doomed.holds()

    async def kill():
        await until(lambda: doomed.model.statistics().in_flight)
        os.kill(children[0], signal.SIGKILL)

    try:
        killing = doomed.runner.get_loop().create_task(kill())
        with pytest.raises(RunError, match="died"):
            doomed.complete(_prompts(40, pattern=None, max_tokens=300))
        assert killing.done()
        with pytest.raises(RunError, match="died"):
            doomed.complete(_prompts(1))
    finally:
        doomed.end()
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not [path for path in held if path.exists()]


def test_closing_leaves_no_process_and_refuses_further_prompts(engine):
    children, held = engine.model.children(), engine.holds()
    assert children
    engine.close()
    engine.close()
    assert engine.model.children() == []
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not [path for path in held if path.exists()]
    with pytest.raises(RunError, match="closed"):
        engine.complete(_prompts(1))
