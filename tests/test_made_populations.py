"""Populations to target shares, in households, and networks among people who are alike."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet import Cohort, Persona, Scenario, networks
from simnet.errors import PersonaError, ScenarioError
from simnet.personas import sample_to_shares, shares_of, with_groups
from simnet.personas.populations.proportional_fitting import fitted, margin, rounded, worst
from simnet.scenario.initial_network import network_of

SHARES = {"gender": {"female": 51, "male": 49}, "age": {"18-29": 20, "30-64": 55, "65+": 25}}


def crowd(count=600):
    return [
        Persona(
            id=f"p{n}",
            attributes={"gender": "female" if n % 3 else "male", "age": 18 + (n * 7) % 70},
        )
        for n in range(count)
    ]


def test_fitting_gives_the_table_of_a_known_example():
    table = np.array([[40, 30, 20, 10], [35, 50, 100, 75], [30, 80, 70, 120], [20, 30, 40, 50]])
    rows, columns = np.array([150, 300, 400, 150]), np.array([200, 300, 400, 100])
    found = fitted(table.astype(float), [rows / 1000, columns / 1000]) * 1000
    known = [
        [64.56, 46.23, 35.38, 3.83],
        [49.97, 68.16, 156.5, 25.37],
        [56.72, 144.42, 145.08, 53.78],
        [28.74, 41.19, 63.04, 17.03],
    ]
    assert found == pytest.approx(np.array(known), abs=0.03)  # printed with two decimals


@settings(max_examples=30)
@given(st.data())
def test_fitted_tables_have_the_margins_and_keep_the_odds_ratios(data):
    shape = data.draw(st.sampled_from([(2, 3), (3, 2, 2)]))
    size = int(np.prod(shape))
    table = np.array(data.draw(st.lists(st.integers(1, 50), min_size=size, max_size=size)), float)
    table = table.reshape(shape)
    margins = [
        np.array(data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)), float)
        for n in shape
    ]
    margins = [one / one.sum() for one in margins]
    found = fitted(table, margins)
    assert worst(found, margins)[0] < 1e-8

    def odds(one):
        return one[0, 0] * one[1, 1] / (one[0, 1] * one[1, 0])

    assert odds(found) == pytest.approx(odds(table))
    counts = rounded(found * 97)
    assert counts.sum() == 97
    assert np.abs(counts - found * 97).max() < 1
    for axis, target in enumerate(margins):
        assert np.abs(margin(counts.astype(float), axis) - target * 97).max() < 3


def test_a_sample_has_the_shares_and_is_the_same_for_a_seed():
    people = crowd()
    drawn = sample_to_shares(people, 100, SHARES, seed=3)
    genders = Counter(one.attributes["gender"] for one in drawn)
    assert genders == {"female": 51, "male": 49}
    assert (
        Counter(min((one.attributes["age"] - 18) // 12 // 1, 4) >= 4 for one in drawn)[True] >= 25
    )
    found = shares_of(drawn, SHARES)
    assert found["age"] == pytest.approx({"18-29": 0.2, "30-64": 0.55, "65+": 0.25}, abs=0.011)
    assert len({one.id for one in drawn}) == 100
    assert sample_to_shares(people, 100, SHARES, seed=3) == drawn
    assert sample_to_shares(people, 100, SHARES, seed=4) != drawn


def test_people_repeat_only_if_they_may_and_then_under_handles_of_their_own():
    people = crowd(12)
    with pytest.raises(PersonaError, match=r"with gender=female and age=.* are to be drawn, and"):
        sample_to_shares(people, 100, SHARES)
    drawn = sample_to_shares(people, 100, SHARES, repeats=True)
    assert len({one.id for one in drawn}) == 100
    assert {one.id.split("-")[0] for one in drawn} <= {one.id for one in people}


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"sex": {"female": 1}}, "nobody has an attribute 'sex'; there are age, gender"),
        ({"gendr": {"female": 1}}, "nobody has an attribute 'gendr'; did you mean 'gender'"),
        ({"gender": {"diverse": 1, "male": 1}}, "nobody with gender=diverse"),
        ({"age": {"100+": 0.5, "18-29": 0.5}}, r"nobody with age=100\+"),
        ({"gender": {"male": -1}}, "gender=male is -1; give 0 or more"),
        ({"gender": {"male": 0}}, "those of 'gender' sum to 0"),
        ({}, "name an attribute"),
    ],
)
def test_shares_that_nobody_can_fill_are_told_of(shares, says):
    with pytest.raises(PersonaError, match=says):
        sample_to_shares(crowd(30), 10, shares)


def test_combinations_without_anybody_that_make_shares_impossible_are_told_of():
    kinds = [("female", 20), ("female", 70), ("male", 70)]
    people = [
        Persona(id=f"{gender}{age}{n}", attributes={"gender": gender, "age": age})
        for gender, age in kinds
        for n in range(9)
    ]
    shares = {"gender": {"female": 1, "male": 3}, "age": {"18-29": 2, "65+": 2}}
    with pytest.raises(PersonaError, match=r"no sample has all of them: .* in place of"):
        sample_to_shares(people, 8, shares)


def test_households_have_the_sizes_and_nobody_is_told_of_them():
    people = with_groups(crowd(300), {1: 1, 4: 1}, seed=2)
    sizes = Counter(Counter(one.attributes["household"] for one in people).values())
    assert set(sizes) <= {1, 2, 3, 4}
    assert sizes[2] + sizes[3] <= 1
    assert sizes[1] == pytest.approx(sizes[4], rel=0.4)
    assert "household" not in people[0].portrait()
    assert [one.id for one in people] == [one.id for one in crowd(300)]
    assert people == with_groups(crowd(300), {1: 1, 4: 1}, seed=2)
    with pytest.raises(PersonaError, match="has an attribute 'household' already"):
        with_groups(people, {1: 1})
    with pytest.raises(PersonaError, match="give sizes from 1 up"):
        with_groups(crowd(3), {0: 1})


def ties(people, builder, seed=0):
    scenario = Scenario("s", [Cohort("c", people)], ties=builder, seed=seed)
    followers, followees = network_of(scenario, scenario.handles())
    return list(zip(followers.tolist(), followees.tolist(), strict=True))


def test_members_of_a_household_follow_each_other_and_nobody_else():
    people = with_groups(crowd(40), {2: 1, 3: 1})
    home = [one.attributes["household"] for one in people]
    found = ties(people, networks.within(people))
    every = {(a, b) for a in range(40) for b in range(40) if a != b and home[a] == home[b]}
    assert sorted(found) == sorted(every)
    some = ties(people, networks.within(people, chance=0.5))
    assert 0 < len(some) < len(every)
    assert {(b, a) for a, b in some} == set(some)
    with pytest.raises(ScenarioError, match="nobody has that attribute"):
        networks.within(people, "club")


def test_each_follows_the_nearest_by_vectors():
    people = crowd(200)
    vectors = np.random.default_rng(1).normal(size=(200, 8))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T - 2 * np.eye(200)
    nearest = {(n, int(m)) for n in range(200) for m in np.argsort(-likeness[n])[:5]}
    assert set(ties(people, networks.nearest(people, vectors, k=5, random_share=0))) == nearest
    mixed = ties(people, networks.nearest(people, vectors, k=5, random_share=0.3))
    assert len(set(mixed) & nearest) / len(nearest) == pytest.approx(0.7, abs=0.06)
    assert len(mixed) == 1000
    assert mixed == ties(people, networks.nearest(people, vectors, k=5, random_share=0.3))
    assert mixed != ties(people, networks.nearest(people, vectors, k=5, random_share=0.3), seed=1)


def test_each_follows_the_nearest_by_attributes():
    people = crowd(200)
    found = ties(people, networks.nearest(people, ["gender", "age"], k=3, random_share=0))
    value = [(one.attributes["gender"], one.attributes["age"]) for one in people]
    assert all(value[a][0] == value[b][0] for a, b in found)
    assert np.mean([abs(value[a][1] - value[b][1]) for a, b in found]) < 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"by": np.zeros((3, 2))}, r"shape \(3, 2\) is not that of vectors of 9 people"),
        ({"by": np.full((9, 2), np.nan)}, "give finite numbers"),
        ({"by": ["height"]}, "has no attribute 'height'"),
        ({"by": "age"}, "give a list of attributes"),
        ({"by": ["age"], "k": 0}, "let each follow 1 or more"),
        ({"by": ["age"], "random_share": 2}, "in 0 to 1"),
    ],
)
def test_what_no_network_is_made_of_is_told(arguments, says):
    with pytest.raises(ScenarioError, match=says):
        networks.nearest(crowd(9), **arguments)
