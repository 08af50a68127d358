"""Deadlines of model calls go by the speed that is measured, and missing them is loud."""

import asyncio
import re

import pytest
from simulation.virtual_time import run_virtually
from stub_endpoint import StubEndpoint
from test_live import progress
from test_openai import ask, prompts

from simnet.errors import InputError
from simnet.inference.calls.deadline import AT_FIRST, FACTOR, LONGEST, SHORTEST, CallDeadline, late
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.settings import EngineSettings
from simnet.runs.models.model_notes import ModelNotes
from simnet.scheduler.failures.failure_limit import FailureCount


def test_the_limit_goes_by_the_slowest_of_the_newest_replies():
    deadline = CallDeadline()
    assert deadline.seconds(None) == AT_FIRST
    deadline.took(0.5)
    assert deadline.seconds(None) == SHORTEST
    deadline.took(100.0)
    assert deadline.seconds(None) == FACTOR * 100
    deadline.took(10_000.0)
    assert deadline.seconds(None) == LONGEST
    for _ in range(100):
        deadline.took(20.0)
    assert deadline.seconds(None) == FACTOR * 20
    assert deadline.seconds(7.0) == 7.0


def test_a_missed_deadline_doubles_the_next_unless_nothing_ever_came():
    deadline = CallDeadline()
    deadline.missed(AT_FIRST)
    assert deadline.seconds(None) == AT_FIRST
    deadline.took(1.0)
    deadline.missed(SHORTEST)
    assert deadline.seconds(None) == 2 * SHORTEST


def over_after(load, work, *, fixed=None, tokens=100):
    """Return after how many seconds a call of `work` seconds ends, and whether it was in time."""

    async def main():
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with CallDeadline(lambda: load(loop.time() - began)).begin(fixed, tokens):
                await asyncio.sleep(work)
        except TimeoutError:
            return round(loop.time() - began), False
        return round(loop.time() - began), True

    return run_virtually(main())


def test_a_late_call_gets_the_time_it_needs_while_the_engine_makes_tokens():
    def slow(elapsed):
        return int(elapsed / 2), 4  # half a token a second, for four requests

    assert over_after(slow, 700) == (700, True)
    seconds, in_time = over_after(slow, 5000)  # 2 * 100 tokens at an eighth of a token a second
    assert (1600 <= seconds < 1650, in_time) == (True, False)
    assert over_after(slow, 700, fixed=50.0) == (50, False)


def test_a_late_call_of_an_engine_that_makes_no_tokens_gets_no_more_time():
    assert over_after(lambda elapsed: (0, 4), 700) == (AT_FIRST, False)
    assert over_after(lambda elapsed: (10_000, 1), 700) == (AT_FIRST, False)


def test_a_call_that_is_over_is_looked_at_no_more():
    looks = []

    def load():
        looks.append(True)
        return len(looks), 4

    async def main():
        async with CallDeadline(load).begin(None, 100):
            await asyncio.sleep(1)
        await asyncio.sleep(2 * AT_FIRST)

    run_virtually(main())
    assert len(looks) == 1  # as it began


def test_a_missed_deadline_says_what_sets_it():
    async def never(number, body):
        await asyncio.get_running_loop().create_future()

    [done], _ = ask(StubEndpoint(never), prompts(1), deadline=0.2)
    assert done.finish == "deadline"
    assert re.fullmatch(r"no reply within 0\.\d+ s; --deadline sets another limit", done.text)


def test_that_most_calls_miss_their_deadline_is_told_with_what_to_set():
    lines = []
    notes = ModelNotes(lines.append, None)
    for missed, calls in ((1, 1), (3, 4), (4, 5), (6, 8), (7, 100), (60, 110)):
        usage = progress().usage._replace(calls=calls)
        failures = (FailureCount(late(300), missed), FailureCount("boom", 1))
        notes.see(progress()._replace(usage=usage, failures=failures))
    assert [text.partition(" had")[0] for text in lines] == [
        "3 of 4 calls", "6 of 8 calls", "60 of 110 calls",
    ]  # fmt: skip
    assert "--deadline SECONDS" in lines[0]


def test_limits_that_cannot_be_are_refused_before_anything_starts():
    with pytest.raises(InputError, match="deadline"):
        EngineSettings(model="m", deadline=0.0).check()
    with pytest.raises(InputError, match="tries of the endpoint is 0"):
        Endpoint(base_url="http://h/v1", tries=0).ready("m")
