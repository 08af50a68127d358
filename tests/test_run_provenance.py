"""A run that is started from Python records its scenario as one from the command line does."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from test_again import tables
from test_again_cli import TOWN, line_in

import simnet
from simnet import FakeModel, Run, Scenario
from simnet.errors import ScenarioError, UsageError
from simnet.runs.plans.provenance import from_python

FILE = (
    TOWN
    + """

def helper(people):
    return town(people=people)

def by_helper(people: int = 3) -> Scenario:
    return helper(people)

def undeclared(people=3):
    return Scenario("undeclared", town(people=people).cohorts, lasts=60.0)

def changing(people: int = 3) -> Scenario:
    people = people * 2
    return town(people=people)

def with_objects(cues: list, feed=object(), people: int = 2) -> Scenario:
    return Scenario("objects", town(people=people).cohorts, cues, lasts=60.0)

def by_default(feed=object(), many: list[int] = (1, 2)) -> Scenario:
    return Scenario("default", town(people=len(many)).cohorts, lasts=60.0)

quiet = town(lasts=600.0)
"""
)
KEPT = ("name", "file", "hash", "parameters", "attribute", "sets", "seed")


@pytest.fixture
def line(tmp_path, monkeypatch):
    line = line_in(tmp_path, monkeypatch)
    (tmp_path / "made_town.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    yield line
    sys.modules.pop("made_town", None)


def run(scenario, **options):
    return simnet.run(scenario, model=FakeModel(), out="runs", **options)


def test_a_run_from_python_records_what_one_from_the_command_line_does(line, capsys):
    import made_town

    words = ("--set", "people=4", "--set", "said=It stays.", "--seed", "6", "--backend", "fake")
    assert line("run", "made_town.py:town", *words, "--quiet").exit_code == 0
    there = line.newest()
    here = run(made_town.town(people=4, said="It stays."), seed=6)
    kept = [{name: getattr(one.manifest.scenario, name) for name in KEPT} for one in (there, here)]
    kept[0]["sets"], kept[1]["sets"] = sorted(kept[0]["sets"]), sorted(kept[1]["sets"])
    assert kept[0] == kept[1]
    assert here.manifest.scenario.origin == "made_town"
    assert here.manifest.scenario.not_again is None
    assert capsys.readouterr().err == ""
    assert tables(here) == tables(there)
    assert line("verify", here.id, "--trust").stdout.count("ok  ") == 10
    listed = {one["id"]: one for one in json.loads(line("ls", "--json").stdout)["runs"]}
    assert listed[here.id]["parameters"]["people"] == 4


def test_a_run_from_python_is_resumed_without_its_scenario(line):
    import made_town

    whole = run(made_town.town(people=4))
    cut = run(made_town.town(people=4), max_calls=3)
    assert tables(cut.resume(model=FakeModel())) == tables(whole)
    again = run(made_town.town(people=4), max_calls=3)
    assert line("resume", again.id, "--backend", "fake").exit_code == 0
    assert tables(Run.open(again.path)) == tables(whole)
    assert line("fork", whole.id, "--at", "40m", "--backend", "fake").exit_code == 0


@pytest.mark.filterwarnings("ignore:.*about 0 turns:simnet.errors.ScenarioWarning")
@pytest.mark.parametrize(
    ("make", "attribute", "sets"),
    [
        (lambda made: made.quiet, "quiet", ()),
        (lambda made: made.arms["calm"], "arms.calm", ()),
        (lambda made: made.town(), "town", ()),
        (lambda made: made.town("Be kind.", lasts=60.5), "town", ("manner=Be kind.", "lasts=60.5")),
        (lambda made: made.by_helper(4), "by_helper", ("people=4",)),
        (lambda made: made.by_default(many=[1, 2, 3]), "by_default", ("many=1,2,3",)),
    ],
)
def test_what_made_a_scenario_is_found_and_makes_it_again(line, make, attribute, sets):
    import made_town

    loaded = from_python(make(made_town))
    assert (loaded.attribute, loaded.recipe["sets"]) == (attribute, sets)
    assert loaded.source.name == "made_town.py"
    done = run(make(made_town))
    assert line("replay", done.id, "--trust").exit_code == 0


@pytest.mark.filterwarnings("ignore:.*about 0 turns:simnet.errors.ScenarioWarning")
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda made: made.undeclared(), "declared `-> Scenario`"),
        (lambda made: made.changing(), r"changing\(\) assigns to its parameter people"),
        (lambda made: made.with_objects([]), "the parameter cues of"),
        (lambda made: made.by_default(feed=[object()]), "the parameter feed of"),
        (lambda made: made.with_objects(cues=list(made.quiet.cues)), "the parameter cues of"),
        (lambda made: replace(made.town(), lasts=60.0), "declared `-> Scenario`|no name"),
        (lambda made: Scenario("mine", made.quiet.cohorts), "declared `-> Scenario`"),
    ],
)
def test_what_cannot_be_made_again_is_said_at_the_start(line, capsys, make, why):
    import made_town

    scenario = make(made_town)
    assert from_python(scenario).attribute == ""
    done = run(scenario)
    told = capsys.readouterr().err
    assert told.startswith(
        f"note: the scenario {scenario.name} cannot be made again from the record"
    )
    assert re.search(why, told)
    facts = done.manifest.scenario
    assert (facts.name, facts.attribute) == (scenario.name, None)
    assert facts.not_again in told
    verified = line("verify", done.id, "--trust")
    assert (verified.exit_code, facts.not_again in verified.stdout) == (0, True)
    with pytest.raises(UsageError, match="cannot be made again") as refused:
        done.fork(1.0, scenario, model=FakeModel())
    assert "simnet.fork(run, at, scenario, before=scenario)" in str(refused.value)
    assert done.fork(1.0, scenario, before=scenario, model=FakeModel()).state == "completed"


SCRIPT = """
import simnet
from simnet import FakeModel
{definition}
{guard}run = simnet.run(town(people=3), model=FakeModel(), out="runs")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guard", "again"), [("", False), ('if __name__ == "__main__":\n    ', True)]
)
def test_a_script_that_runs_when_it_is_imported_cannot_be_made_again(line, tmp_path, guard, again):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(definition=TOWN, guard=guard))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (found,) = (tmp_path / "runs").iterdir()
    facts = Run.open(found).manifest.scenario
    assert (facts.name, facts.parameters["people"]) == ("town", 3)
    assert (found / facts.file).read_text() == script.read_text()
    if again:
        assert (done.stderr, facts.attribute, facts.origin) == ("", "town", "script.py")
        assert line("replay", found.name, "--trust").exit_code == 0
    else:
        why = 'starts a run in line 19; do that under `if __name__ == "__main__"`; to resume, '
        assert f"importing script.py {why}replay or fork the run, give it again" in done.stderr
        assert facts.attribute is None
        assert line("verify", found.name, "--trust").exit_code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_scenario_of_no_file_is_recorded_by_its_name(tmp_path):
    code = SCRIPT.format(definition=TOWN, guard="")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "its code is in no file" in done.stderr
    (found,) = (tmp_path / "runs").iterdir()
    facts = Run.open(found).manifest.scenario
    assert (facts.name, facts.file, facts.attribute) == ("town", None, None)


@pytest.mark.parametrize("at", [float("nan"), float("inf"), "1h", None])
def test_a_fork_at_no_time_is_refused(line, at):
    import made_town

    done = run(made_town.quiet)
    with pytest.raises((UsageError, ScenarioError), match=r"cannot be forked at|fork\(at="):
        simnet.fork(done, at, made_town.quiet, model=FakeModel())
    assert line("fork", done.id, "--at", "nan", "--backend", "fake").exit_code == 2
