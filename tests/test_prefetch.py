"""Calls that are made early change no table, whatever the feeds, memories and behaviours."""

import asyncio
import shutil
from contextlib import suppress

import pytest
from made_worlds import random_scenario
from simulation.minds import COMPARED, judging, noting, rows_of
from simulation.virtual_time import run_virtually
from test_scheduler import Notebook
from typer.testing import CliRunner
from waiting import rows_on_disk

import simnet
from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Like,
    OnPost,
    Persona,
    Reply,
    Scenario,
    Write,
    draws,
    sample,
)
from simnet.agents.behaviours.rules import first_of, likes, popularity
from simnet.analysis.costs import early_costs
from simnet.behaviours import (
    Recall,
    archetypes,
    tiered,
)
from simnet.cli.app import app
from simnet.discussions import Discussion, discussions
from simnet.errors import RunError, UsageError
from simnet.feeds import everything, following
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Completion
from simnet.kernel.kernel import Kernel
from simnet.kernel.scratch_kernel import ScratchKernel
from simnet.kernel.status import Status
from simnet.questions import FreeText
from simnet.rankings import collaborative, engagement, hot, interest, shuffled
from simnet.recording.checking.verify import verify
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runtime.agent_factory import agents_of, inquiry_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scenario.waves import waves_of
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.prefetch.depth import FIRST, TOO_MUCH, Depth
from simnet.scheduler.prefetch.glance import FOLLOWED, look_ahead
from simnet.scheduler.prefetch.prefetch_settings import Prefetch, read_mode
from simnet.scheduler.prefetch.renumbering import alike, renumbered
from simnet.scheduler.scheduler import Scheduler
from simnet.scheduler.surveys.surveying import SurveyingScheduler
from simnet.surveys import Survey, SurveySchedule
from simnet.world.decision import Decision
from simnet.world.state.world_copy import copied
from simnet.world.world import World

MODES = ("view", "ahead")


def delays(number):
    """Reply times with a heavy tail, so that the kernel waits and replies come in any order."""
    return lambda prompt: 0.1 * (1 - draws.unit(number, prompt.seed)) ** -0.7


def played(scenario, mode, model=None, budget=UNLIMITED, slots=64, pool=LocalAgentPool):
    """Play a scenario; return its record and how it ended."""

    async def play():
        record = Notebook()
        agents = pool(
            agents_of(scenario),
            model or FakeModel(delay=delays(7)),
            inquiry=inquiry_of(scenario),
            looks_ahead=mode != "off",
        )
        clock = asyncio.get_running_loop().time
        options = {"budget": budget, "clock": clock, "prefetch": Prefetch(mode, {None: slots})}
        waves = waves_of(scenario, ())
        if waves:
            scheduler = SurveyingScheduler(waves, Kernel(scenario), agents, record, **options)
        else:
            scheduler = Scheduler(Kernel(scenario), agents, record, **options)
        return record, await scheduler.run()

    return run_virtually(play())


def check_equal(scenario, mode, model=None):
    """Check that a mode changes nothing; return how its run ended."""
    plain, finish = played(scenario, "off", model and model())
    early, finish_early = played(scenario, mode, model and model())
    assert finish_early.progress.prefetch_problem is None
    assert rows_of(early) == rows_of(plain)
    assert finish_early.digest == finish.digest
    assert finish_early.progress.ledger == finish.progress.ledger
    return finish_early.progress


def town(size=8, lasts=40 * MINUTE, cohort=(), **scenario):
    options = {"rhythm": Exponential(9 * MINUTE), "follows": {"people": 0.5}, **dict(cohort)}
    cohorts = [Cohort("people", sample(size), **options)]
    return Scenario("town", cohorts, **{"lasts": lasts, "seed": 3, **scenario})


@pytest.mark.parametrize("number", range(6))
def test_random_scenarios_have_equal_tables(number):
    check_equal(random_scenario(number), MODES[number % 2])


FEEDS = {
    "interest": Feed(ranking=interest()),
    "collaborative": Feed(ranking=collaborative),
    "engagement, again": Feed(ranking=engagement(), again=True),
    "hot, not fresh": Feed(reads=everything, ranking=hot, fresh=False, karma=True),
    "shuffled": Feed(reads=everything, ranking=shuffled, oldest_first=True),
}


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_all_feeds_have_equal_tables(feed):
    check_equal(town(feed=feed), "ahead")


MINDS = {
    "several asks": {"behaviour": judging},
    "notes": {"behaviour": noting},
    "archetypes": {"behaviour": archetypes(2)},
    "rules": {"behaviour": first_of(likes(popularity(2)))},
    "tiers": {"behaviour": tiered(first_of(likes(popularity(1))))},
    "memory stream": {"memory": Recall(tokens=300, reflect_every=2)},
    "no memory": {"memory": 0},
    "resamples and several actions": {"resamples": 2, "acts": 3},
    "woken by posts": {"rhythm": OnPost(5.0)},
    "quick": {"reacts_in": 5.0},
}


