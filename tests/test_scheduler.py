"""Views out, decisions back and rows to the record, in one process and with any delays.

Time is virtual: delays take none, and the scheduler reads the clock of the event loop.
"""

import asyncio
from random import Random

import pyarrow as pa
import pytest
from made_worlds import drive, random_scenario
from simulation.virtual_time import run_virtually

from simnet import HOUR, MINUTE, Cohort, Persona, Scenario, Steps
from simnet.behaviours import lurk
from simnet.errors import DiskFullError, RunError, UserCodeError
from simnet.inference.fakes.fake import FakeModel
from simnet.kernel.kernel import Kernel
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scheduler.driver import Driver
from simnet.scheduler.progress.messages import Finish, Progress
from simnet.scheduler.rows.disk_retry import DiskRetry
from simnet.scheduler.scheduler import Scheduler


class Notebook:
    """A record in memory; it can be stuck until several writes are under way, and it can fail."""

    def __init__(self, stuck_until=0, fails_after=None):
        self.tables = {}
        self.written = []
        self.writes = self.most = self._now = 0
        self._stuck_until, self._fails_after = stuck_until, fails_after
        self._goes = asyncio.Event()

    async def write(self, batches):
        self.writes += 1
        self._now += 1
        self.most = max(self.most, self._now)
        if self._fails_after is not None and self.writes > self._fails_after:
            raise OSError("no space left")
        for table, batch in batches:
            self.written.append(table)
            rows = pa.ipc.open_stream(batch).read_all().to_pylist()
            self.tables.setdefault(table, []).extend(rows)
        if self._now == self._stuck_until:
            for _ in range(1000):  # one write too many would come now
                await asyncio.sleep(0)
            self._goes.set()
        if self._stuck_until:
            await self._goes.wait()
        await asyncio.sleep(0)
        self._now -= 1


async def scheduled(scenario, agent_pool, record, report=None, started=lambda _: None):
    """Run a scheduler to its end; `started` gets it first."""
    clock = asyncio.get_running_loop().time
    scheduler = Scheduler(Kernel(scenario), agent_pool, record, report, clock=clock)
    started(scheduler)
    return await scheduler.run()


def recorded(number, *, delay=None, record=None, report=None):
    """Run a random scenario and return its record and how it ended."""
    scenario = random_scenario(number)
    record = record or Notebook()
    agent_pool = LocalAgentPool(agents_of(scenario), FakeModel(delay=delay))
    return record, run_virtually(scheduled(scenario, agent_pool, record, report))


def jitter(number):
    chance = Random(number)
    return lambda prompt: chance.random() * 0.004


@pytest.mark.parametrize("number", range(6))
def test_the_record_is_the_kernels_whatever_the_delays(number):
    played = drive(random_scenario(number))
    quick, finish = recorded(number)
    slow, finish_slow = recorded(number, delay=jitter(number))
    exposures = [
        row._asdict() for showing in played.exposure_batches for row in showing.exposures()
    ]
    events = [e._asdict() | {"marks": [*e.marks], "shown": [*e.shown]} for e in played.events]
    for record in (quick, slow):
        assert record.tables["events"] == events
        assert record.tables.get("exposures", []) == exposures
    digest = played.kernel.world.digest()
    assert (
        (finish.stopped, finish.digest)
        == (finish_slow.stopped, finish_slow.digest)
        == (False, digest)
    )
    assert finish.progress.ledger == finish_slow.progress.ledger == played.kernel.ledger()


def test_elapsed_time_is_that_of_the_given_clock():
    _, finish = recorded(5, delay=lambda _: 1000.0)
    assert finish.progress.first_reply >= 1000
    assert finish.progress.elapsed >= 1000


def test_calls_are_written_before_what_depends_on_them():
    record, finish = recorded(5)
    assert finish.progress.usage.calls > 0
    assert record.written.index("calls") < record.written.index("events")


def test_usage_adds_up():
    calls = []
    scenario = random_scenario(5)
    model = FakeModel()
    generate = model.generate

    async def counted(prompts):
        async for done in generate(prompts):
            calls.extend(completion for _, completion in done)
            yield done

    model.generate = counted
    agent_pool = LocalAgentPool(agents_of(scenario), model)
    usage = run_virtually(scheduled(scenario, agent_pool, Notebook())).progress.usage
    assert calls
    assert usage[:4] == (
        len(calls), sum(c.prompt_tokens for c in calls), 0, sum(c.output_tokens for c in calls),
    )  # fmt: skip


def rounds(behaviour, count=20, handles=5):
    people = [Persona(id=f"m{number}") for number in range(handles)]
    cohort = Cohort("town", people, behaviour=behaviour, rhythm=Steps(MINUTE), reacts_in=MINUTE / 2)
    return Scenario("s", [cohort], lasts=count * MINUTE)


async def talk(me, view, ask):
    await ask("system", "user")
    return []


class Counting(LocalAgentPool):
    """AgentPool that decide only once everybody's view is there."""

    def __init__(self, scenario, everybody):
        super().__init__(agents_of(scenario), FakeModel())
        self.lengths, self._left, self._all = [], everybody, asyncio.Event()

    async def think(self, host, views):
        self.lengths.append(len(views))
        self._left -= len(views)
        if not self._left:
            self._all.set()
        await self._all.wait()
        async for answer in super().think(host, views):
            yield answer


@pytest.mark.slow
def test_lists_of_views_grow_with_how_many_are_out():
    scenario = rounds(lurk(1.0), count=0.9, handles=9000)

    async def run():
        agent_pool = Counting(scenario, 9000)
        await scheduled(scenario, agent_pool, Notebook())
        return agent_pool.lengths

    lengths = run_virtually(run())
    assert lengths[:5] == [400] * 5
    assert lengths[5:8] == [500, 625, 781]  # a quarter of those that are out
    assert max(lengths) <= 1600
    assert sum(lengths) == 9000


