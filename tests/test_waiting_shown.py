"""While a run waits for its endpoint, what is shown and logged says why and for how long."""

import asyncio
import json

import pytest
from stub_endpoint import StubEndpoint, reply
from test_live import console, pace, progress, text_of
from typer.testing import CliRunner

from simnet import MINUTE, Cohort, Persona, Scenario, Steps, api
from simnet.behaviours import converse
from simnet.cli.app import app
from simnet.cli.display.live import LiveDisplay, Plain, line
from simnet.errors import RunError, UserCodeError
from simnet.inference.backends.choice import choose
from simnet.inference.calls.retry_waits import RetryWaits, Wait
from simnet.inference.calls.statistics import Statistics, merged
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.runs.launching.launcher import launch
from simnet.runs.models import model_notes
from simnet.runs.models.model_notes import ModelNotes
from simnet.runs.plans.plan import RunPlan
from simnet.runs.watching.heartbeat import with_beats
from simnet.runtime.base import Silent
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.failures.failure_limit import FailureCount

pytest.importorskip("openai")

SLOW_DOWN = (429, {"retry-after": "1.2"}, '{"error": {"message": "slow \\u001b[2Jdown"}}')


def passing(script):
    """An endpoint whose personas do nothing, unless the script says otherwise."""
    return StubEndpoint(lambda number, body: script(number, body) or (200, {}, reply("pass")))


class Telling(Silent):
    """Keeps the lines it gets."""

    def __init__(self):
        self.lines = []

    def phase(self, text):
        self.lines.append(text)


def pair(behaviour=converse):
    people = [Persona(id="ann", description="Bakes."), Persona(id="bob", description="Drives.")]
    return Scenario(
        "pair",
        [Cohort("pair", people, behaviour=behaviour, rhythm=Steps(10 * MINUTE))],
        lasts=60 * MINUTE,
    )


async def run_against(stub, root, reporter, *, budget=UNLIMITED, scenario=None):
    async with stub:
        backend = choose("openai", "tiny", endpoint=Endpoint(base_url=stub.url))
        told = {"backend": backend, "root": root, "ray": False, "budget": budget}
        plan = RunPlan(scenario=scenario or pair(), **told)
        # The endpoint is asked for its models in a blocking call, hence another thread.
        return await asyncio.to_thread(asyncio.run, launch(plan, reporter))


@pytest.mark.slow
def test_a_wait_is_told_with_the_answer_of_the_endpoint_and_the_time(tmp_path, monkeypatch):
    monkeypatch.setattr(model_notes, "QUIET_SECONDS", 0.0)
    reporter = Telling()

    def script(number, body):
        told = any("trying again" in text for text in reporter.lines)
        return None if told else SLOW_DOWN

    asyncio.run(run_against(passing(script), tmp_path, reporter))
    wait, end = (
        text for text in reporter.lines if "endpoint answers" in text or "again in" in text
    )
    assert wait.startswith("2 prompts wait: Error code: 429 - slow [2Jdown; trying again in ")
    assert end == "the endpoint answers again; going on"


def test_what_is_left_out_is_told_once_and_stays_in_the_manifest(tmp_path):
    def script(number, body):
        refuses = "temperature" in body
        return (400, {}, '{"error": {"message": "unknown: temperature"}}') if refuses else None

    reporter = Telling()
    result = asyncio.run(run_against(passing(script), tmp_path, reporter))
    assert result.state is State.COMPLETED
    told = [text for text in reporter.lines if "left out" in text]
    assert told == ["the endpoint refuses temperature: left out from now on"]
    assert Run.open(result.folder).manifest.model.left_out == ("temperature",)


