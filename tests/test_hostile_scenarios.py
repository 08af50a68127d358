"""Scenarios whose code does all that it should not: no raw exception, no hang, and nothing lost.

What a function may do wrong is crossed with every place where a function of the user is called
and, for what can fail a turn, with both policies.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from math import inf, nan
from typing import ClassVar

import numpy as np
import pytest

import simnet
from simnet import (
    MINUTE,
    Action,
    Cohort,
    Cue,
    Effect,
    FakeModel,
    Feed,
    Like,
    Pass,
    Persona,
    PostId,
    Run,
    Scenario,
    Steps,
    Write,
)
from simnet.errors import ScenarioError, SimnetError, UserCodeError
from simnet.feeds import everything
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay

pytestmark = pytest.mark.timeout(60)


class UnprintableError(Exception):
    """An error that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Odd:
    """A value whose every use raises."""

    def __repr__(self):
        raise RuntimeError("no text")

    __len__ = __iter__ = __eq__ = __float__ = __lt__ = __bool__ = __repr__
    __hash__ = None


def deep():
    return deep()


RAISES = {
    "KeyError": lambda: {}["mood"],
    "AssertionError": lambda: (_ for _ in ()).throw(AssertionError()),
    "SystemExit": lambda: (_ for _ in ()).throw(SystemExit(3)),
    "KeyboardInterrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    "CancelledError": lambda: (_ for _ in ()).throw(asyncio.CancelledError()),
    "GeneratorExit": lambda: (_ for _ in ()).throw(GeneratorExit()),
    "RecursionError": deep,
    "MemoryError": lambda: (_ for _ in ()).throw(MemoryError()),
    "unprintable": lambda: (_ for _ in ()).throw(UnprintableError()),
    "group": lambda: (_ for _ in ()).throw(BaseExceptionGroup("g", [SystemExit(1)])),
}


def raiser(name):
    def call(*_):
        value = RAISES[name]()
        raise AssertionError(value)

    return call


def generator(*_):
    yield 1.0


RETURNS = {
    "None": lambda *_: None,
    "a text": lambda *_: "hello",
    "bytes": lambda *_: b"hello",
    "a generator": generator,
    "a number": lambda *_: 5,
    "NaN": lambda *_: nan,
    "complex": lambda *_: 1j,
    "a set": lambda *_: {1, 2},
    "a dictionary": lambda *_: {"a": 1},
    "a class": lambda *_: Like,
    "odd": lambda *_: Odd(),
    "list of texts": lambda *_: ["a"] * 3,
    "list of None": lambda *_: [None] * 50,
    "list of NaN": lambda *_: [nan] * 2,
    "too long": lambda *_: [1.0] * 5_000,
    "an array": lambda *_: np.zeros((2, 2)),
    "beyond": lambda *_: [10**9],
}


# -- the places in which a function of the user is called ----------------------------------------

PEOPLE = [Persona(id=f"p{n}", description="A baker.") for n in range(3)]


def town(people=PEOPLE, scenario=None, **fields):
    settings = {"rhythm": Steps(10 * MINUTE), "follows": {"c": 1.0}, **fields}
    cues = [Cue(1.0, "p0", Write("hi")), Cue(1.0, "p1", Write("ho"))]
    return Scenario(
        "hostile",
        [Cohort("c", people, **settings)],
        cues=cues,
        lasts=21 * MINUTE,
        **(scenario or {}),
    )


def in_behaviour(does):
    async def behaviour(me, view, ask):
        await ask.for_action()
        return does() if me.persona.id == "p1" else []

    return town(behaviour=behaviour)


def in_plain_behaviour(does):
    return town(behaviour=lambda me, view, ask: does())


def in_actions(does):
    async def behaviour(me, view, ask):
        return [Like(does()), Write(does())]

    return town(behaviour=behaviour)


def in_ask(does):
    async def behaviour(me, view, ask):
        return [Write(await ask(does(), "user", does()))]

    return town(behaviour=behaviour)


def in_ranking(does):
    return town(feed=Feed(ranking=lambda world, viewer, posts, now: does()))


def in_source(does):
    return town(feed=Feed(reads=lambda world, viewer, first, limit: does()))


def in_recommendation(does):
    feed = Feed(reads=everything, suggests=lambda network, who, limit, key: does())
    return town(feed=feed)


def rhythm_with(name, does):
    class Broken(Steps):
        pass

    setattr(Broken, name, lambda self, *_: does())
    return Broken(10 * MINUTE, triggered_by=frozenset({"post"}))


def in_first(does):
    return town(rhythm=rhythm_with("first", does))


def in_after(does):
    return town(rhythm=rhythm_with("after", does))


def in_triggered(does):
    return town(rhythm=rhythm_with("triggered", does))


def in_verb(does):
    @dataclass(frozen=True, slots=True)
    class Act(Action):
        """Act."""

        verb: ClassVar[str] = "act"

        def do(self, world, who, now):
            return does()

    async def acting(me, view, ask):
        return [Act()]

    return town(behaviour=acting, verbs=(Act, Pass))


def in_effect(does):
    @dataclass(frozen=True, slots=True)
    class Touch(Action):
        """Touch a post."""

        verb: ClassVar[str] = "touch"
        post: PostId

        def do(self, world, who, now):
            return Effect(post=does(), text=does())

    async def touching(me, view, ask):
        return [Touch(0)]

    return town(behaviour=touching, verbs=(Touch, Pass))


def in_ties(does):
    return town(scenario={"ties": lambda handles, seed: does()})


