"""The books, limits and faults of early calls: what they cost, and that they end nothing."""

import asyncio
from collections import Counter
from itertools import count
from math import inf
from random import Random

import pytest
from simulation.minds import compare
from simulation.virtual_time import run_virtually
from test_prefetch import delays, played, rows_of, town

from simnet import HOUR, MINUTE, Cohort, Exponential, Persona, Scenario, Steps, sample, silent
from simnet.agents.hosted_agent import HostedAgent
from simnet.behaviours import archetypes
from simnet.errors import RunError
from simnet.inference.fakes.fake import FakeModel
from simnet.kernel.kernel import Kernel
from simnet.kernel.scratch_kernel import ScratchKernel
from simnet.kernel.status import Status
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.budget import Budget
from simnet.scheduler.prefetch.depth import Depth
from simnet.scheduler.prefetch.early_book import EarlyBook
from simnet.scheduler.prefetch.prefetch_settings import Prefetch
from simnet.scheduler.prefetch.prefetcher import Prefetcher
from simnet.world.decision import Decision

MODES = ("view", "ahead")


@pytest.mark.parametrize("number", [5, 7, 9, 12, 16, 17])
def test_random_societies_are_equal_in_all_modes(number):
    compare(number)


class Counting(FakeModel):
    """Keeps the prompts that it is asked, and how many of them it has completed."""

    def __init__(self, seed=7, aborts_in=0.0):
        super().__init__(delay=delays(seed))
        self.asked, self.completed, self._aborts_in = [], 0, aborts_in

    async def generate(self, prompts):
        self.asked.extend(prompts)
        try:
            async for finished in super().generate(prompts):
                self.completed += len(finished)
                yield finished
        except asyncio.CancelledError:
            await asyncio.sleep(self._aborts_in)
            raise


# -- faults --------------------------------------------------------------------------------------


class Wordy(FakeModel):
    """Now and then yields what is no completion."""

    def __init__(self, wrong):
        super().__init__(delay=delays(5))
        self._wrong = wrong

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            yield [
                (at, self._wrong(done) if prompts[at].seed % 3 == 0 else done)
                for at, done in finished
            ]


