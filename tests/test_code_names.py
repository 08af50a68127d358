"""Functions and settings are shown by name and parameters, the same in every process."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

from simnet import feeds, networks, rankings, recommendations, rules
from simnet.cli.app import app
from simnet.clock import HOUR
from simnet.foundation.code_names import describe
from simnet.rhythms import Exponential, Never
from simnet.scenario.files.parameters import plain


def newest(world, viewer, posts, now):
    return [post.at for post in posts]


def weighted(weight):
    def score(world, viewer, posts, now):
        return [weight * post.at for post in posts]

    return score


class Table:
    """A ranking with settings of several kinds."""

    def __init__(self):
        self.share = 0.25
        self.rows = {"a": 1}

    def __call__(self, world, viewer, posts, now):
        return [self.share] * len(posts)

    def score(self, world, viewer, posts, now):
        return self(world, viewer, posts, now)


@pytest.mark.parametrize(("value", "text"), [
    (rankings.chronological, "chronological"),
    (rankings.engagement(HOUR), "engagement(half_life=3600)"),
    (rankings.split(0.5, rankings.hot, newest),
     "Split(share=0.5, one=hot, other=newest, key='split')"),
    (rankings.mix(rankings.hot, rankings.shuffled_by(3), 0.2),
     "mix(inside=hot, outside=shuffled_by(seed=3), share=0.2)"),
    (feeds.both(feeds.following, feeds.popular(4)), "both(one=following, other=popular(most=4))"),
    (networks.random_followees(5), "random_followees(mean=5)"),
    (networks.together(networks.random_followees(5), networks.erdos_renyi(0.1)),
     "together(builders=[random_followees(mean=5), erdos_renyi(chance=0.1)])"),
    (rules.reposts(rules.chance(0.5)), "reposts(probability=chance(of=0.5))"),
    (recommendations.random_walk, "random_walk"),
    (newest, "newest"), (weighted(2.5), "score(weight=2.5)"),
    (partial(weighted(2.5), viewer=3), "score(weight=2.5)(viewer=3)"),
    (Table(), "Table(share=0.25)"), (Table().score, "Table(share=0.25).score"),
    (Table, "Table"),
    (Exponential(), "Exponential"), (Never(), "Never"), (frozenset({"b", "a"}), "a+b"),
    ([newest] * 9, "9 values"), ({"a": 1.5}, "{'a': 1.5}"), (None, "None"),
])  # fmt: skip
def test_a_setting_is_described_by_name_and_parameters(value, text):
    assert describe(value) == text


def test_a_lambda_is_described_by_its_line():
    unnamed = lambda *_: []  # noqa: E731
    line = unnamed.__code__.co_firstlineno
    assert describe(unnamed) == f"lambda in test_code_names.py:{line}"


def test_what_contains_itself_is_described_too():
    def turn(*_):
        return turn

    table = []
    table.append(partial(newest, table))
    assert describe(turn) == "turn"
    assert "..." in describe(table)
    table.append(table)
    assert describe(table).endswith("2 values]]]")


def test_a_parameter_is_recorded_without_an_address():
    assert plain(Table()) == "<test_code_names.Table>"


SCENARIO = """
from simnet import Cohort, Feed, Persona, Scenario, feeds, networks, rankings, rules

people = [Persona(id=f"p{number}", description="a person") for number in range(4)]
feed = Feed(ranking=lambda world, viewer, posts, now: [0.0] * len(posts), reads=feeds.popular(2))
copying = rules.reposts(rules.chance(0.5))
lab = Scenario(
    name="lab",
    cohorts=[Cohort(name="all", personas=people, feed=feed, behaviour=copying)],
    ties=networks.random_followees(2),
    lasts=3600.0,
)
"""


def test_validate_shows_names_and_parameters_of_functions_and_no_addresses(tmp_path):
    (tmp_path / "lab.py").write_text(SCENARIO)
    invoke = CliRunner(env={"COLUMNS": "200"}).invoke
    plan = json.loads(invoke(app, ["validate", str(tmp_path / "lab.py"), "--json"]).stdout)
    (cohort,) = plan["cohorts"]
    assert cohort["feed"] == "10 of popular(most=2), lambda in lab.py:5"
    assert cohort["behaviour"] == "reposts(probability=chance(of=0.5))"
    assert plan["ties"] == "random_followees(mean=2)"
    shown = invoke(app, ["validate", str(tmp_path / "lab.py")]).stdout
    assert " 0x" not in shown
    assert "reposts(probability=chance(of=0.5))" in shown
