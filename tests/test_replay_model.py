"""Recorded replies as a model: for the prompts they were the replies to, and no others."""

import asyncio

import pytest
from made_worlds import random_scenario

from simnet import FakeModel
from simnet.agents.host import Host
from simnet.errors import RunError
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.models import Completion, Prompt, ReplayModel
from simnet.runtime.agent_factory import agents_of


def prompt(number):
    return Prompt(system="You are Ana.", user=f"Day {number}.", seed=number)


def complete(model, prompts):
    async def every():
        return [part async for part in model.generate(prompts)]

    return asyncio.run(every())


def perform(scenario, model):
    """Play a scenario with a model; returns its events, the world's digest and its calls."""

    async def playing():
        host, kernel, calls = Host(agents_of(scenario), model), Kernel(scenario), []
        status = Status.FULL
        while status is not Status.DONE:
            status = kernel.advance(64)
            views, kernel.views = kernel.views, []
            async for thoughts in host.think(views):
                kernel.deliver(thoughts.decisions)
                calls += thoughts.calls
        return kernel.events, kernel.world.digest(), calls

    return asyncio.run(playing())


@pytest.mark.parametrize("number", range(8))
def test_a_scenario_played_with_its_recorded_replies_comes_out_the_same(number):
    scenario = random_scenario(number)
    events, digest, calls = perform(scenario, FakeModel())
    again = perform(scenario, ReplayModel.of(calls))
    assert again[:2] == (events, digest)
    assert [call.completion for call in again[2]] == [call.completion for call in calls]


def test_what_was_not_recorded_is_a_completion_that_says_so():
    model = ReplayModel({prompt(1).digest(): Completion("one")})
    parts = complete(model, [prompt(0), prompt(1)])
    assert parts[0] == [(1, Completion("one"))]
    ((at, done),) = parts[1]
    assert (at, done.finish, done.usable) == (0, "error", False)
    assert done.text == "no reply to this prompt is recorded"


def test_what_was_not_recorded_is_asked_of_the_model_behind_and_nothing_else_is():
    asked = []
    behind = FakeModel(lambda one: asked.append(one) or "fresh", name="big")
    model = ReplayModel({prompt(1).digest(): Completion("one")}, behind)
    found = dict(pair for part in complete(model, [prompt(n) for n in range(3)]) for pair in part)
    assert [found[n].text for n in range(3)] == ["fresh", "one", "fresh"]
    assert asked == [prompt(0), prompt(2)]
    assert model.name == "big"


def test_the_first_of_two_replies_to_equal_prompts_counts():
    _, _, calls = perform(random_scenario(0), FakeModel())
    other = calls[0]._replace(completion="another", who="zoe")
    model = ReplayModel.of([calls[0], other])
    one = Prompt(system="", user="")
    assert complete(model, [one])[0][0][1].finish == "error"
    assert model._replies[calls[0].prompt_hash].text == calls[0].completion


def test_it_closes_the_model_behind():
    behind = FakeModel()
    model = ReplayModel({}, behind)
    asyncio.run(model.close())
    for closed in (model, behind):
        with pytest.raises(RunError, match="closed"):
            complete(closed, [prompt(1)])
