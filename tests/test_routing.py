"""Which replica a prompt goes to, and what becomes of it when that one is gone."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import until

from simnet.errors import ActorDiedError, ModelGoneError, RunError
from simnet.inference.fleet.replicas import Replicas
from simnet.inference.fleet.routing import MORE, SPARE, Routes
from simnet.inference.model import Completion, Prompt
from simnet.inference.settings import EngineSettings
from simnet.runtime.placement import assign_nodes

PEOPLE = [f"persona-{number}" for number in range(20_000)]


def first(routes, adapter=None, people=PEOPLE):
    return [routes.order(who, adapter)[0] for who in people]


# -- who prefers which --------------------------------------------------------------------


@pytest.mark.parametrize("replicas", [2, 3, 8])
def test_personas_are_spread_evenly(replicas):
    counts = Counter(first(Routes(replicas)))
    fair = len(PEOPLE) / replicas
    assert set(counts) == set(range(replicas))
    assert all(abs(count - fair) < 0.06 * fair for count in counts.values())


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2, 5])
def test_one_more_replica_takes_its_share_and_moves_nobody_else(replicas):
    before, after = first(Routes(replicas)), first(Routes(replicas + 1))
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {new for _, new in moved} == {replicas}
    assert len(moved) == pytest.approx(len(PEOPLE) / (replicas + 1), rel=0.06)


def test_those_of_one_that_left_are_spread_over_all_others():
    routes = Routes(4)
    second = Counter(routes.order(who)[1] for who in PEOPLE if routes.order(who)[0] == 0)
    assert set(second) == {1, 2, 3}
    fair = sum(second.values()) / 3
    assert all(abs(count - fair) < 0.1 * fair for count in second.values())


@given(st.text(max_size=8), st.integers(1, 6), st.sampled_from([None, "a", "b"]))
def test_an_order_names_each_replica_once_and_is_the_same_anywhere(who, replicas, adapter):
    personas = {"a": 3, None: 1}
    order = Routes(replicas, personas).order(who, adapter)
    assert sorted(order) == list(range(replicas))
    assert Routes(replicas, personas).order(who, adapter) == order


# -- adapters -----------------------------------------------------------------------------


def test_an_adapter_keeps_to_as_many_replicas_as_its_share_comes_to():
    routes = Routes(4, {"troll": 200, "fan": 100, "critic": 50, None: 50})
    homes = {name: set(first(routes, name, PEOPLE[:4000])) for name in ("troll", "fan", "critic")}
    assert [len(homes[name]) for name in ("troll", "fan", "critic")] == [2, 1, 1]
    assert set.union(*homes.values()) == {0, 1, 2, 3}, "two adapters share a replica needlessly"
    assert set(first(routes, people=PEOPLE[:4000])) == {0, 1, 2, 3}


def test_an_adapter_that_all_have_uses_all_replicas_evenly():
    counts = Counter(first(Routes(3, {"troll": 500}), "troll"))
    assert all(count == pytest.approx(len(PEOPLE) / 3, rel=0.06) for count in counts.values())


def test_away_from_home_an_adapters_prompts_gather():
    routes = Routes(5, {"troll": 10, "fan": 40})
    homes = set(first(routes, "troll"))
    next_ones = {routes.order(who, "troll")[len(homes)] for who in PEOPLE[:500]}
    assert len(homes) == len(next_ones) == 1


def test_there_may_be_more_adapters_than_replicas():
    routes = Routes(2, dict.fromkeys("abcdef", 1))
    homes = Counter(routes.order("ann", name)[0] for name in "abcdef")
    assert homes == {0: 3, 1: 3}


# -- load ---------------------------------------------------------------------------------


def test_the_preferred_one_is_chosen_until_it_has_much_more_to_do_than_another():
    routes = Routes(3)
    preferred, second, third = routes.order("ann")
    loads = [0, 0, 0]
    loads[preferred] = SPARE - 1
    assert routes.pick("ann", None, loads) == preferred
    loads[preferred] = SPARE
    assert routes.pick("ann", None, loads) == second
    loads[second] = SPARE
    assert routes.pick("ann", None, loads) == third
    assert routes.pick("ann", None, [1000, 1000, 1000]) == preferred


@pytest.mark.slow
@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.sampled_from(PEOPLE), st.data())
def test_nobody_who_is_away_or_has_too_much_is_chosen(loads, who, data):
    everyone = range(len(loads))
    away = data.draw(st.sets(st.sampled_from(everyone), max_size=len(loads) - 1))
    chosen = Routes(len(loads)).pick(who, None, loads, away)
    least = min(loads[one] for one in everyone if one not in away)
    assert chosen not in away
    assert loads[chosen] < SPARE + MORE * least


# -- several replicas as one model --------------------------------------------------------


class Double:
    """A replica that dies after so many completions in each of its lives."""

    def __init__(self, lives=(), back=None):
        self.lives = list(lives)
        self.asked = []
        self.returns = 0
        self._back = back

    async def ask(self, prompts):
        self.asked += prompts
        left = self.lives.pop(0) if self.lives else len(prompts)
        for at in range(min(left, len(prompts))):
            await asyncio.sleep(0)
            yield [(at, Completion(f"said {prompts[at].seed}"))]
        if left < len(prompts):
            raise ModelGoneError("the engine hung", "engine hung")

    async def back(self):
        await asyncio.sleep(0.001)
        if self._back is not None:
            raise self._back
        self.returns += 1


def prompts(count):
    return [Prompt(system="", user="", seed=n, routing_key=PEOPLE[n]) for n in range(count)]


def collect(model, asked):
    async def every():
        return [pair async for part in model.generate(asked) for pair in part]

    return asyncio.run(every())


def answers(count):
    return [(at, Completion(f"said {at}")) for at in range(count)]


def test_prompts_go_to_those_their_personas_prefer():
    doubles = [Double(), Double(), Double()]
    routes = Routes(3)
    assert sorted(collect(Replicas("m", doubles, routes), prompts(30))) == answers(30)
    for number, double in enumerate(doubles):
        assert {routes.order(prompt.routing_key)[0] for prompt in double.asked} == {number}


def test_a_long_list_is_shared_however_much_one_replica_is_preferred():
    doubles = [Double(), Double()]
    mine = [Prompt(system="", user="", seed=n, routing_key="ann") for n in range(400)]
    collect(Replicas("m", doubles, Routes(2)), mine)
    few, many = sorted(len(double.asked) for double in doubles)
    assert few + many == 400
    assert many <= SPARE + MORE * few + 1


@given(st.integers(0, 30), st.lists(st.lists(st.integers(0, 12), max_size=4), min_size=1))
def test_each_position_is_yielded_once_however_often_replicas_die(count, lives):
    doubles = [Double(one) for one in lives[:4]]
    model = Replicas("m", doubles, Routes(len(doubles)))
    asked = prompts(count)
    assert sorted(collect(model, asked)) == answers(count)
    assert all(any(prompt is one for one in asked) for d in doubles for prompt in d.asked)
    assert model._loads == [0] * len(doubles)


def test_what_one_that_died_had_not_answered_is_asked_of_another_at_once():
    dying, other = Double([0]), Double()
    dying.back = asyncio.Event().wait  # stays away
    routes = Routes(2)
    doubles = [dying, other]
    assert sorted(collect(Replicas("m", doubles, routes), prompts(20))) == answers(20)
    assert len(other.asked) == 20


def test_one_that_is_back_is_asked_again():
    dying = Double([0])
    model = Replicas("m", [dying, Double()], Routes(2))

    async def twice():
        for _ in range(2):
            async for _ in model.generate(prompts(20)):
                pass
            await until(lambda: not model._dead)

    asyncio.run(twice())
    assert dying.returns == 1
    assert len(dying.asked) > len({prompt.seed for prompt in dying.asked})


def test_one_that_will_not_come_back_ends_it_even_if_another_is_there():
    gone = Double([0], back=ActorDiedError("an actor died"))
    model = Replicas("m", [gone, Double()], Routes(2))

    async def twice():
        async for _ in model.generate(prompts(20)):
            pass
        await until(lambda: all(waiting.done() for waiting in model._dead.values()))
        async for _ in model.generate(prompts(20)):
            pass

    with pytest.raises(ActorDiedError):
        asyncio.run(twice())


def test_what_a_replica_raises_or_leaves_out_is_told():
    class Broken(Double):
        async def ask(self, prompts):
            yield [(0, Completion("one"))]

    with pytest.raises(RunError, match="left 4 prompts unanswered"):
        collect(Replicas("m", [Broken()], Routes(1)), prompts(5))


def test_whoever_leaves_early_leaves_no_load_behind():
    doubles = [Double(), Double()]
    model = Replicas("m", doubles, Routes(2))

    async def leave():
        stream = model.generate(prompts(50))
        await anext(stream)
        await stream.aclose()
        await until(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(leave())
    assert model._loads == [0, 0]


# -- engines on CPUs ----------------------------------------------------------------------


def test_engines_go_where_they_have_the_most_cores_to_themselves():
    assert assign_nodes(3, [4.0]) == [0, 0, 0]
    assert assign_nodes(4, [8.0, 4.0]) == [0, 0, 1, 0]
    assert sorted(Counter(assign_nodes(9, [2.0, 2.0, 2.0])).values()) == [3, 3, 3]


def test_engines_of_one_node_share_its_cores_and_memory_unless_told_otherwise():
    settings = EngineSettings(model="m", device="cpu")
    alone = settings.engine_arguments()["kv_cache_memory_bytes"]
    half = settings.shared(2, 16)
    assert half.threads == 8
    assert half.engine_arguments()["kv_cache_memory_bytes"] == alone // 2
    assert settings.shared(40, 16).threads == 1
    own = EngineSettings(model="m", device="cpu", threads=5, kv_cache_memory_bytes=7)
    assert own.shared(2, 16) == own
