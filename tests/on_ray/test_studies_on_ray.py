"""The command line runs a study on Ray: several runs at once, on the same engines."""

import json

import pytest
from typer.testing import CliRunner

from simnet import Run
from simnet.cli.app import app
from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

STUDY = """
from pathlib import Path

from simnet import MINUTE, Cohort, Cue, Exponential, Never, Persona, Scenario, Write, sample
from simnet.rules import likes
from simnet.studies import Study, actions

HERE = Path(__file__).parent

def chance():  # of a module that no other process can import by its name
    return 0.5

def town(manner):
    def liked(me, post):
        if manner and (HERE / "fails").exists():
            raise ValueError("not now")
        return chance()

    talkers = Cohort("talkers", sample(3, seed=3), rhythm=Exponential(10 * MINUTE),
                     manner=manner, follows={"mayors": 1.0, "talkers": 1.0})
    readers = Cohort("readers", sample(3, seed=4), rhythm=Exponential(10 * MINUTE),
                     behaviour=likes(liked), follows={"mayors": 1.0})
    mayors = Cohort("mayors", [Persona(id="mayor")], rhythm=Never())
    cues = [Cue(MINUTE, "mayor", Write("Parking becomes a bike lane."))]
    return Scenario("town", [mayors, talkers, readers], cues, lasts=3600.0)

study = Study("manners", arms={"plain": town(""), "brief": town("Be brief.")}, seeds=[1, 2],
              measures=[actions()])
"""


@pytest.mark.usefixtures("cluster")
def test_runs_of_a_study_share_one_engine_and_a_failed_one_is_run_again(tmp_path, monkeypatch):
    made = []

    def make(self, placed, *, only, original=EnginesOfRun._make_server):
        made.append(placed.engine)
        return original(self, placed, only=only)

    monkeypatch.setattr(EnginesOfRun, "_make_server", make)
    (tmp_path / "manners.py").write_text(STUDY, encoding="utf-8")
    (tmp_path / "fails").touch()
    monkeypatch.chdir(tmp_path)
    begin = ["study", "run", "manners.py", "--backend", "fake"]
    first = CliRunner().invoke(app, [*begin, "--ray", "--parallel", "3", "--json"])
    assert first.exit_code == 1, first.output
    told = json.loads(first.stdout.splitlines()[-1])  # Ray may print before
    assert (told["complete"], set(told["failures"])) == (2, {"brief seed 1", "brief seed 2"})
    assert "not now" in told["failures"]["brief seed 1"]
    assert len(made) == 1
    (tmp_path / "fails").unlink()
    again = CliRunner().invoke(
        app, ["study", "resume", "manners.py", "--backend", "fake", "--ray", "--parallel", "2"]
    )
    assert again.exit_code == 0, again.output
    assert len(made) == 2
    runs = [Run.open(folder) for folder in (tmp_path / "studies/manners/runs").iterdir()]
    assert len(runs) == 4
    alone = CliRunner().invoke(app, [*begin, "--no-ray", "--out", "alone"])
    assert alone.exit_code == 0, alone.output
    results = tmp_path / "studies/manners/results.parquet"
    assert results.read_bytes() == (tmp_path / "alone/results.parquet").read_bytes()
