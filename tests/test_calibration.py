"""Calibration: what is refused, and that a planted parameter is found again."""

import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from simnet import HOUR, Cohort, Cue, Never, Persona, Scenario, Steps, Write, sample
from simnet.cli.app import app
from simnet.cli.studies.calibrate import calibrate as calibrate_command
from simnet.errors import DiskError, ScenarioError, UsageError
from simnet.rules import chance, likes
from simnet.studies import Calibration, Halves, Measure, actions, calibrate
from simnet.studies.calibrating import simulate
from simnet.studies.calibration import fit_of, loss_of, read_halves

pytestmark = pytest.mark.slow
TOPICS = Path(__file__).parents[2] / "shared" / "data" / "oasis_topics_40.csv"
SCENARIO = Path(__file__).parent.parent / "scenarios" / "oasis_topics.py"
LIKES = "actions like"


def town(share, seed):
    readers = Cohort(
        "readers",
        sample(20, seed=1),
        behaviour=likes(chance(share)),
        rhythm=Steps(HOUR, offset=1.5 * HOUR),
        follows={"sources": 1.0},
    )
    sources = Cohort("sources", [Persona(id="council")], rhythm=Never())
    posts = [Cue(hour * HOUR, "council", Write("News.")) for hour in (1, 2)]
    return Scenario("town", [sources, readers], posts, lasts=3 * HOUR, seed=seed)


def binomial(path):
    """Draw what a town with a share of 0.3 gives: 40 chances."""
    draws = np.random.default_rng(3).binomial(40, 0.3, 60).astype(float)
    return Halves({LIKES: draws[::2].tolist()}, {LIKES: draws[1::2].tolist()})


PLANTED = Calibration(
    "town", town, {"share": (0.0, 1.0)}, [actions("like")], binomial, seeds=range(4)
)


def test_a_planted_parameter_is_found_within_the_budget(tmp_path):
    seen = []
    found = calibrate(PLANTED, budget=12, out=tmp_path / "cal", report=seen.append)
    assert found.best.parameters["share"] == pytest.approx(0.3, abs=0.08)
    assert len(found.trials) <= 12
    assert seen == list(found.trials)
    assert found.best == min(found.trials, key=lambda trial: trial.loss)
    (held,) = found.held_out
    assert held.ks_p > 0.01
    assert held.nrmse < 0.4
    written = json.loads((tmp_path / "cal" / "calibration.json").read_text(encoding="utf-8"))
    assert written["parameters"] == found.best.parameters
    assert len(written["trials"]) == len(found.trials)


def test_an_earlier_result_is_replaced_only_when_forced(tmp_path):
    seen = []
    (tmp_path / "calibration.json").write_text("mine")
    with pytest.raises(UsageError, match="exists already; choose another folder or"):
        calibrate(PLANTED, budget=3, out=tmp_path, report=seen.append)
    assert (seen, (tmp_path / "calibration.json").read_text()) == ([], "mine")
    calibrate(PLANTED, budget=3, out=tmp_path, force=True)
    assert len(json.loads((tmp_path / "calibration.json").read_text())["trials"]) == 3


def test_a_result_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    seen = []
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "calibration.json").mkdir(parents=True)
    for name, error, told in (
        ("file", UsageError, "file is a file; name a folder, in which calibration.json is"),
        ("folder", UsageError, "calibration.json is a folder; name the folder in which"),
        ("file/below", DiskError, "making the folder .*below"),
    ):
        with pytest.raises(error, match=told):
            calibrate(PLANTED, budget=3, out=tmp_path / name, force=True, report=seen.append)
    assert seen == []


def test_the_command_tries_as_many_parameters_as_the_function():
    functions = (calibrate, calibrate_command)
    assert len({inspect.signature(one).parameters["budget"].default for one in functions}) == 1


def test_trials_share_their_random_numbers():
    first, again = (simulate(PLANTED, {"share": 0.5}, [1, 2]) for _ in range(2))
    assert first == again
    other = simulate(PLANTED, {"share": 0.5}, [3])
    assert set(other) == {LIKES}


def test_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    ours, real = rng.normal(5, 1, 80).tolist(), rng.normal(6, 2, 60).tolist()
    found = fit_of("x", ours, real)
    assert found.ks == pytest.approx(stats.ks_2samp(ours, real).statistic)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(ours, real))
    assert fit_of("x", real, real).nrmse == 0.0
    assert fit_of("x", [value + 3 for value in real], real).nrmse == pytest.approx(
        3 / np.mean(real)
    )
    assert loss_of({"x": real}, {"x": real}) == 0.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"parameters": {}}, "has no parameters"),
        ({"measures": []}, "has no measures"),
        ({"seeds": [1]}, "fewer than two seeds"),
        ({"parameters": {"shar": (0.0, 1.0)}}, "no parameter 'shar'; did you mean 'share'"),
        ({"parameters": {"share": (1.0, 0.0)}}, "bounds of share are 1 and 0"),
        ({"parameters": {"share": (0.0, float("inf"))}}, "bounds of share are 0 and inf"),
        ({"scenario": lambda share: town(share, 0)}, "no parameter 'seed'"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused_when_it_is_made(fields, message):
    with pytest.raises(ScenarioError, match=message):
        replace(PLANTED, **fields)


@pytest.mark.parametrize(
    ("halves", "message"),
    [
        (Halves({"like": [1.0, 2.0]}, {}), "fitted data are of 'like', which is no measure"),
        (Halves({LIKES: [1.0, 2.0]}, {LIKES: [1.0]}), "held-out data have fewer than two numbers"),
        (Halves({LIKES: [1.0, float("nan")]}, {}), "fitted data have fewer than two numbers"),
    ],
)
def test_data_that_cannot_be_used_are_refused_before_anything_runs(halves, message):
    with pytest.raises(UsageError, match=message):
        read_halves(replace(PLANTED, data=lambda path: halves), None)


def test_a_budget_that_is_too_small_and_a_measure_without_one_number_are_refused():
    with pytest.raises(UsageError, match="a search needs 3 trials or more"):
        calibrate(PLANTED, budget=2)
    several = replace(PLANTED, measures=[Measure(LIKES, lambda run: {"a": 1.0, "b": 2.0})])
    with pytest.raises(ScenarioError, match="needs one number of each run"):
        calibrate(several, budget=3)


@pytest.fixture(name="forget")
def _forget():
    yield
    sys.modules.pop("oasis_topics", None)


def test_the_command_says_which_file_is_missing_or_wrong(tmp_path, forget):
    words = ["calibrate", str(SCENARIO), "--data", str(tmp_path / "none.csv")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "none.csv is not there; name the topics file of OASIS with --data" in result.stderr
    (tmp_path / "none.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "no topics with num_users" in CliRunner().invoke(app, words).stderr
    (tmp_path / "none.csv").write_text("num_users,max_depth\nmany,2\n", encoding="utf-8")
    assert "are numbers" in CliRunner().invoke(app, words).stderr


@pytest.mark.skipif(not TOPICS.is_file(), reason="the topics file of OASIS is not here")
def test_the_real_topics_are_divided_in_halves(forget):
    from simnet.scenario.files.value_loading import load_value

    found = load_value(str(SCENARIO), Calibration, "calibration")
    halves = read_halves(found, TOPICS)
    sizes = [len(half["cascade size of topic_source"]) for half in halves]
    assert sizes == [20, 19]
    assert max(halves.held_out["cascade size of topic_source"]) > 500
