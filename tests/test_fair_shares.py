"""Several runs on one engine: their shares of the calls in flight, and what an end leaves."""

import asyncio
from collections import Counter

import pytest

from simnet.errors import RunError
from simnet.inference.fleet.fair_shares import FairSlots, Share, SharedModel
from simnet.inference.model import Completion, Prompt
from simnet.runtime.ray.engines.llm_server import LlmServer

SLOTS = 8


class Counted:
    """A model that works on a call until it is let go on, and counts what it works on."""

    name = "counted"

    def __init__(self):
        self.working = Counter()
        self.most = 0
        self.order = []
        self.go_on = asyncio.Event()

    async def generate(self, prompts):
        (prompt,) = prompts
        self.working[prompt.user] += 1
        self.most = max(self.most, self.working.total())
        try:
            await self.go_on.wait()
            await asyncio.sleep(0)
        finally:
            self.working[prompt.user] -= 1
        self.order.append(prompt.user)
        yield [(0, Completion(prompt.user))]

    async def close(self):
        pass


def prompts(run, count):
    return [Prompt(system="", user=run, priority=number) for number in range(count)]


async def asked(shared, run, count):
    found = [pair async for some in shared.generate(prompts(run, count), run) for pair in some]
    assert sorted(at for at, _ in found) == list(range(count))
    assert {completion.text for _, completion in found} == {run}


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_run_alone_has_all_slots_and_a_second_one_gets_each_that_is_freed_until_they_are_equal():
    async def run():
        model = Counted()
        shared = SharedModel(model, SLOTS)
        large = asyncio.create_task(asked(shared, "large", 400))
        await settle()
        assert model.working == {"large": SLOTS}
        small = asyncio.create_task(asked(shared, "small", 20))
        await settle()
        assert shared.shares() == [Share("large", SLOTS, 400 - SLOTS, 0), Share("small", 0, 20, 0)]
        model.go_on.set()
        await asyncio.gather(large, small)
        return model, shared

    model, shared = asyncio.run(run())
    assert model.most == SLOTS
    last = max(at for at, run in enumerate(model.order) if run == "small")
    assert last < SLOTS + 3 * 20  # it has half of the slots, whatever waits
    assert shared.shares() == [Share("large", 0, 0, 400), Share("small", 0, 0, 20)]


def test_three_runs_have_equal_shares():
    async def run():
        model = Counted()
        shared = SharedModel(model, 6)
        tasks = [asyncio.create_task(asked(shared, name, 30)) for name in ("a", "b", "c")]
        await settle()
        model.go_on.set()
        await asyncio.gather(*tasks)
        return model.order

    order = asyncio.run(run())
    middle = Counter(order[30:60])
    assert min(middle.values()) >= 8
    assert len(middle) == 3


def test_the_most_urgent_call_of_a_run_goes_first():
    async def run():
        slots, order = FairSlots(1), []
        await slots.enter("run")

        async def work(priority):
            await slots.enter("run", priority)
            order.append(priority)
            slots.leave("run")

        tasks = [asyncio.create_task(work(priority)) for priority in (9, 3, 7, 3)]
        await settle()
        slots.leave("run")
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == [3, 3, 7, 9]


def test_a_released_run_has_no_calls_left_and_gets_no_more_while_others_go_on():
    async def run():
        model = Counted()
        shared = SharedModel(model, SLOTS)
        dead = asyncio.create_task(asked(shared, "dead", 50))
        alive = asyncio.create_task(asked(shared, "alive", 10))
        await settle()
        shared.release("dead")
        await settle()
        assert model.working["dead"] == 0
        assert model.working["alive"] == SLOTS
        with pytest.raises(RunError, match="dead has ended, so its calls are aborted"):
            await dead
        with pytest.raises(RunError, match="takes no more of its calls"):
            await asked(shared, "dead", 1)
        model.go_on.set()
        await alive
        assert shared.shares() == [Share("alive", 0, 0, 10)]

    asyncio.run(run())


def test_calls_that_are_cancelled_while_they_wait_or_run_give_their_slots_back():
    async def run():
        model = Counted()
        shared = SharedModel(model, 2)
        tasks = [asyncio.create_task(asked(shared, "run", 3)) for _ in range(4)]
        await settle()
        for task in tasks[::2]:
            task.cancel()
        await settle()
        model.go_on.set()
        await asyncio.gather(*tasks[1::2])
        assert shared.shares() == [Share("run", 0, 0, 6)]
        await asked(shared, "other", 5)

    asyncio.run(run())


def test_a_server_without_shared_slots_knows_no_clients():
    from simnet.inference.backends.fake_backend import FakeBackend

    async def run():
        server = LlmServer(FakeBackend(), shared_slots=None)
        await server.start()
        assert len(await server.complete(prompts("run", 2))) == 2
        await server.release("run")
        assert await server.shares() == []

    asyncio.run(run())
