"""Opinion dynamics: published rules, exact where theory is exact, and recorded in a run."""

import json

import numpy as np
import pytest

from simnet import Cohort, FakeModel, Feed, Persona, Scenario, Steps, opinions, run
from simnet.clock import MINUTE
from simnet.errors import ScenarioError
from simnet.feeds import everything
from simnet.opinions import Deffuant, FriedkinJohnsen, degroot, opinion_dynamics, states_opinion

RING = [(f"p{number}", f"p{(number + 1) % 5}") for number in range(5)]


def people(values):
    return [Persona(id=f"p{n}", attributes={"opinion": value}) for n, value in enumerate(values)]


def last_opinions(done):
    rows = done.read("state").to_pylist()
    return {row["key"]: json.loads(row["value"]) for row in rows}


def played(scenario, tmp_path, model=None):
    return run(scenario, model=model or FakeModel(), out=tmp_path / "runs")


def mixed(epsilon, seed, size=1000, meetings=50_000):
    """Let a fully mixed public of `size` meet, without a run."""
    draws = np.random.default_rng(seed)
    values = draws.random(size).tolist()
    first = draws.integers(size, size=meetings)
    second = (first + draws.integers(1, size, size=meetings)) % size
    opinions.bounded_confidence(values, first, second, epsilon, 0.5)
    return values


def test_two_who_are_close_meet_halfway_and_two_who_are_far_do_not_move():
    values = [0.2, 0.3, 0.9]
    opinions.bounded_confidence(values, np.array([0, 1]), np.array([1, 2]), 0.2, 0.5)
    assert values == pytest.approx([0.25, 0.25, 0.9])


def test_meetings_do_not_change_the_mean_opinion():
    before = np.random.default_rng(3).random(1000).mean()
    assert np.mean(mixed(0.3, 3)) == pytest.approx(before, abs=1e-12)


@pytest.mark.parametrize(("epsilon", "wanted"), [(0.5, {1}), (0.2, {2, 3})])
def test_bounded_confidence_leaves_as_many_clusters_as_published(epsilon, wanted):
    """Deffuant et al. 2000: about 1 / (2 epsilon) clusters, but for a few people in the wings."""
    found = {len(opinions.clusters(mixed(epsilon, seed), 0.05, 0.02)) for seed in range(3)}
    assert found <= wanted


@pytest.mark.slow
@pytest.mark.parametrize(("epsilon", "wanted"), [(0.5, {1}), (0.2, {2, 3})])
def test_200_repetitions_of_bounded_confidence_are_within_the_published_range(epsilon, wanted):
    found = [len(opinions.clusters(mixed(epsilon, seed), 0.05, 0.02)) for seed in range(200)]
    assert set(found) <= wanted, {count: found.count(count) for count in set(found)}


def test_a_run_of_meetings_records_the_opinions_that_the_rule_gives(tmp_path):
    scenario = opinion_dynamics(Deffuant(0.5, meetings=200), 50, steps=40, seed=4)
    done = played(scenario, tmp_path)
    (cluster,) = opinions.clusters(last_opinions(done).values(), 0.01)
    assert 0.3 < cluster < 0.7
    events = done.read("events").to_pylist()
    assert [row["verb"] for row in events] == ["meet_many"] * 40
    assert json.loads(events[0]["extra"]) == {"epsilon": 0.5, "mu": 0.5, "meetings": 200}


