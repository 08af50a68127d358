"""Interactions of crossed studies: estimates, tests, hypotheses, results and report."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.anova import AnovaRM
from typer.testing import CliRunner

from simnet import HOUR, Cohort, Cue, Never, Persona, Scenario, Steps, Write, sample
from simnet.cli.app import app
from simnet.errors import ScenarioError, UsageError
from simnet.rules import chance, likes
from simnet.studies import Hypothesis, Study, actions, run_study, seeds_needed
from simnet.studies.crossings import Crossings
from simnet.studies.interactions import compared

pytestmark = pytest.mark.slow


def town(share):
    return Scenario(
        "town",
        [
            Cohort("officials", [Persona(id="council")], rhythm=Never()),
            Cohort(
                "readers",
                sample(8, seed=1),
                behaviour=likes(chance(share)),
                rhythm=Steps(HOUR, offset=0.5 * HOUR),
                follows={"officials": 1.0},
            ),
        ],
        [Cue(hour * HOUR, "council", Write(f"News {hour}.")) for hour in range(4)],
        lasts=5 * HOUR,
    )


def quiet(pull: int) -> Scenario:
    return town(0.1 * pull)


def loud(pull: int) -> Scenario:
    return town(0.1 * pull + 0.1 * pull**2)


ARMS = ("loud[pull=2]", "quiet[pull=2]")
THAN = ("loud[pull=1]", "quiet[pull=1]")
GROWS = Hypothesis("grows", "actions like", *ARMS, "higher", than=THAN)
CROSSED = Study(
    "crossed",
    arms={"quiet": quiet, "loud": loud},
    parameters={"pull": [1, 2]},
    seeds=range(6),
    measures=[actions("like"), actions("like", every=HOUR)],
    hypotheses=[
        GROWS,
        Hypothesis("alike", "actions like", *ARMS, "equal", margin=1.0, than=THAN),
    ],
)


@pytest.fixture(scope="module", name="ran")
def _ran(tmp_path_factory):
    return run_study(CROSSED, tmp_path_factory.mktemp("studies") / "crossed", ray=False)


def test_an_interaction_is_that_of_an_analysis_of_variance_within_subjects():
    chance_of = np.random.default_rng(2)
    values = chance_of.normal(np.array([[3.0], [1.0], [0.5], [0.0]]), size=(4, 9))
    rows = [
        {"seed": seed, "a": place % 2, "b": place // 2, "value": values[place, seed]}
        for place in range(4)
        for seed in range(9)
    ]
    table = AnovaRM(pd.DataFrame(rows), "value", "seed", within=["a", "b"]).fit().anova_table
    found = compared(values.tolist())
    assert found.p_t == pytest.approx(table.loc["a:b", "Pr > F"])
    contrast = values[0] - values[1] - (values[2] - values[3])
    assert found.mean == pytest.approx(contrast.mean())
    assert found.t_interval.low < found.mean < found.t_interval.high
    assert found.variance_ratio == pytest.approx(
        contrast.var(ddof=1) / values.var(axis=1, ddof=1).sum()
    )
    assert compared(values[:2].tolist()).mean == pytest.approx((values[0] - values[1]).mean())


def test_conditions_are_compared_where_one_or_two_factors_differ():
    labels = [f"{arm}[n={n},m={m}]" for n in (1, 2, 3) for m in ("x", "y") for arm in ("a", "b")]
    crossings = Crossings(labels, {"n": [1, 2, 3], "m": ["x", "y"]})
    differences = [one.arms for one in crossings.differences()]
    assert len(set(differences)) == len(differences) == 6 + 4 * 2 + 6
    assert ("b[n=2,m=y]", "a[n=2,m=y]") in differences
    assert ("b[n=2,m=y]", "a[n=1,m=x]") not in differences
    found = {one.name: one.arms for one in crossings.interactions()}
    assert len(found) == 2 * 2 + 3 + 2 * 2
    assert found["b minus a, at n=3 less at n=1 (m=y)"] == (
        "b[n=3,m=y]", "a[n=3,m=y]", "b[n=1,m=y]", "a[n=1,m=y]",
    )  # fmt: skip
    assert found["n=2 minus n=1, at m=y less at m=x (a)"] == (
        "a[n=2,m=y]", "a[n=1,m=y]", "a[n=2,m=x]", "a[n=1,m=x]",
    )  # fmt: skip
    plain = Crossings(["a", "b", "c"], {})
    assert [one.name for one in plain.differences()] == ["b minus a", "c minus a"]
    assert not list(plain.interactions())


@pytest.mark.parametrize(
    ("than", "message"),
    [
        (("c", "c"), "compares 'c' with itself"),
        (("a", "b"), "the difference of 'a' and 'b' with itself"),
        (("b", "a"), "the difference of 'a' and 'b' with itself"),
        (("c",), r"than=\('c',\) names no two arms; give an arm and its baseline"),
        ("cd", "than='cd' names no two arms"),
    ],
)
def test_an_interaction_that_is_none_is_refused(than, message):
    with pytest.raises(ScenarioError, match=message):
        Hypothesis("h", "likes", "a", "b", than=than)


def test_an_interaction_of_an_unknown_arm_is_refused():
    assert replace(GROWS, than=list(THAN)) == GROWS
    wrong = replace(GROWS, than=("loud[pull=1]", "quite[pull=1]"))
    with pytest.raises(ScenarioError, match=r"no arm 'quite\[pull=1\]'; did you mean"):
        replace(CROSSED, hypotheses=[wrong])


def test_a_crossed_study_has_its_interactions_in_verdicts_results_and_report(ran, tmp_path):
    grows, alike = ran.results.verdicts()
    values = [ran.results.values("actions like", arm) for arm in (*ARMS, *THAN)]
    contrasts = [a - b - (c - d) for a, b, c, d in zip(*(v.values() for v in values), strict=True)]
    assert grows.difference.mean == pytest.approx(np.mean(contrasts))
    assert grows.difference == ran.results.interaction(
        "actions like", *ARMS, THAN, alternative="greater"
    )
    assert grows.supported
    assert not alike.supported
    whole = next(one for one in ran.results.interactions() if not one.group)
    assert (whole.name, whole.arms) == (
        "loud minus quiet, at pull=2 less at pull=1", (*ARMS, *THAN)
    )  # fmt: skip
    assert whole.difference.mean == grows.difference.mean
    page = ran.report(tmp_path / "page.html", figures=False).path.read_text(encoding="utf-8")
    for words in (
        "the difference of actions like between loud[pull=2] and quiet[pull=2] is higher than",
        "interactions, differences of paired differences",
        "loud minus quiet, at pull=2 less at pull=1",
        "loud[pull=1] minus quiet[pull=1]",
    ):
        assert words in page
    assert "loud[pull=2] minus quiet[pull=1]" not in page  # which differ in two things


def test_interactions_are_registered_and_may_not_change(ran):
    registered = json.loads((ran.folder / "preregistration.json").read_bytes())["hypotheses"]
    assert registered[0]["than"] == list(THAN)
    plain = replace(GROWS, than=None)
    with pytest.raises(UsageError, match=r"'grows' is not what was registered: than=None was"):
        run_study(replace(CROSSED, hypotheses=[plain]), ran.folder, ray=False)


def test_an_interaction_may_not_be_added_to_a_registered_hypothesis(tmp_path):
    study = replace(CROSSED, hypotheses=[replace(GROWS, than=None)], seeds=[0])
    run_study(study, tmp_path / "s", ray=False)
    with pytest.raises(UsageError, match=r"'grows' is not what was registered: than=\["):
        run_study(replace(study, hypotheses=[GROWS]), tmp_path / "s", ray=False)


def test_the_command_line_shows_interactions(ran, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crossed_study.py").write_text(
        "from test_interactions import CROSSED as study\n", encoding="utf-8"
    )
    target = ["crossed_study.py", "--out", str(ran.folder)]
    shown = CliRunner().invoke(app, ["study", "results", *target])
    assert shown.exit_code == 0, shown.output
    assert "loud minus quiet, at pull=2 less at pull=1" in shown.stdout
    assert (
        "of (loud[pull=2] minus quiet[pull=2]) minus (loud[pull=1] minus quiet[pull=1]) is"
        in shown.stdout
    )
    told = json.loads(CliRunner().invoke(app, ["study", "results", *target, "--json"]).stdout)
    assert told["interactions"][0]["arms"] == [*ARMS, *THAN]
    found = ran.results.verdicts()[0].difference
    facts = {"seeds": 6, "interval": list(found.t_interval), "effect": found.effect}
    for one in (told["interactions"][0], told["hypotheses"][0]):
        assert {name: one[name] for name in facts} == facts
    plan = CliRunner().invoke(app, ["study", "plan", "crossed_study.py", "--effect", "0.8"]).stdout
    assert "hypothesis grows: the difference of actions like between loud[pull=2]" in plan
    most = seeds_needed(0.8, alpha=0.025)
    assert f"takes 15 seeds to show with 80% power (at most {most} with Holm's" in plan