def in_portrait(does):
    class Silent(Persona):
        def portrait(self):
            return does()

    return town([Silent(id="p0"), *PEOPLE[1:]])


def in_triggers(does):
    class Broken(Steps):
        @property
        def triggered_by(self):
            return does()

        @triggered_by.setter
        def triggered_by(self, value): ...

    rhythm = Broken.__new__(Broken)
    vars(rhythm).update(every=600.0, offset=0.0)
    return town(rhythm=rhythm)


PLACES = {
    place.__name__.removeprefix("in_"): place
    for place in (
        in_behaviour,
        in_plain_behaviour,
        in_actions,
        in_ask,
        in_ranking,
        in_source,
        in_recommendation,
        in_first,
        in_after,
        in_triggered,
        in_verb,
        in_effect,
        in_ties,
        in_portrait,
        in_triggers,
    )
}


def crossed(names):
    """Cross all places with `names`; a seventh of the pairs is fast, with each name and place."""
    for row, place in enumerate(PLACES):
        for column, name in enumerate(names):
            marks = [pytest.mark.slow] if (row + column) % 7 else []
            yield pytest.param(place, name, marks=marks, id=f"{place}-{name}")


def played(scenario, root, on_error):
    """Run a scenario; return its record, and the error if there was one."""
    error = None
    try:
        simnet.run(scenario(), model=FakeModel(), out=root, on_error=on_error)
    except SimnetError as raised:
        error = raised
    folders = list(root.iterdir()) if root.exists() else []
    return (Run.open(folders[0]) if folders else None), error


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(("place", "name"), list(crossed(RAISES)))
def test_whatever_code_raises_is_one_error_with_its_place(place, name, tmp_path):
    run, error = played(lambda: PLACES[place](raiser(name)), tmp_path, "stop")
    assert isinstance(error, UserCodeError), error
    assert error.file == __file__
    assert "\n" not in str(error)
    if run is not None:
        assert run.manifest.state == "failed"
        assert run.sealed


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(("place", "name"), list(crossed(RETURNS)))
def test_whatever_code_returns_is_used_or_is_one_error(place, name, tmp_path):
    run, error = played(lambda: PLACES[place](RETURNS[name]), tmp_path, "stop")
    if error is None:
        assert run.manifest.state == "completed"
    else:
        assert isinstance(error, ScenarioError), error
        assert "\n" not in str(error)
        assert run is None or run.sealed


@pytest.mark.parametrize("name", ["KeyError", "SystemExit", "CancelledError", "unprintable"])
@pytest.mark.parametrize("place", ["behaviour", "plain_behaviour", "ranking", "source", "verb"])
def test_a_run_whose_turns_may_fail_goes_to_its_end(place, name, tmp_path):
    scenario = PLACES[place](raiser(name))
    run, error = played(lambda: scenario, tmp_path, "fail the turn")
    assert error is None
    assert run.manifest.state == "completed"
    failed = [row for row in run.read("events").to_pylist() if row["outcome"] == "failed"]
    assert failed
    assert all(row["marks"] == ["code_error"] for row in failed)
    assert replay(run, ScenarioTimeline(scenario)).differences == ()


# -- time that stands still ----------------------------------------------------------------------


class Present(Steps):
    """Wakes again at once."""

    def after(self, who, turn, now, draw):
        return now


@pytest.mark.parametrize("reacts_in", [5e-324, 1e-12, 1e-9, 1e-6, 5e-4])
def test_time_that_stands_still_ends_the_run(reacts_in, tmp_path):
    async def idle(me, view, ask):
        return []

    scenario = town(rhythm=Present(60.0), reacts_in=reacts_in, behaviour=idle)
    run, error = played(lambda: scenario, tmp_path, "fail")
    assert "rhythm Present.after let time stand still: 1,024 turns in a row" in str(error)
    assert (error.cohort, error.file) == ("c", __file__)
    assert run.manifest.state == "failed"


@pytest.mark.parametrize(
    "wake", [inf, np.float64(9000.0), np.float32(9000.0), 10**400, True, -1, nan]
)
def test_a_time_is_any_number_that_is_not_in_the_past(wake, tmp_path):
    _, error = played(lambda: in_after(lambda: wake), tmp_path, "stop")
    right = isinstance(wake, float | np.floating) and wake > 0
    assert (error is None) == right, error


def test_a_model_that_raises_what_it_may_not_ends_the_run_with_its_place(tmp_path):
    class Leaving(FakeModel):
        def __init__(self, error):
            super().__init__()
            self.error = error

        async def generate(self, prompts):
            yield []
            raise self.error

    for number, error in enumerate([SystemExit(1), asyncio.CancelledError(), KeyError("x")]):
        with pytest.raises(UserCodeError, match=r"model fake (raised|called)"):
            simnet.run(town(), model=Leaving(error), out=tmp_path / str(number))


def test_code_that_swallows_every_error_is_no_hang(tmp_path, monkeypatch):
    monkeypatch.setattr("simnet.agents.ask.MOST_CALLS", 50)

    async def stubborn(me, view, ask):
        for _ in range(150):
            with contextlib.suppress(Exception):
                await ask("s", "u")
        return []

    run, error = played(lambda: town(behaviour=stubborn), tmp_path, "stop")
    assert error is None
    assert run.manifest.state == "completed"


async def all_at_once(me, view, ask):
    return await asyncio.gather(ask("s", "u"), ask("s", "v"))


@pytest.mark.filterwarnings("ignore")
def test_awaiting_several_things_at_once_is_one_error(tmp_path):
    _, error = played(lambda: town(behaviour=all_at_once), tmp_path, "stop")
    assert isinstance(error, UserCodeError)