@pytest.mark.parametrize("cohort", MINDS.values(), ids=MINDS)
def test_all_behaviours_and_memories_have_equal_tables(cohort):
    cues = [Cue(MINUTE, sample(1)[0].id, Write("The bus is late."))]
    check_equal(town(cohort=cohort, cues=cues), "ahead")


def test_discussions_have_equal_tables():
    check_equal(discussions([Discussion(sample(5), active=3, turns=4)] * 3, seed=4), "ahead")


def test_calls_are_served_early_and_the_run_is_faster():
    scenario = town(20, cohort={"follows": {"people": 0.2}})
    off = played(scenario, "off")[1].progress
    times = {}
    for mode in MODES:
        progress = check_equal(scenario, mode)
        usage = progress.usage
        assert usage.calls == off.usage.calls
        assert 0.25 * usage.calls < usage.early_hits <= min(usage.calls, usage.early)
        assert usage.wasted_share < 0.5
        assert usage.wasted_tokens > 0
        times[mode] = progress.elapsed
    assert times["ahead"] <= times["view"] < off.elapsed


def test_a_model_whose_slots_are_taken_is_asked_nothing_early():
    usage = played(town(30, cohort={"rhythm": simnet.Steps(10 * MINUTE)}), "ahead", slots=1)[1]
    assert usage.progress.usage.early == 0


class Unreliable(FakeModel):
    """Fails on some prompts the first time that it sees them, and so on early calls."""

    def __init__(self, fault):
        super().__init__(delay=delays(5))
        self._fault, self._failed = fault, set()

    async def generate(self, prompts):
        if len(prompts) == 1 and self._fails(prompts[0]):
            if self._fault == "raises":
                raise RunError("not now")
            yield [(0, Completion("late", self._fault))]
            return
        async for finished in super().generate(prompts):
            yield finished

    def _fails(self, prompt):
        raise NotImplementedError


class FailsEarly(Unreliable):
    """Fails whatever it is asked by an early call, which a task of its own makes."""

    def _fails(self, prompt):
        return asyncio.current_task().get_coro().__name__ == "_completed" and prompt.seed % 2


@pytest.mark.parametrize("fault", ["deadline", "error", "raises"])
def test_an_early_call_that_fails_is_made_again_in_time(fault):
    usage = check_equal(town(), "ahead", lambda: FailsEarly(fault)).usage
    assert usage.early_hits > 0
    assert usage.early_unknown > 0 or fault != "raises"


def test_a_budget_of_calls_counts_those_that_were_in_vain():
    asked = []

    class Counting(FakeModel):
        async def generate(self, prompts):
            asked.extend(prompts)
            async for finished in super().generate(prompts):
                yield finished

    model = Counting(delay=delays(3))
    progress = played(town(20, HOUR), "ahead", model, Budget(calls=60))[1].progress
    usage = progress.usage
    assert usage.wasted > 0
    assert len(asked) == usage.calls + usage.wasted
    assert len(asked) <= 61  # one call may be made where none is left, so that a run goes on


def test_surveys_in_a_run_are_put_at_their_time():
    questions = Survey("mood", [FreeText("why", "Why?")])
    schedule = SurveySchedule(questions, every=20 * MINUTE, remembered=True)
    check_equal(town(surveys=[schedule]), "ahead")


def test_turns_of_people_are_not_played_early():
    from simnet.agents.host import Host
    from simnet.agents.person_turn import Seats
    from simnet.agents.prefetch.early_turns import EarlyView

    scenario = town(2)
    who, other = scenario.handles()
    desk = FakeModel(lambda _: pytest.fail("the person was asked early"))

    async def look():
        seats = Seats(frozenset([who]), desk)
        host = Host(agents_of(scenario), FakeModel(), seats=seats, looks_ahead=True)
        views = [EarlyView(n, view_of(scenario, one)) for n, one in enumerate((who, other))]
        return [ended async for batch in host.early.run(views) for ended in batch]

    ended = {one.ticket: one.decision for one in asyncio.run(look())}
    assert ended[0] is None
    assert ended[1].who == other


def view_of(scenario, who):
    kernel = Kernel(scenario)
    return kernel.world.observe(who, 60.0, Feed(), turn=0, seed=5)[0]


def test_an_early_turn_leaves_its_agent_as_it_is():
    from simnet.agents.host import Host
    from simnet.agents.prefetch.early_turns import EarlyView

    scenario = town(1, cohort={"behaviour": noting, "memory": Recall()})
    (who,) = scenario.handles()

    async def look():
        host = Host(agents_of(scenario), FakeModel(), looks_ahead=True)
        host.agent(who).notes["seen"] = [1]
        before = list(host.agent(who).memory.entries)
        early = EarlyView(1, view_of(scenario, who))
        (ended,) = [one async for batch in host.early.run([early]) for one in batch]
        assert ended.decision is not None
        assert host.agent(who).notes == {"seen": [1]}
        assert host.agent(who).memory.entries == before
        assert host.agent(who).marked == ()

    asyncio.run(look())


