"""A run that waits long says for whom."""

import asyncio
from collections import Counter

from simnet import Cohort, FakeModel, Scenario, Steps, sample
from simnet.inference.calls.retry_waits import Wait
from simnet.inference.calls.statistics import Statistics
from simnet.kernel.ledger import Ledger
from simnet.runs.launching import active_run
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan
from simnet.runs.watching import stall_notes
from simnet.runs.watching.stall_notes import StallNotes
from simnet.runtime.base import Silent
from simnet.scheduler.progress.messages import EngineState, Progress, Usage

EMPTY = Ledger(0, 0, Counter(), Counter(), Counter(), 0, 0)


def progress(calls=1, **fields):
    return Progress(60.0, EMPTY, Usage(calls=calls), 1.0, (), None, **fields)


def seen(*reports, models=("tiny",), people=()):
    """What is said of reports at some times."""
    said, now = [], [0.0]
    notes = StallNotes(said.append, models, lambda: now[0], people)
    for at, report in reports:
        now[0] = at
        notes.see(report)
    return said


def test_a_stall_is_told_after_twenty_seconds_then_each_time_it_is_twice_as_long():
    stalled = [(at, progress()) for at in range(100)]
    assert seen(*stalled, (101, progress(2))) == [
        "no reply for 20 s from tiny",
        "no reply for 40 s from tiny",
        "no reply for 80 s from tiny",
        "replies come again, after 101 s",
    ]
    assert seen(*((19 * n, progress(n)) for n in range(9))) == []


def test_the_handles_that_people_may_take_are_named():
    waiting = ((0, progress()), (20, progress()))
    assert seen(*waiting, models=["none"], people=["ann", "ben"]) == [
        "no reply for 20 s from a person for @ann, @ben"
    ]
    assert seen(*waiting, people=["ann"]) == ["no reply for 20 s from tiny or a person for @ann"]
    assert seen(*waiting, models=["none"]) == ["no reply for 20 s from code of the scenario"]
    idle = ((0, progress()), (20, progress(statistics=Statistics())))
    (said,) = seen(*idle, people=["ann"])
    assert said.endswith("in flight: code of the scenario or a person for @ann takes long")


def test_the_engines_that_work_on_calls_are_named_and_so_is_code_that_takes_long():
    def engines(*in_flight):
        return tuple(
            EngineState(name, "tiny", Statistics(in_flight=count), 0)
            for name, count in zip(("default.0", "default.1"), in_flight, strict=True)
        )

    (said,) = seen((0, progress()), (20, progress(engines=engines(0, 3))))
    assert said == "no reply for 20 s from the engines default.1 (3 calls)"
    (said,) = seen((0, progress()), (20, progress(statistics=Statistics(in_flight=1))))
    assert said == "no reply for 20 s from tiny (1 call in flight)"
    for idle in ({"engines": engines(0, 0)}, {"statistics": Statistics()}):
        (said,) = seen((0, progress()), (20, progress(**idle)))
        assert said.startswith("no reply for 20 s and no call is in flight: code of the scenario")


def test_prompts_that_wait_to_be_sent_again_are_no_code_of_the_scenario():
    waits = Statistics(waits=(Wait("Error code: 429 - slow down", 40.0, 1),))
    engines = (EngineState("default.0", "tiny", waits, 0),)
    for report in (progress(statistics=waits), progress(statistics=waits, engines=engines)):
        (said,) = seen((0, report), (20, report))
        assert said == (
            "no reply for 20 s and no call is in flight: 1 prompt waits: Error code: 429 - slow "
            "down; trying again in 40 s"
        )


def test_a_pause_for_the_disk_is_no_stall():
    paused = [(at, progress(paused="the disk is full")) for at in range(60)]
    assert seen(*paused, (61, progress())) == []


def test_a_run_says_that_it_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(stall_notes, "STALLED_SECONDS", 0.01)
    monkeypatch.setattr(active_run, "BEAT_SECONDS", 0.01)
    told = asyncio.Event()

    class Telling(Silent):
        def phase(self, text):
            if text.startswith("no reply for"):
                told.set()

    class Late(FakeModel):
        async def generate(self, prompts):
            if prompts[0].priority > 60:  # the first reply is there, and with it a report
                await told.wait()
            async for finished in super().generate(prompts):
                yield finished

    people = Cohort("people", sample(1), rhythm=Steps(60.0))
    plan = RunPlan(Scenario("late", [people], lasts=180.0), Late(), tmp_path)
    assert asyncio.run(launch(plan, Telling())).state == "completed"