class Holding(LocalAgentPool):
    """Decides nothing for long, and notes how many views it had at most."""

    out = most = 0

    async def think(self, host, views):
        self.out += len(views)
        self.most = max(self.most, self.out)
        await asyncio.sleep(1000.0)
        async for answer in super().think(host, views):
            self.out -= len(answer.decisions)
            yield answer


@pytest.mark.slow
def test_views_are_sent_to_16_384_personas_at_once_at_most():
    scenario = rounds(lurk(1.0), count=0.9, handles=19_000)
    agent_pool = Holding(agents_of(scenario), FakeModel())
    finish = run_virtually(scheduled(scenario, agent_pool, Notebook()))
    assert finish.progress.ledger.planned == 19_000
    assert 16_384 - 400 < agent_pool.most <= 16_384  # shorter batches are not sent


def test_a_stopped_run_ends_in_good_order_and_says_what_is_open():
    scenario = rounds(talk)
    scheduler = None
    asked = 0

    def started(made):
        nonlocal scheduler
        scheduler = made

    def reply(prompt):
        nonlocal asked
        asked += 1
        if asked == 23:
            scheduler.stop()
        return "hello"

    record = Notebook()
    agent_pool = LocalAgentPool(agents_of(scenario), FakeModel(reply, delay=lambda _: 0.001))
    finish = run_virtually(scheduled(scenario, agent_pool, record, started=started))
    ledger = finish.progress.ledger
    assert finish.stopped
    assert finish.progress.usage.calls == asked == ledger.planned
    assert ledger.open > 0
    assert ledger.planned == ledger.done + ledger.open
    assert len(record.tables["events"]) == ledger.done


def test_stopping_before_the_start_runs_nothing():
    scenario = rounds(talk)
    agent_pool = LocalAgentPool(agents_of(scenario), FakeModel())
    finish = run_virtually(scheduled(scenario, agent_pool, Notebook(), started=Scheduler.stop))
    assert finish.stopped
    assert finish.progress.ledger.planned == 0


def play(scenario, model=None, record=None):
    async def collect():
        agent_pool = LocalAgentPool(agents_of(scenario), model or FakeModel())
        clock = asyncio.get_running_loop().time
        driver = Driver(scenario, agent_pool, record or Notebook(), clock=clock)
        return [update async for update in driver.run()]

    return run_virtually(collect())


def test_a_play_tells_how_it_goes_and_last_how_it_ended():
    *progress, finish = play(rounds(talk), FakeModel(lambda _: "hi", delay=lambda _: 0.02))
    assert isinstance(finish, Finish)
    assert progress
    assert all(isinstance(update, Progress) for update in progress)
    done = [update.ledger.done for update in progress]
    assert done == sorted(done)
    assert finish.progress.ledger.done == 105
    assert finish.progress.now >= progress[-1].now


def test_what_a_behaviour_raises_ends_the_run_with_its_place():
    async def clumsy(me, view, ask):
        await ask("system", "user")
        if view.turn == 3:
            raise LookupError("no such thing")
        return []

    with pytest.raises(UserCodeError, match="no such thing") as raised:
        play(rounds(clumsy))
    assert (raised.value.handle, raised.value.turn) == ("m0", 3)
    assert raised.value.source == 'raise LookupError("no such thing")'


def test_code_that_fails_while_nothing_is_under_way_or_to_be_written_ends_the_run():
    class Broken(Steps):
        def after(self, handle, turn, at, draw):
            raise ValueError("no more")

    hermit = Cohort("hermits", [Persona(id="ada", description="Alone.")], rhythm=Broken(MINUTE))
    slow = FakeModel(delay=lambda _: 60.0)
    with pytest.raises(UserCodeError, match="no more"):
        play(Scenario("alone", [hermit], lasts=10 * MINUTE), slow)


def test_a_model_that_is_gone_ends_the_run():
    model = FakeModel()
    asyncio.run(model.close())
    with pytest.raises(RunError, match="closed"):
        play(rounds(talk), model)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_record_that_fails_ends_the_run(after):
    slow = FakeModel(lambda _: "hi", delay=lambda _: 0.03)
    with pytest.raises(OSError, match="no space left"):
        play(rounds(talk), slow, Notebook(fails_after=after))


def test_a_slow_record_slows_the_run_and_holds_few_writes(monkeypatch):
    import simnet.scheduler.rows.row_writer as module

    monkeypatch.setattr(module, "ROWS_PER_WRITE", 5)
    record = Notebook(stuck_until=module.WRITES_IN_FLIGHT)
    scenario = rounds(talk)
    agent_pool = LocalAgentPool(agents_of(scenario), FakeModel())
    run_virtually(scheduled(scenario, agent_pool, record))
    assert 2 <= record.most <= module.WRITES_IN_FLIGHT
    assert len(record.tables["events"]) == 105


def test_a_disk_that_is_full_for_an_hour_is_tried_seldom_and_left_waiting_for_half_a_minute():
    tried, told = [], []

    async def main():
        now = asyncio.get_running_loop().time

        async def write():
            tried.append(now())
            if now() < HOUR:
                raise DiskFullError("the disk is full")

        await DiskRetry(told.append).until_done(write, write)
        return now()

    ended = run_virtually(main())
    assert tried[1] - tried[0] == pytest.approx(1, abs=0.01)
    assert len(tried) < 150
    assert HOUR <= ended <= HOUR + 30.01
    assert told == ["the disk is full", None]