def test_a_used_up_quota_ends_a_run_at_once_and_it_can_be_resumed(tmp_path):
    body = json.dumps({"error": {"message": "You are broke.", "code": "insufficient_quota"}})
    stub = passing(lambda number, asked: (429, {}, body) if number > 4 else None)
    with pytest.raises(RunError, match=r"takes no more requests: .*429 - You are broke\."):
        asyncio.run(run_against(stub, tmp_path, Silent()))
    assert len(stub.asked) <= 6
    (folder,) = (path.parent for path in tmp_path.glob("*/manifest.json"))
    stopped = Run.open(folder)
    assert stopped.manifest.state is State.FAILED
    assert stopped.read("calls")["finish"].to_pylist() == ["stop"] * 4


COMPARED = ("events", "calls", "exposures", "ledger")


def tables(folder):
    found = Run.open(folder)
    return [found.read(name).drop_columns(["seconds"][: name == "calls"]) for name in COMPARED]


def test_a_run_that_stops_while_it_waits_for_an_hour_ends_at_once_and_is_resumed_equal(tmp_path):
    hour = (429, {"retry-after": "3600"}, '{"error": {"message": "no more"}}')
    reporter = Telling()
    stub = passing(lambda number, body: hour if number > 5 else None)
    stopped = asyncio.run(
        run_against(stub, tmp_path / "runs", reporter, budget=Budget(minutes=0.1))
    )
    assert stopped.state is State.INTERRUPTED
    assert any("no more; http" in text and "asks to wait until" in text for text in reporter.lines)
    assert set(Run.open(stopped.folder).read("calls")["finish"].to_pylist()) == {"stop"}

    async def resumed():
        async with passing(lambda number, body: None) as well:
            told = {"model": "tiny", "backend": "openai", "base_url": well.url, "ray": False}
            return await asyncio.to_thread(api.resume, stopped.folder, pair(), **told)

    whole = asyncio.run(run_against(passing(lambda number, body: None), tmp_path / "w", Silent()))
    assert asyncio.run(resumed()).manifest.state is State.COMPLETED
    assert tables(stopped.folder) == tables(whole.folder)


def test_code_of_the_user_that_fails_ends_a_run_whose_prompts_wait_for_an_hour(tmp_path):
    hour = (429, {"retry-after": "3600"}, '{"error": {"message": "no more"}}')

    async def fails(me, view, ask):
        if me.persona.id == "bob":
            raise ValueError("bob cannot")
        return await converse(me, view, ask)

    stub = passing(lambda number, body: hour)
    with pytest.raises(UserCodeError, match="bob cannot"):
        asyncio.run(run_against(stub, tmp_path, Silent(), scenario=pair(fails)))


def seconds(*times):
    """A clock that shows these times, one after the other."""
    left = iter(times)
    return lambda: next(left)


def waiting(calls, *waits):
    usage = progress().usage._replace(calls=calls)
    return progress()._replace(usage=usage, statistics=Statistics(waits=waits))


def test_a_reason_is_told_when_nothing_came_for_a_while_and_not_again_until_it_changes():
    lines = []
    clock = seconds(0, 0, 2, 4, 5, 80, 81, 82)
    notes = ModelNotes(lines.append, None, clock)
    busy, broken = Wait("429 - wait 7 s", 7.0, 3), Wait("500 - boom", 2.0, 1)
    for calls, wait in ((5, busy), (5, busy), (5, busy), (5, broken), (5, broken)):
        notes.see(waiting(calls, wait))
    notes.see(waiting(5, broken._replace(reason="501 - boom")))
    notes.see(waiting(6))
    assert lines == [
        "3 prompts wait: 429 - wait 7 s; trying again in 7 s",
        "1 prompt waits: 500 - boom; trying again in 2 s",
        "1 prompt waits: 500 - boom; trying again in 2 s",
        "the endpoint answers again; going on",
    ]


def test_a_prompt_that_is_given_up_is_no_answer_of_the_endpoint():
    lines = []
    notes = ModelNotes(lines.append, None, seconds(0, 0, 10, 11, 12, 13))
    notes.see(waiting(8))
    notes.see(waiting(8, Wait("ConnectError", 7.0, 1)))
    given_up = (FailureCount("ConnectError, 10 times", 1),)
    notes.see(waiting(8)._replace(failures=given_up))  # its call is not counted yet
    notes.see(waiting(9)._replace(failures=given_up))
    assert lines == ["1 prompt waits: ConnectError; trying again in 7 s"]
    notes.see(waiting(10)._replace(failures=given_up))
    assert lines[1:] == ["the endpoint answers again; going on"]


