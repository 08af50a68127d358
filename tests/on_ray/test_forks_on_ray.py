"""The command line forks and verifies runs on Ray, where the agents' replies are recorded."""

import pytest
from typer.testing import CliRunner

from simnet import FakeModel, Run, run
from simnet.cli.app import app
from simnet.recording.files.manifest import State
from simnet.scenario.files.loading import load_scenario
from simnet.surveys.answers import read_answers

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

TOWN = """
from simnet import MINUTE, Cohort, Cue, Exponential, Never, Persona, Scenario, Write, sample

def town(manner: str = "") -> Scenario:
    people = Cohort("people", sample(4, seed=3), rhythm=Exponential(10 * MINUTE), manner=manner,
                    follows={"mayors": 1.0})
    mayors = Cohort("mayors", [Persona(id="mayor")], rhythm=Never())
    cues = [Cue(MINUTE, "mayor", Write("Parking becomes a bike lane."))]
    return Scenario("town", [mayors, people], cues, lasts=3600.0)
"""


@pytest.mark.usefixtures("cluster")
def test_a_fork_on_ray_shares_its_past_and_asks_only_for_what_is_new(tmp_path, monkeypatch):
    (tmp_path / "town.py").write_text(TOWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    line = CliRunner()
    began = line.invoke(app, ["run", "town.py", "--backend", "fake", "--quiet"])
    assert began.exit_code == 0, began.output
    parent = Run.open(tmp_path / began.stdout.strip())
    forked = line.invoke(
        app, ["fork", parent.id, "--at", "30m", "--set", "manner=Be furious.", "--quiet"]
    )
    assert forked.exit_code == 0, forked.output
    child = Run.open(tmp_path / forked.stdout.strip())
    assert child.manifest.state is State.COMPLETED
    assert min(part.low for part in child.sealed_files().tables["calls"]) >= 1800.0
    asked = child.prompts(["time", "system"]).read_all().to_pylist()
    assert {one["time"] >= 1800.0 for one in asked} == {True, False}
    assert all(("Be furious." in one["system"]) == (one["time"] >= 1800.0) for one in asked)
    verified = line.invoke(app, ["verify", child.id, "--trust"])
    assert verified.exit_code == 0, verified.stdout


SURVEYED = (
    TOWN
    + """
from dataclasses import replace
from simnet import MINUTE
from simnet.interventions import At, Ban, GiveNews, Remember, SetManner
from simnet.questions import Likert, YesNo
from simnet.surveys import Survey, SurveySchedule

questions = [YesNo("cycles", "Do you cycle?"), Likert("lane", "A bike lane is needed.")]
surveyed = replace(town(), surveys=[
    SurveySchedule(Survey("lane", questions), every=20 * MINUTE),
    SurveySchedule(Survey("kept", questions), at=30 * MINUTE, sample=3, remembered=True),
], interventions=[
    At(19.5 * MINUTE, [
        GiveNews("people", "The bridge is closed."), SetManner("people", "Be brief."),
        Remember("people", "the mayor lied to you"), Ban("mayor"),
    ]),
])
"""
)


@pytest.mark.usefixtures("cluster")
def test_surveys_in_a_run_on_ray_are_those_of_one_process(tmp_path, monkeypatch):
    (tmp_path / "town.py").write_text(SURVEYED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    began = CliRunner().invoke(
        app, ["run", "town.py:surveyed", "--backend", "fake", "--personas-per-actor", "2", "-q"]
    )
    assert began.exit_code == 0, began.output
    on_ray = Run.open(tmp_path / began.stdout.strip())
    scenario = load_scenario(f"{tmp_path / 'town.py'}:surveyed").scenario
    here = run(scenario, model=FakeModel(), out=tmp_path)
    assert on_ray.read("events").equals(here.read("events"))
    asked = [row["user"] for row in on_ray.prompts().read_all().to_pylist() if row["turn"] < 0]
    assert any("The bridge is closed." in user for user in asked)
    for name in ("lane", "kept"):
        assert read_answers(on_ray, name) == read_answers(here, name)
