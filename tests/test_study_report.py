"""Reports of studies: from the folder alone, with known values and what was not registered."""

import csv
import json
from dataclasses import replace

import pytest
from made_reports import HOSTILE
from typer.testing import CliRunner

from simnet import HOUR, MINUTE, Cohort, Cue, Exponential, Never, Persona, Scenario, Write, sample
from simnet.analysis.costs import Cost
from simnet.cli.app import app
from simnet.errors import RecordError, ScenarioError, UsageError
from simnet.rules import chance, likes
from simnet.studies import (
    Figure,
    Hypothesis,
    Reference,
    Study,
    actions,
    activity,
    cascade_of,
    correction,
    measure,
    report_study,
    run_study,
)
from simnet.studies.reporting import sums_of_runs
from simnet.studies.reporting.recorded_study import read_study

pytestmark = pytest.mark.slow
LOUD = "loud </script><b>"


def town(share):
    people = sample(8, seed=1)
    return Scenario(
        "town",
        [
            Cohort("officials", [Persona(id="council")], rhythm=Never()),
            Cohort(
                "readers",
                people,
                behaviour=likes(chance(share)),
                rhythm=Exponential(30 * MINUTE),
                follows={"officials": 1.0},
            ),
        ],
        [Cue(hour * HOUR, "council", Write(HOSTILE[hour])) for hour in range(3)],
        lasts=4 * HOUR,
    )


STUDY = Study(
    "noise",
    arms={"quiet": town(0.1), LOUD: town(0.6)},
    seeds=range(3),
    measures=[actions("like"), actions("like", every=HOUR)],
    hypotheses=[Hypothesis("more", "actions like", LOUD, "quiet", "higher")],
    references=[
        Reference("actions like", 11.5, "a book", arm="quiet"),
        Reference("actions like every 3600 s", 2.0, "a book", time=HOUR),
    ],
)


@pytest.fixture(scope="module", name="ran")
def _ran(tmp_path_factory):
    return run_study(STUDY, tmp_path_factory.mktemp("studies") / "noise", ray=False)


@pytest.fixture(scope="module", name="page")
def _page(ran):
    return ran.report().path.read_text(encoding="utf-8")


def test_the_page_says_what_the_study_was_and_what_the_data_say(page, ran):
    for words in (
        "2 arms, 3 seeds, 6 of 6 runs complete", "actions like in loud", "11.5</td><td>a book",
        "The file is as it was written before the first run", "differences within each seed",
        "3 seeds an arm are too few", "Cascades of arm quiet, seed 0", "No model was asked",
    ):  # fmt: skip
        assert words in page
    digest = (ran.folder / "preregistration.sha256").read_text(encoding="utf-8").strip()
    assert digest in page
    assert "<b>" not in page.split("<main")[1].split('<script type="application/json"')[0].replace(
        '<p class="who"><b>', ""
    )  # fmt: skip


def test_the_data_of_a_figure_are_the_results(page, ran):
    path = ran.folder / "figures" / "measure-1-arms.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    drawn = {
        (row["arm"], int(row["seed"])): float(row["value"])
        for row in rows
        if row["kind"] == "seed" and " · " not in row["line"]
    }
    for arm in ("quiet", LOUD):
        assert {s: v for (one, s), v in drawn.items() if one == arm} == ran.results.values(
            "actions like", arm
        )
    (known,) = {float(row["value"]) for row in rows if row["kind"] == "reference"}
    assert known == 11.5


def test_a_report_is_written_from_the_folder_without_the_code_of_the_study(ran, tmp_path):
    words = ["report", str(ran.folder), "--out", str(tmp_path / "p.html"), "--no-figures", "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"] == str(tmp_path / "p.html")
    assert "more likes" not in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_what_was_added_later_is_called_exploratory(ran, tmp_path):
    more = [*STUDY.hypotheses, Hypothesis("same", "actions like", LOUD, "quiet", "equal", 3.0)]
    study = replace(STUDY, hypotheses=more)
    made = report_study(ran.folder, tmp_path / "page.html", figures=False, study=study)
    text = made.path.read_text(encoding="utf-8")
    assert "same was added after the pre-registration: it is exploratory." in text