def test_replies_in_between_are_no_wait():
    lines = []
    notes = ModelNotes(lines.append, None, seconds(0, 0, 10, 20, 30))
    for calls in (1, 2, 3, 4):
        notes.see(waiting(calls, Wait("429", 1.0, 1)))
    assert lines == []


def test_displays_show_what_prompts_wait_for():
    wait = Wait("Error code: 429 - \x1b[2Jslow", 20.2, 12)
    report = waiting(60, wait)
    shown = "12 prompts wait: Error code: 429 - [2Jslow; trying again in 20 s"
    assert line(pace().look(report)).endswith(shown)
    terminal = console(terminal=True, width=120)
    live = LiveDisplay(terminal, pace(), watch=False)
    live.progress(report)
    terminal.print(live._render())
    assert shown in text_of(terminal)
    assert "waits" in pace().look(report).to_json()


def test_plain_lines_are_few_while_nothing_gets_done():
    shown, now = console(width=200), [0.0]
    plain = Plain(shown, pace(), watch=False, clock=lambda: now[0])
    for second in range(61):
        now[0] = float(second)
        plain.progress(progress(elapsed=10.0 + second))
    assert len(text_of(shown).splitlines()) == 3


def test_waits_are_counted_while_they_last():
    now = [0.0]
    waits = RetryWaits(lambda: now[0])
    with waits.waiting("busy", 9.0):
        now[0] = 4.0
        with waits.waiting("still busy", 2.0):
            assert waits.state() == (Wait("still busy", 2.0, 2),)
        assert waits.state() == (Wait("still busy", 5.0, 1),)
    assert waits.state() == ()
    both = merged([Statistics(waits=(Wait("a", 1.0, 1),), left_out=("seed",))] * 2)
    assert (len(both.waits), both.left_out) == (2, ("seed",))


def test_beats_come_while_nothing_else_does_and_errors_pass():
    async def main():
        go = asyncio.Event()

        async def items():
            yield "first"
            await go.wait()
            yield "second"
            raise RunError("over")

        async for item in with_beats(items(), 0.001):
            came.append(item)
            if came.count(None) == 2:
                go.set()

    came = []
    with pytest.raises(RunError, match="over"):
        asyncio.run(main())
    assert [item for item in came if item] == ["first", "second"]
    assert came[:3] == ["first", None, None]


def test_a_closed_watch_closes_what_it_watches():
    async def main():
        closed = asyncio.Event()

        async def items():
            try:
                yield 1
                await asyncio.get_running_loop().create_future()
            finally:
                closed.set()

        beats = with_beats(items(), 0.001)
        assert await anext(beats) == 1
        assert await anext(beats) is None
        await beats.aclose()
        return closed.is_set()

    assert asyncio.run(main())


def test_the_command_ends_with_the_words_of_the_endpoint_and_how_to_go_on(tmp_path):
    file = tmp_path / "pair.py"
    file.write_text(
        "from simnet import *\n"
        "pair = Scenario('pair', [Cohort('c', [Persona(id='a', description='x')],\n"
        "    rhythm=Steps(60.0))], lasts=3600.0)\n"
    )

    async def main():
        broke = (402, {}, '{"error": {"message": "pay first"}}')
        async with StubEndpoint(lambda number, body: broke) as stub:
            command = ["run", str(file), "--backend", "openai", "--base-url", stub.url]
            command += ["--model", "tiny", "--no-ray", "--runs", str(tmp_path / "runs")]
            return await asyncio.to_thread(CliRunner().invoke, app, command)

    result = asyncio.run(main())
    assert result.exit_code == 1
    assert "takes no more requests: Error code: 402 - pay first" in result.output
    assert "go on with: simnet resume" in result.output