def test_code_that_fails_early_only_is_told_and_ends_nothing():
    async def fragile(me, view, ask):
        if asyncio.current_task().get_coro().__name__ != "_think":
            raise ValueError("too early")
        return await ask.for_action()

    plain, _ = played(town(cohort={"behaviour": fragile}), "off")
    early, finish = played(town(cohort={"behaviour": fragile}), "ahead")
    assert rows_of(early) == rows_of(plain)
    assert "too early" in finish.progress.prefetch_problem


def test_a_run_that_is_cancelled_leaves_no_early_call_behind(tmp_path):
    begun = asyncio.Event()

    def delay(prompt):
        begun.set()
        return 0.0 if prompt.seed % 4 else 1000.0

    async def cancelled():
        running = asyncio.ensure_future(
            simnet.arun(town(), model=FakeModel(delay=delay), out=tmp_path, prefetch="ahead")
        )
        await begun.wait()
        for _ in range(200):
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError, RunError):
            await running
        for _ in range(20):
            await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(cancelled()) == set()


def recorded_rows(run):
    rows = {name: run.read(name).to_pylist() for name in (*COMPARED, "personas", "ledger")}
    rows["calls"] = [{**row, "seconds": 0.0} for row in rows["calls"]]
    return rows


def test_a_run_with_early_calls_is_verified_replayed_and_goes_on_after_a_kill(tmp_path):
    killed = tmp_path / "killed"

    def delay(prompt):
        if not killed.exists() and rows_on_disk(tmp_path / "ahead", "calls"):
            (folder,) = (tmp_path / "ahead").iterdir()  # what a process that is killed now leaves
            shutil.copytree(folder, killed / folder.name)
        return 0.02 * (1 - draws.unit(prompt.seed)) ** -0.5

    plain = simnet.run(town(), model=FakeModel(), out=tmp_path / "off")
    ahead = simnet.run(
        town(), model=FakeModel(delay=delay), out=tmp_path / "ahead", prefetch="ahead"
    )
    (left,) = killed.iterdir()
    assert 0 < len(simnet.Run.open(left).read("calls")) < len(plain.read("calls"))
    resumed = simnet.resume(left, town(), model=FakeModel(delay=delay), prefetch="ahead")
    assert early_costs(ahead).made > 0
    for run in (ahead, resumed):
        assert recorded_rows(run) == recorded_rows(plain)
        assert [problem for check in verify(run) for problem in check.problems] == []
        replayed = replay(run, ScenarioTimeline(town()))
        assert (replayed.complete, replayed.differences) == (True, ())
        assert replayed.state_hash == plain.manifest.state_hash


# -- copies of the world --------------------------------------------------------------------------


def half_played(scenario, turns=60):
    kernel, make, agents = Kernel(scenario), agents_of(scenario), {}
    from made_worlds import decide

    while kernel.advance(8) is not Status.DONE and kernel.ledger().planned < turns:
        views, kernel.views = kernel.views, []
        for view in views:
            agent = agents.setdefault(view.who, make(view.who))
            if view.changed is not None:
                agent.take(view.changed, view.now)
            kernel.deliver([decide(agent, view)])
    return kernel


@pytest.mark.parametrize("number", range(8))
def test_a_copy_of_a_kernel_is_equal_and_what_it_does_stays_in_it(number):
    kernel = half_played(random_scenario(number))
    before, heap = kernel.world.digest(), sorted(kernel._agenda.heap)
    ledger, suspended = kernel.ledger(), set(kernel.world.suspended)
    scratch = ScratchKernel.of(kernel, forgets=False)
    assert scratch.world.digest() == before
    while (status := scratch.advance(8)) is not Status.DONE:
        scratch.views.clear()
        if status is Status.WAITING:
            scratch.deliver([Decision(*scratch.awaited, (Write("In a copy."),))])
    assert scratch.world.digest() != before or not scratch.events
    assert (kernel.world.digest(), sorted(kernel._agenda.heap)) == (before, heap)
    assert (kernel.ledger(), kernel.world.suspended) == (ledger, suspended)


def test_every_attribute_of_a_world_is_known_to_the_copy():
    from simnet.world.state import world_copy

    world = World(["ana"], ["people"], Kernel(town(1)).world.network)
    own = {"posts", "timeline", "network", "engagement", "words", "forum", "kept", "recorded"}
    numbers = {"now", "_next_end"}
    assert vars(world).keys() - own - numbers <= world_copy._COPIED.keys()