def test_equal_seeds_give_equal_opinions_and_other_seeds_give_others(tmp_path):
    rule = Deffuant(0.2, meetings=30)
    ends = [
        last_opinions(played(opinion_dynamics(rule, 20, steps=3, seed=seed), tmp_path / name))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert ends[0] == ends[1]
    assert sorted(ends[0].values()) != sorted(ends[2].values())


def test_with_ties_only_those_who_are_tied_meet(tmp_path):
    two_pairs = [("p0", "p1"), ("p2", "p3")]
    scenario = opinion_dynamics(
        Deffuant(1.0, meetings=100), people([0.0, 0.2, 0.8, 1.0]), steps=3, ties=two_pairs
    )
    assert last_opinions(played(scenario, tmp_path)) == pytest.approx(
        {"p0": 0.1, "p1": 0.1, "p2": 0.9, "p3": 0.9}
    )


def test_friedkin_johnsen_reaches_its_fixed_point(tmp_path):
    size, susceptibility, self_weight = 40, 0.7, 0.2
    draws = np.random.default_rng(5)
    start = draws.random(size)
    ties = [
        (f"p{one}", f"p{other}")
        for one in range(size)
        for other in draws.choice(np.delete(np.arange(size), one), 4, replace=False).tolist()
    ]
    weights = self_weight * np.eye(size)
    for one, other in ties:
        weights[int(one[1:]), int(other[1:])] += (1 - self_weight) / 4
    fixed = np.linalg.solve(np.eye(size) - susceptibility * weights, (1 - susceptibility) * start)
    rule = FriedkinJohnsen(susceptibility, self_weight, everyone=True)
    scenario = opinion_dynamics(rule, people(start.tolist()), steps=80, ties=ties)
    found = last_opinions(played(scenario, tmp_path))
    assert [found[f"p{n}"] for n in range(size)] == pytest.approx(fixed.tolist(), abs=1e-6)


def test_people_who_adapt_one_by_one_reach_the_same_fixed_point(tmp_path):
    start = [0.0, 0.1, 0.5, 0.6, 1.0]
    rule = FriedkinJohnsen(0.5)
    cohort = Cohort(
        "public",
        people(start),
        behaviour=rule,
        verbs=rule.verbs,
        rhythm=Steps(MINUTE),
        reacts_in=MINUTE / 2,
        feed=Feed(reads=everything),
    )
    scenario = Scenario("adapting", [cohort], ties=RING, lasts=40 * MINUTE)
    weights = np.roll(np.eye(5), 1, axis=1)
    fixed = np.linalg.solve(np.eye(5) - 0.5 * weights, 0.5 * np.array(start))
    found = last_opinions(played(scenario, tmp_path))
    assert [found[f"p{n}"] for n in range(5)] == pytest.approx(fixed.tolist(), abs=1e-6)


def test_degroot_reaches_consensus_at_the_mean_of_a_ring(tmp_path):
    scenario = opinion_dynamics(
        degroot(0.5, everyone=True), people([0.0, 0.1, 0.5, 0.6, 1.0]), steps=200, ties=RING
    )
    found = last_opinions(played(scenario, tmp_path))
    assert list(found.values()) == pytest.approx([0.44] * 5, abs=1e-6)


def test_people_meet_whom_they_follow_and_the_row_says_whom(tmp_path):
    cohort = Cohort(
        "public",
        people([0.4, 0.5]),
        behaviour=Deffuant(0.2),
        verbs=Deffuant.verbs,
        rhythm=Steps(MINUTE),
        feed=Feed(reads=everything),
    )
    done = played(Scenario("pair", [cohort], ties=[("p0", "p1")], lasts=1), tmp_path)
    first, second = done.read("events").to_pylist()
    assert (first["outcome"], first["whom"]) == ("done", "p1")
    assert (second["outcome"], second["reason"]) == (
        "refused",
        "you follow nobody whom you could meet",
    )
    assert last_opinions(done) == pytest.approx({"p0": 0.45, "p1": 0.45})


def test_an_opinion_that_is_no_share_is_refused_with_the_reason(tmp_path):
    scenario = opinion_dynamics(Deffuant(meetings=5), people([0.4, "against"]), steps=1)
    (event,) = played(scenario, tmp_path).read("events").to_pylist()
    assert event["outcome"] == "refused"
    assert "'opinion' of @p1 is 'against'; give a number from 0 to 1" in event["reason"]


def test_the_model_states_an_opinion_that_is_recorded(tmp_path):
    cohort = Cohort(
        "public",
        [Persona(id="ann")],
        behaviour=states_opinion("cars should leave the city"),
        verbs=(*Cohort("any", [Persona(id="any")]).verbs, opinions.HoldOpinion),
        acts=2,
        rhythm=Steps(MINUTE),
        feed=Feed(reads=everything),
    )
    done = played(Scenario("stance", [cohort], lasts=3 * MINUTE), tmp_path)
    stated = [row for row in done.read("events").to_pylist() if row["verb"] == "hold_opinion"]
    assert stated
    assert all(row["outcome"] == "done" for row in stated)
    asked = [row["user"] for row in done.read("calls").to_pylist()]
    assert any("How far do you agree that cars should leave the city?" in user for user in asked)


def test_a_reply_is_read_as_a_number_only_if_it_holds_one():
    from simnet.agents.behaviours.opinion_rules import _number

    assert [_number(reply) for reply in ("7", " 10.", "I say 3!")] == [7, 10, 3]
    assert [_number(reply) for reply in ("", "11", "3 or 4", "-")] == [None] * 4


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Deffuant(epsilon=1.5), "epsilon=1.5"),
        (lambda: Deffuant(meetings=-1), "meetings=-1"),
        (lambda: FriedkinJohnsen(susceptibility=2.0), "susceptibility=2.0"),
        (lambda: degroot(-0.1), "self_weight=-0.1"),
        (lambda: opinion_dynamics(Deffuant(), 10), "pass meetings=1000"),
        (lambda: opinion_dynamics(FriedkinJohnsen(), 10), "pass everyone=True"),
        (lambda: opinion_dynamics(Deffuant(meetings=1), 1), "two people or more"),
        (lambda: opinion_dynamics(Deffuant(meetings=1), 5, steps=0), "one step or more"),
    ],
)
def test_parameters_that_cannot_be_are_told(make, problem):
    with pytest.raises(ScenarioError, match=problem):
        make()


def test_clusters_are_split_at_gaps_and_small_ones_left_out():
    values = [0.1, 0.11, 0.5, 0.9, 0.91, 0.92]
    assert opinions.clusters(values, 0.05) == pytest.approx([0.105, 0.5, 0.91])
    assert opinions.clusters(values, 0.05, 0.2) == pytest.approx([0.105, 0.91])
    assert opinions.clusters([], 0.05) == []
