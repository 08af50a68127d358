"""Everything that can be wrong with a scenario is found when it is made, and said."""

from dataclasses import dataclass, replace
from math import inf, nan
from typing import ClassVar, Literal

import numpy as np
import pytest

from simnet import (
    HOUR,
    MINUTE,
    Action,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Follow,
    Like,
    Never,
    Persona,
    Scenario,
    TakingTurns,
    Text,
    Write,
    sample,
)
from simnet.errors import ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.rankings import chronological, hot
from simnet.scenario.initial_network import network_of


def people(*handles):
    return [Persona(id=handle) for handle in handles]


TOWN = Cohort("town", people("ana", "ben"))
COUNCIL = Cohort("council", people("cat"), rhythm=Never())


def test_a_scenario_that_holds_together_is_a_value():
    scenario = Scenario("s", [TOWN, COUNCIL], [Cue(0.0, "cat", Write("hi"))], ties=[("ana", "ben")])
    assert scenario.handles() == ["ana", "ben", "cat"]
    assert replace(scenario, seed=3) != scenario
    assert replace(scenario, seed=0) == scenario


def test_a_cohort_takes_the_scenarios_feed_unless_it_has_its_own():
    own = replace(TOWN, feed=Feed(ranking=hot))
    scenario = Scenario("s", [own, COUNCIL], feed=Feed(size=3))
    assert scenario.feed_of(own).ranking is hot
    assert scenario.feed_of(COUNCIL) == Feed(ranking=chronological, size=3)
    assert own.profile("x", Feed(size=3)).feed_size == 10
    assert TOWN.profile("x", Feed(size=3)).feed_size == 3


@dataclass(frozen=True)
class Twin(Action):
    verb: ClassVar[str] = "like"


@dataclass(frozen=True)
class Unnamed(Action):
    pass


@dataclass(frozen=True)
class Shouting(Action):
    verb: ClassVar[str] = "SHOUT now"


@dataclass(frozen=True)
class Wordy(Action):
    verb: ClassVar[str] = "wordy"
    one: Text
    other: Text


@dataclass(frozen=True)
class Untyped(Action):
    verb: ClassVar[str] = "untyped"
    count: bytes


@dataclass(frozen=True)
class Choosy(Action):
    verb: ClassVar[str] = "choosy"
    mood: Literal["very good"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "a cohort has no name; give it one"),
        ({"reacts_in": 0}, "cohort 'town': reacts_in=0; give a positive time"),
        ({"reacts_in": -1.0}, "reacts_in=-1.0; give a positive time"),
        ({"reacts_in": nan}, "reacts_in=nan; give a positive time"),
        ({"reacts_in": inf}, "reacts_in=inf; give a positive time"),
        ({"text_limit": 0}, "text_limit=0; allow a character"),
        ({"acts": 0}, "acts=0; allow one action a turn"),
        ({"memory": -1}, "memory=-1; 0 is none"),
        ({"temperature": 2.1}, "temperature=2.1 is not in 0 to 2"),
        ({"verbs": ()}, "it has no verbs; name at least Pass"),
        ({"verbs": (Like(1),)}, r"Like\(post=1\) is not a verb class"),
        ({"verbs": ("like",)}, "'like' is not a verb class"),
        ({"verbs": (Like, Twin)}, r"two of its verbs share a name: \['like', 'like'\]"),
        ({"verbs": (Unnamed,)}, "Unnamed.verb is ''; name it with small letters"),
        ({"verbs": (Shouting,)}, "Shouting.verb is 'SHOUT now'; name it with small letters"),
        ({"verbs": (Wordy,)}, "one and other are Text; a verb has one at most"),
        ({"verbs": (Untyped,)}, "count: annotate it as PostId, Member, Group, Community, Text"),
        ({"verbs": (Choosy,)}, "mood: 'very good' is not one word"),
        ({"follows": {"town": 1.5}}, "follows 'town' with chance 1.5, not in 0 to 1"),
    ],
)
def test_a_cohort_that_contradicts_itself_is_named(fields, message):
    with pytest.raises(ScenarioError, match=message):
        replace(TOWN, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "the scenario has no name; give it one"),
        ({"cohorts": []}, "s: there are no cohorts; a scenario needs people"),
        ({"lasts": 0}, "s: lasts=0; give a positive time"),
        ({"lasts": inf}, "s: lasts=inf; give a positive time"),
        ({"lasts": nan}, "s: lasts=nan; give a positive time"),
        ({"cohorts": [TOWN, replace(COUNCIL, name="town")]}, "two cohorts are called 'town'"),
        (
            {"cohorts": [replace(TOWN, follows={"towm": 1.0})]},
            r"follows 'towm', which is no cohort; did you mean 'town'\?; the cohorts are town",
        ),
        (
            {"cohorts": [TOWN, replace(TOWN, name="b")]},
            "2 persona ids are used twice, such as 'ana'",
        ),
        (
            {"feed": Feed(size=0)},
            "the feed of cohort 'town' has size=0, candidates=128, window=172800.0; it wants",
        ),
        (
            {"feed": Feed(size=9, candidates=8)},
            "the feed of cohort 'town' has size=9, candidates=8",
        ),
        (
            {"cohorts": [replace(TOWN, feed=Feed(window=0))]},
            "the feed of cohort 'town' .* window=0",
        ),
        (
            {"cohorts": [replace(TOWN, rhythm=Exponential(60, frozenset({"repl"})))]},
            r"'town' is triggered by 'repl'; did you mean 'reply'\?; choose among post, reply",
        ),
        (
            {"cues": [Cue(60, "anna", Write("hi"))]},
            r"s: cue 0 \(write at 60 s\) is by @anna, who is in no cohort; did you mean 'ana'\?",
        ),
        (
            {"cues": [Cue(-1, "ana", Write("hi"))]},
            r"cue 0 \(write at -1 s\): give a time that is 0",
        ),
        ({"cues": [Cue(nan, "ana", Write("hi"))]}, "cue 0 .* give a time that is 0 or later"),
        ({"cues": [Cue(inf, "ana", Write("hi"))]}, "cue 0 .* give a time that is 0 or later"),
        (
            {"cues": [Cue(0, "ana", Write(" "))]},
            "cue 0 .* by @ana has an empty text; write something",
        ),
        (
            {"cues": [Cue(0, "ana", Follow("zed"))]},
            r"cue 0 \(follow at 0 s\) names @zed, who is in no",
        ),
        (
            {"ties": [("ana", "ben"), ("ana", "bem")]},
            r"tie 1 \(ana follows bem\) names @bem, who is in no cohort; did you mean 'ben'\?",
        ),
        ({"ties": [("ana",)]}, r"tie 0 is \('ana',\); a tie is \(follower, followee\)"),
        (
            {"cohorts": [replace(TOWN, rhythm=TakingTurns(["ana", "eve"]), reacts_in=1)]},
            "cohort 'town' takes turns with @eve, who is in no cohort",
        ),
        (
            {"cohorts": [replace(TOWN, rhythm=TakingTurns(["ana", "ben"]))]},
            "cohort 'town' reacts in 60 s, but turns are 60 s apart, so the next would speak first",
        ),
    ],
)
def test_a_scenario_that_cannot_run_says_why_and_how_to_mend_it(fields, message):
    right = {"name": "s", "cohorts": [TOWN, COUNCIL]}
    with pytest.raises(ScenarioError, match=message):
        Scenario(**{**right, **fields})