def test_posts_of_a_copy_are_copies_and_so_are_those_they_quote():
    world = half_played(random_scenario(3)).world
    first = world.publish(0, "first", world.now)
    second = world.publish(1 % len(world.handles), "second", world.now, quotes=first)
    third = world.publish(0, "third", world.now, quotes=second)
    fresh = copied(world, {})
    copy = fresh.posts[third.id]
    assert (copy.text, copy.quotes.text, copy.quotes.quotes.text) == ("third", "second", "first")
    assert copy.quotes.quotes is fresh.posts[first.id] is not first
    fresh.posts[first.id].likes = 99
    assert first.likes == 0
    assert [post.id for post in fresh.posts] == [post.id for post in world.posts]


# -- the horizon, options --------------------------------------------------------------------


def test_the_horizon_shrinks_while_much_is_wasted_and_grows_while_little_is():
    greedy, careful = Depth(), Depth()
    for _ in range(20):
        greedy.note(30, 60, 10, waiting=0)
        careful.note(30, 25, 25, waiting=0)
    assert greedy.unknown < FIRST < careful.unknown


def test_early_calls_whose_turns_are_to_come_do_not_shorten_the_horizon():
    depth = Depth()
    for so_far in range(1, 21):
        depth.note(30, 60, 30, waiting=30 * so_far)
    assert depth.wasted_share == 0
    assert depth.unknown > FIRST
    depth.note(30, 0, 0, waiting=0)  # none of their calls served a turn
    assert depth.wasted_share > TOO_MUCH


def test_a_decision_is_taken_for_one_on_a_view_that_differs_in_the_ids_of_its_posts_alone():
    world = Kernel(town(2)).world
    other = world.publish(0, "Good morning.", 1.0).shown()
    view = view_of(town(2), world.handles[1])
    before, now, another = (
        view._replace(posts=(post,), why=("",))
        for post in (other._replace(id=4), other._replace(id=5), other._replace(id=4, text="No."))
    )
    assert alike(before, now)
    assert not alike(before, another)
    assert not alike(before, now._replace(now=61.0))
    decision = Decision(view.who, 0, (Reply(4, "And to you."), Like(4), Write("Breakfast.")))
    expected = (Reply(5, "And to you."), Like(5), Write("Breakfast."))
    assert renumbered(decision, before, now).actions == expected
    assert renumbered(decision, before, before) is decision


@pytest.mark.parametrize("feed", [Feed(), Feed(reads=everything)], ids=["following", "everything"])
def test_views_are_doubtful_after_unknown_decisions_of_those_whose_posts_they_show(feed):
    def cohort(name, first, **follows):
        rhythm = simnet.Steps(HOUR, offset=first)
        return Cohort(name, [Persona(id=name)], rhythm=rhythm, follows=follows, reacts_in=MINUTE)

    cohorts = [cohort("writer", 0), cohort("fan", 100, writer=1.0), cohort("stranger", 100)]
    scratch = ScratchKernel.of(Kernel(Scenario("hall", cohorts, feed=feed, seed=1)), forgets=False)
    doubts = {}

    def wanted(view, doubt):
        doubts[view.who] = doubt
        return True

    look_ahead(scratch, lambda _: None, wanted, 200.0, 100.0)
    assert doubts == {"writer": 0, "stranger": 1, "fan": FOLLOWED if feed.reads is following else 1}


def test_modes_are_read_and_others_refused(tmp_path):
    assert [read_mode(one) for one in (None, "off", "view", "ahead")] == [
        "off", "off", "view", "ahead",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="prefetch='on'; choose one of 'off', 'view', 'ahead'"):
        simnet.run(town(1), model=FakeModel(), out=tmp_path, prefetch="on")


def test_runs_from_python_and_the_command_line_take_the_option(tmp_path, monkeypatch):
    model = FakeModel(delay=lambda _: 0.001)
    plain = simnet.run(town(), model=FakeModel(), out=tmp_path / "a")
    early = simnet.run(town(), model=model, out=tmp_path / "b", prefetch="ahead")
    assert early.manifest.state_hash == plain.manifest.state_hash
    names = {row["name"]: row["value"] for row in early.read("metrics").to_pylist()}
    assert names["early"] >= names["early_hits"] > 0
    costs = early_costs(early)
    assert (costs.made, costs.used) == (names["early"], names["early_hits"])
    assert early_costs(plain) == (0, 0, 0, 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").write_text(
        "from simnet import *\n"
        "town = Scenario('town', [Cohort('people', sample(6), follows={'people': 1.0})],"
        " lasts=HOUR)\n"
    )
    flags = ["run", "town.py", "--backend", "fake", "--no-ray", "--prefetch", "ahead", "--quiet"]
    assert CliRunner().invoke(app, flags).exit_code == 0