def test_a_study_that_asks_no_model_says_so_whatever_the_backend(tmp_path):
    ruled = replace(STUDY, seeds=[0], measures=[activity(), *STUDY.measures])
    made = run_study(ruled, tmp_path / "noise", backend="fake").report(figures=False)
    text = made.path.read_text(encoding="utf-8")
    assert "No model was asked" in text
    assert "made up by the fake model" not in text
    assert "Means of officials: quiet 0" in text


def test_runs_in_which_a_measure_found_nothing_are_told(tmp_path):
    odd = measure("odd")(lambda run: [Figure(1.0)] if run.manifest.seed % 2 else [])
    study = replace(STUDY, measures=[*STUDY.measures, odd])
    page = run_study(study, tmp_path / "noise", ray=False).report(figures=False).path
    told = "Measure odd has no figure in 2 of 3 runs of arm quiet: its means and differences are of"
    assert page.read_text(encoding="utf-8").count(told) == 1
    assert "Measure actions like has no figure" not in page.read_text(encoding="utf-8")


def test_costs_that_models_did_not_tell_are_called_lower_bounds(ran, monkeypatch):
    mute = Cost("readers", "like", 1, 2, 0, 0, 0, 0.0, unknown_in=2, unknown_out=2)
    (told,) = sums_of_runs.cost_by_arm(read_study(ran.folder)).blocks
    assert told.kind == "notes"  # no model was asked
    monkeypatch.setattr(sums_of_runs, "costs", lambda run: [mute])
    (table,) = sums_of_runs.cost_by_arm(read_study(ran.folder)).blocks
    assert table.note == "Some calls did not tell their tokens; sums are lower bounds."


def test_a_changed_pre_registration_is_told(ran, tmp_path):
    path = ran.folder / "preregistration.json"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace('"higher"', '"different"', 1), encoding="utf-8")
    try:
        made = report_study(ran.folder, tmp_path / "page.html", figures=False)
    finally:
        path.write_text(before, encoding="utf-8")
    assert "THE FILE WAS CHANGED" in made.path.read_text(encoding="utf-8")


def test_a_run_that_is_gone_is_named(ran, tmp_path):
    run = next((ran.folder / "runs").glob("*/manifest.json")).parent
    hidden = tmp_path / run.name
    run.rename(hidden)
    try:
        made = report_study(ran.folder, tmp_path / "page.html", figures=False)
    finally:
        hidden.rename(run)
    assert "is not complete: there is no run" in made.path.read_text(encoding="utf-8")


def test_a_folder_that_is_no_study_or_a_damaged_one_is_named(ran, tmp_path):
    with pytest.raises(UsageError, match="holds no study"):
        report_study(tmp_path)
    for name in ("study.json", "preregistration.sha256"):
        (tmp_path / name).write_bytes((ran.folder / name).read_bytes())
    (tmp_path / "preregistration.json").write_text('{"measures": 3}', encoding="utf-8")
    with pytest.raises(RecordError, match="plan or pre-registration is damaged"):
        report_study(tmp_path)


def test_the_results_are_a_frame_of_pandas_and_of_polars(ran):
    pandas, polars = ran.results.to_pandas(), ran.results.to_polars()
    assert len(pandas) == len(polars) == ran.results.table.num_rows
    assert list(pandas.columns) == polars.columns == ran.results.table.column_names


def test_a_measure_about_somebody_who_is_not_there_is_refused_before_the_start():
    for one in (cascade_of("councl"), correction("council", "councl")):
        with pytest.raises(ScenarioError, match="'councl', who is not in arm 'quiet'; did you"):
            replace(STUDY, measures=[*STUDY.measures, one])
    assert replace(STUDY, measures=[*STUDY.measures, cascade_of("council")])


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (("actions lik", 1.0, "a book"), "there is no measure 'actions lik'; did you mean"),
        (("actions like", 1.0, "a book", "quite"), "there is no arm 'quite'; did you mean 'quiet'"),
        (("actions like", float("nan"), "a book"), "nan is no known value"),
        (("actions like", 1.0, ""), "has no source"),
    ],
)
def test_a_known_value_of_what_is_not_there_is_refused(reference, message):
    with pytest.raises(ScenarioError, match=message):
        replace(STUDY, references=[Reference(*reference)])