# -- ties -----------------------------------------------------------------------------


def ties_of(scenario):
    handles = scenario.handles()
    pairs = zip(*network_of(scenario, handles), strict=True)
    return {(handles[who], handles[whom]) for who, whom in pairs}


def test_who_follows_whom_is_drawn_by_cohort_and_told_by_pairs():
    scenario = Scenario(
        "s", [replace(TOWN, follows={"council": 1.0, "town": 0.0}), COUNCIL], ties=[("cat", "ana")]
    )
    assert ties_of(scenario) == {("ana", "cat"), ("ben", "cat"), ("cat", "ana")}


def test_a_chance_is_the_share_of_ties():
    crowd = Cohort("crowd", sample(200), follows={"crowd": 0.3})
    followers, _ = network_of(Scenario("s", [crowd]), Scenario("s", [crowd]).handles())
    assert len(followers) / 200**2 == pytest.approx(0.3, abs=0.02)


def test_a_function_may_build_the_ties():
    def ring(handles, seed):
        places = np.arange(len(handles))
        return places, np.roll(places, seed)

    scenario = Scenario("s", [TOWN, COUNCIL], ties=ring, seed=1)
    assert ties_of(scenario) == {("ana", "cat"), ("ben", "ana"), ("cat", "ben")}
    assert Kernel(scenario).world.network.follows(0, 2)


@pytest.mark.parametrize(
    "built",
    [([0, 1], [1, 3]), ([0, -1], [1, 0]), ([0, 1], [1]), ([[0]], [[1]])],
    ids=["beyond", "negative", "lengths", "shape"],
)
def test_a_function_that_builds_foreign_ties_is_named(built):
    def mislaid(handles, seed):
        return tuple(np.array(part) for part in built)

    with pytest.raises(ScenarioError, match=r"ties by 'mislaid' are not two arrays .* 0 to 2"):
        Kernel(Scenario("s", [TOWN, COUNCIL], ties=mislaid))


def test_a_lazy_population_is_not_built_to_name_it():
    crowd = sample(1_000_000, seed=3)
    scenario = Scenario("big", [Cohort("crowd", crowd[:2000], rhythm=Never())], lasts=HOUR)
    assert scenario.handles()[:2] == [crowd[0].id, crowd[1].id]
    assert MINUTE == 60
