"""Who may ask a model now, and what notices that nobody is answered."""

import asyncio
from types import SimpleNamespace

import pytest
from simulation import virtual_time

from simnet.inference.calls.admission import Admission
from simnet.inference.calls.statistics import BOUNDS, Histogram, Statistics, quantile
from simnet.inference.engine import watchdog
from simnet.inference.engine.watchdog import Watchdog


def test_the_most_urgent_goes_first_and_of_equals_who_came_first():
    async def run():
        admission = Admission(1)
        await admission.enter()
        order = []

        async def work(name, priority):
            await admission.enter(priority)
            order.append(name)
            admission.leave()

        asked = [("late", 900), ("soon", 60), ("now", 0), ("soon too", 60)]
        tasks = [asyncio.create_task(work(*one)) for one in asked]
        await asyncio.sleep(0)
        assert (admission.taken, admission.waiting) == (1, 4)
        admission.leave()
        await asyncio.gather(*tasks)
        assert order == ["now", "soon", "soon too", "late"]
        assert (admission.taken, admission.waiting) == (0, 0)

    asyncio.run(run())


def test_never_more_than_the_limit_are_inside_whatever_is_cancelled():
    async def run():
        admission = Admission(3)
        most = 0

        async def work(number):
            nonlocal most
            await admission.enter(number % 4)
            try:
                most = max(most, admission.taken)
                await asyncio.sleep(number % 3 / 1000)
            finally:
                admission.leave()

        tasks = [asyncio.create_task(work(number)) for number in range(200)]
        for number, task in enumerate(tasks):
            if number % 5 == 0:
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 3
        assert (admission.taken, admission.waiting) == (0, 0)

    asyncio.run(run())


def test_one_cancelled_with_the_place_in_hand_gives_it_back():
    async def run():
        admission = Admission(1)
        await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await asyncio.sleep(0)
        admission.leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (admission.taken, admission.waiting) == (0, 0)

    asyncio.run(run())


def test_a_higher_limit_lets_those_who_wait_in():
    async def run():
        admission = Admission(1)
        tasks = [asyncio.create_task(admission.enter()) for _ in range(4)]
        await asyncio.sleep(0)
        assert (admission.taken, admission.waiting) == (1, 3)
        admission.limit = 3
        assert (admission.taken, admission.waiting) == (3, 1)
        admission.leave()
        await asyncio.gather(*tasks)

    asyncio.run(run())


def stalls_during(use, monkeypatch):
    """Use a watchdog with a timeout of a second; returns when it reported stalls."""

    async def run():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=loop.time))
        stalls = []
        watchdog_under_test = Watchdog(1.0, lambda: stalls.append(loop.time()))
        await use(watchdog_under_test)
        watchdog_under_test.stop()
        return stalls

    return virtual_time.run(run())


@pytest.mark.parametrize(("tokens", "count"), [(True, 0), (False, 1)], ids=["tokens", "none"])
def test_requests_in_flight_without_a_token_are_a_stall(monkeypatch, tokens, count):
    async def work(dog):
        dog.begin()
        for _ in range(20):
            await asyncio.sleep(0.9)
            if tokens:
                dog.alive()

    assert len(stalls_during(work, monkeypatch)) == count


def test_without_requests_in_flight_there_is_no_stall(monkeypatch):
    async def rest_and_work(dog):
        dog.begin()
        dog.end()
        await asyncio.sleep(10)
        dog.begin()
        await asyncio.sleep(10)

    (stall,) = stalls_during(rest_and_work, monkeypatch)
    assert 11 < stall < 12


def test_quantiles_are_bounds_of_buckets():
    histogram = Histogram()
    assert quantile(histogram.counts(), 0.5) == 0
    for seconds in (0.005, 0.2, 0.2, 0.2, 5000.0):
        histogram.add(seconds)
    assert sum(histogram.counts()) == 5
    assert quantile(histogram.counts(), 0.5) == 0.3
    assert quantile(histogram.counts(), 1.0) == BOUNDS[-1]


def test_figures_have_a_name_a_value_and_a_unit():
    figures = dict.fromkeys(name for name, _, _ in Statistics().figures())
    told = {name: value for name, value, _ in Statistics(3, 4, 100, 50).figures()}
    assert told.keys() == figures.keys()
    assert (told["waiting"], told["prefix_cache_hit_rate"]) == (4.0, 0.5)