WRONG = {
    "a text": lambda done: done.text,
    "no text": lambda done: done._replace(text=None),
    "a number of tokens that is none": lambda done: done._replace(output_tokens="9"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_model_that_yields_no_completion_ends_the_run_as_without_early_calls(wrong):
    told = []
    for mode in ("off", *MODES):
        with pytest.raises(ExceptionGroup) as caught:
            played(town(), mode, Wordy(wrong))
        told.append(repr(caught.value.exceptions[0]))
    assert told[0] == told[1] == told[2]


class Uncopied:
    def __deepcopy__(self, memo):
        raise SystemExit(3)


def test_notes_whose_copying_ends_the_process_end_no_run():
    async def keeping(me, view, ask):
        me.notes["kept"] = Uncopied()
        return await ask.for_action()

    scenario = town(cohort={"behaviour": keeping})
    plain, _ = played(scenario, "off")
    early, finish = played(scenario, "ahead")
    assert rows_of(early) == rows_of(plain)
    assert finish.progress.prefetch_problem == "SystemExit: 3"


class BreaksOff(LocalAgentPool):
    """Never says how an early turn has ended."""

    async def look_ahead(self, host, views):
        raise RunError("the line is gone")
        yield


def test_early_turns_whose_answers_break_off_hold_up_no_real_one():
    async def look():
        kernel, woken = Kernel(town()), []
        pool = BreaksOff(agents_of(town()), FakeModel(), looks_ahead=True)
        settings, clock = Prefetch("ahead"), asyncio.get_running_loop().time
        ahead = Prefetcher(settings, kernel, pool, clock, woken.append)
        assert kernel.advance(64) is Status.WAITING
        ahead.look(inf, inf)
        under_way = ahead.under_way
        for _ in range(3):
            await asyncio.sleep(0)
        assert woken
        return under_way, ahead.under_way, ahead.problem

    assert run_virtually(look()) == (1, 0, "RunError: the line is gone")


# -- what is counted -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_all_calls_are_counted_though_a_model_aborts_them_slowly(mode):
    model = Counting(aborts_in=5.0)
    usage = played(town(20), mode, model)[1].progress.usage
    aborted = len(model.asked) - model.completed
    assert len(model.asked) == usage.calls + usage.wasted
    assert usage.early_unknown == aborted > 0


class Distant(LocalAgentPool):
    """Answers late, as agents in another process do."""

    async def look_ahead(self, host, views):
        async for answer in super().look_ahead(host, views):
            await asyncio.sleep(0.7)
            yield answer


@pytest.mark.parametrize("mode", MODES)
def test_no_cost_is_lost_on_its_way_when_a_run_ends(mode):
    model = Counting()
    options = {"budget": Budget(calls=40), "pool": Distant}
    usage = played(town(20), mode, model, **options)[1].progress.usage
    assert len(model.asked) == usage.calls + usage.wasted


@pytest.mark.parametrize("seed", range(8))
def test_no_limit_of_calls_is_exceeded_by_early_ones(seed):
    chance = Random(seed)
    limit, slots = chance.randint(1, 60), chance.choice([2, 8, 64])
    for mode in MODES:
        model = Counting(seed)
        scenario = town(chance.choice([5, 8, 20]), HOUR, {"reacts_in": chance.choice([5.0, 60.0])})
        progress = played(scenario, mode, model, Budget(calls=limit), slots)[1].progress
        assert len(model.asked) == progress.usage.calls + progress.usage.wasted <= limit


async def pondering(me, view, ask):
    for number in range(10):
        await ask("Think.", str(number), pattern="[a-z]")
    return []


def test_early_turns_of_several_calls_make_no_more_once_a_limit_is_reached():
    scenario = town(8, HOUR, {"behaviour": pondering, "follows": {"people": 0.2}})
    for mode in MODES:
        usage = played(scenario, mode, Counting(5), Budget(calls=5))[1].progress.usage
        assert 0 < usage.early < 10


# -- how far a look goes -------------------------------------------------------------------------


def test_calls_that_are_never_used_become_few():
    numbers = count()

    async def novel(me, view, ask):
        await ask("Say something new.", str(next(numbers)), pattern="[a-z]")
        return []

    scenario = town(30, 16 * HOUR, {"behaviour": novel, "rhythm": Exponential(30 * MINUTE)})
    usage = played(scenario, "ahead")[1].progress.usage
    assert usage.early_hits == 0
    assert usage.calls > 800
    assert 0 < usage.wasted_share < 0.2


def test_a_horizon_with_nothing_in_it_costs_no_copy_of_the_world(monkeypatch):
    copies = []
    copy = ScratchKernel.of

    def counting(kernel, *, forgets):
        copies.append(kernel.now)
        return copy(kernel, forgets=forgets)

    monkeypatch.setattr(ScratchKernel, "of", counting)
    played(town(), "ahead")
    assert copies
    copies.clear()
    monkeypatch.setattr("simnet.scheduler.prefetch.depth.FIRST", 0.9)
    monkeypatch.setattr(Depth, "note", lambda *_, **__: None)
    played(town(), "ahead")
    assert copies == []


# -- who asks what -------------------------------------------------------------------------------


def test_what_one_archetype_was_answered_is_not_asked_early_for_another():
    scenario = town(24, 2 * HOUR, {"behaviour": archetypes(2), "follows": {"people": 0.3}})
    for mode in MODES:
        model = Counting()
        usage = played(scenario, mode, model)[1].progress.usage
        times = Counter(prompt.digest() for prompt in model.asked)
        assert usage.early_hits > 40
        assert sum(n - 1 for n in times.values()) <= 3


def test_a_crowd_that_asks_no_model_takes_no_slots_from_early_calls():
    talkers = Cohort(
        "talkers", sample(12), rhythm=Exponential(9 * MINUTE), follows={"talkers": 0.3}
    )
    people = [Persona(id=f"c{number}") for number in range(100)]
    crowd = Cohort("crowd", people, behaviour=silent, rhythm=Steps(MINUTE), reacts_in=20.0)
    scenario = Scenario("street", [talkers, crowd], lasts=HOUR, seed=3)
    usage = played(scenario, "ahead", Counting(5), slots=16)[1].progress.usage
    assert usage.early_hits > 0.7 * usage.early


def test_a_copy_of_an_agent_has_its_notes_under_the_same_keys():
    scenario = town(1)
    persona = scenario.cohorts[0].personas[0]
    agent = HostedAgent(persona, scenario.cohorts[0].profile("", scenario.feed, 0, "none", None))
    key, shared = object(), [1]
    agent.notes.update({key: shared, "again": shared})
    notes = agent.twin().notes
    notes[key].append(2)
    assert notes["again"] is notes[key]
    assert agent.notes[key] == [1]


def test_slots_are_counted_of_the_model_that_a_fork_gives_a_cohort():
    def asking(model):
        people = [Persona(id="ana"), Persona(id="ben")]
        cohort = Cohort("people", people, rhythm=Exponential(MINUTE), model=model)
        return Scenario("town", [cohort], lasts=HOUR)

    kernel = Kernel(asking(None), [ScenarioSwitch(10 * MINUTE, asking("big"))])
    book = EarlyBook(Prefetch("ahead", {None: 8, "big": 4}), kernel)
    kernel.advance(1)
    (view,) = kernel.views
    book.begins(view)
    assert book.rooms() == {None: 7}
    kernel._use(asking("big"))
    assert book.rooms() == {"big": 4}
    book.ends(Decision(view.who, view.turn, ()))
    other = view._replace(who="ben" if view.who == "ana" else "ana")
    book.open(other, 0)
    assert book.rooms() == {"big": 3}
    kernel._use(asking(None))
    assert book.rooms() == {None: 8}
