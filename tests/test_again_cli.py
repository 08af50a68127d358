"""The commands for runs there are: resume, fork, replay, verify, and runs begun once."""

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pytest
from test_again import Dying, tables
from typer.testing import CliRunner

import simnet as python_api
from simnet import Cohort, FakeModel, Run, Scenario, sample
from simnet.cli.app import app
from simnet.cli.runs import launching
from simnet.foundation.known_places import remember
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import State
from simnet.recording.reading.folders import run_folders
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.launching.launcher import launch

TOWN = """
from simnet import MINUTE, Cohort, Cue, Exponential, Never, Persona, Scenario, Write, sample

def town(manner: str = "", people: int = 5, said: str = "", lasts: float = 5400.0) -> Scenario:
    mayor = Persona(id="mayor", description="The mayor.")
    members = Cohort(
        "people", sample(people, seed=3), rhythm=Exponential(10 * MINUTE), manner=manner,
        reacts_in=4 * MINUTE, follows={"mayors": 1.0, "people": 0.5},
    )
    cues = [Cue(MINUTE, "mayor", Write("Parking becomes a bike lane."))]
    cues += [Cue(60 * MINUTE, "mayor", Write(said))] if said else []
    return Scenario("town", [Cohort("mayors", [mayor], rhythm=Never()), members], cues, lasts=lasts)

arms = {"calm": town(manner="Be calm."), "furious": town(manner="Be furious.")}
"""
AT = 40 * 60.0
MADE = {}
"""Folders with one run each that tests copy, by how it was made."""


class Line:
    """The command line, with runs in this process and made-up replies."""

    def __init__(self, folder):
        self.runs = folder / "runs"
        self.model = FakeModel

    def __call__(self, *arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def folders(self):
        return sorted(self.runs.iterdir(), key=lambda path: Run.open(path).manifest.created)

    def newest(self):
        return Run.open(self.folders()[-1])


@pytest.fixture
def simnet(tmp_path, monkeypatch):
    return line_in(tmp_path, monkeypatch)


def line_in(tmp_path, monkeypatch):
    """Work in a folder that holds the scenario TOWN; returns its command line."""
    (tmp_path / "town.py").write_text(TOWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    line = Line(tmp_path)

    async def launch_here(plan, reporter):
        return await launch(replace(plan, backend=line.model()), reporter)

    monkeypatch.setattr(launching, "launch", launch_here)
    return line


def how(kind, simnet, arguments):
    """Say how a run is made: whatever it depends on."""
    return kind, arguments, simnet.model, Path("town.py").read_text(encoding="utf-8")


def copied(kind, simnet, arguments):
    """Copy a run of the same kind that an earlier test made in the same way; None if none did."""
    made = MADE.get(how(kind, simnet, arguments))
    if made is None or simnet.runs.exists():
        return None
    shutil.copytree(made, simnet.runs)
    run = simnet.newest()
    remember("scenario", run.id, Path("town.py"))
    return run


def keep(kind, simnet, arguments):
    """Keep a copy of the first run in a folder for other tests."""
    key = how(kind, simnet, arguments)
    if key not in MADE and len(simnet.folders()) == 1:
        folder = Path(tempfile.mkdtemp(dir=simnet.runs.parents[1])) / "runs"
        MADE[key] = shutil.copytree(simnet.runs, folder)
    return simnet.newest()


def begin(simnet, *arguments):
    if (run := copied("begin", simnet, arguments)) is not None:
        return run
    result = simnet("run", "town.py:town", "--backend", "fake", "--quiet", *arguments)
    assert result.exit_code == 0, result.output
    return keep("begin", simnet, arguments)


def break_off(simnet, *arguments):
    """Begin a run whose model dies on the way."""
    if (run := copied("break off", simnet, arguments)) is not None:
        return run
    simnet.model = lambda: Dying(12, simnet.runs)
    result = simnet("run", "town.py:town", "--backend", "fake", "--quiet", *arguments)
    assert result.exit_code == 1
    assert "the model is gone" in result.stderr
    simnet.model = FakeModel
    return keep("break off", simnet, arguments)


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- resume -------------------------------------------------------------------------------


def test_a_run_that_broke_off_is_resumed_to_the_same_end(simnet):
    whole = begin(simnet)
    broken = break_off(simnet)
    assert broken.manifest.state is State.FAILED
    result = simnet("resume", broken.id, "--backend", "fake")
    assert result.exit_code == 0, result.output
    assert f"simnet show {broken.id}" in result.stdout
    resumed = Run.open(broken.path)
    assert resumed.manifest.state is State.COMPLETED
    assert tables(resumed) == tables(whole)
    assert resumed.manifest.state_hash == whole.manifest.state_hash


def test_the_newest_run_is_resumed_by_default_and_json_is_told(simnet):
    broken = break_off(simnet)
    result = simnet("resume", "--backend", "fake", "--json")
    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert told[-1]["report"] == "finished"
    assert simnet.newest().id == broken.id
    assert simnet.newest().manifest.state is State.COMPLETED


def test_a_scenario_that_changed_is_made_again_from_its_copy(simnet, tmp_path):
    whole, broken = begin(simnet), break_off(simnet)
    changed = TOWN.replace("The mayor.", "A baker.")
    (tmp_path / "town.py").write_text(changed, encoding="utf-8")
    assert simnet("resume", broken.id, "--backend", "fake", "--quiet").exit_code == 0
    assert tables(Run.open(broken.path)) == tables(whole)


def test_a_run_that_exists_is_resumed_and_a_new_one_begun_when_it_is_complete(simnet):
    again = ("--resume-if-exists", "--set", "people=4", "--seed", "7")
    broken = break_off(simnet, *again)
    assert begin(simnet, *again).id == broken.id
    assert [run.name for run in simnet.folders()] == [broken.id]
    assert Run.open(broken.path).manifest.state is State.COMPLETED
    assert begin(simnet, *again).id != broken.id
    assert len(simnet.folders()) == 2


def test_a_run_with_an_id_of_its_own_is_begun_resumed_and_then_complete(simnet):
    named = ("--run-id", "job-17", "--resume-if-exists")
    broken = break_off(simnet, *named)
    assert (broken.id, broken.path.name) == ("job-17", "job-17")
    assert begin(simnet, *named).id == "job-17"
    result = simnet("run", "town.py:town", "--backend", "fake", *named)
    assert (result.exit_code, result.stdout) == (0, "job-17 is complete\n")
    assert len(simnet.folders()) == 1


def test_a_run_killed_while_its_folder_was_made_is_begun_again_under_its_id(simnet):
    named = ("--run-id", "job-17", "--resume-if-exists")
    RunDirectory.create(Path("runs"), "town", run_id="job-17")
    assert begin(simnet, *named).manifest.state is State.COMPLETED
    assert [folder.name for folder in simnet.folders()] == ["job-17"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--run-id", "job-17"), "job-17 is there already; choose another run id"),
        (("--run-id", "job-17", "--seed", "8", "--resume-if-exists"), "is a run of another"),
        (("--run-id", "../out"), "is not a run id"),
        (("--run-id", "latest"), "is not a run id"),
    ],
)
def test_an_id_that_cannot_be_given_is_refused(simnet, arguments, told):
    begin(simnet, "--run-id", "job-17")
    result = simnet("run", "town.py:town", "--backend", "fake", *arguments)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert len(simnet.folders()) == 1


def test_runs_with_ids_of_their_own_are_listed_by_age(simnet):
    ids = [begin(simnet, *("--run-id", name) if name else ()).id for name in ("zoo", "", "an-ant")]
    assert [folder.name for folder in run_folders(simnet.folders()[0].parent)] == ids
    listed = simnet("ls", "--json").stdout
    assert sorted(ids, key=listed.index) == ids


@pytest.mark.slow
@pytest.mark.parametrize("other", [("--seed", "8"), ("--set", "people=3"), ()])
def test_a_run_of_something_else_is_not_resumed_in_its_place(simnet, other):
    broken = break_off(simnet, "--seed", "7")
    assert begin(simnet, "--resume-if-exists", *other).id != broken.id
    assert Run.open(broken.path).manifest.state is State.FAILED


# -- fork ---------------------------------------------------------------------------------


def test_a_fork_goes_on_with_another_parameter(simnet):
    parent = begin(simnet, "--seed", "5")
    before = content(parent.path)
    result = simnet(
        "fork", parent.id, "--at", "40m", "--set", "manner=Be furious.", "--backend", "fake"
    )
    assert result.exit_code == 0, result.output
    assert f"{parent.id} until 00:40:00, then town" in result.stderr
    assert content(parent.path) == before
    child = simnet.newest()
    assert (child.manifest.parent, child.manifest.parent_until) == (parent.id, AT)
    assert child.manifest.seed == 5
    assert child.manifest.scenario.parameters["manner"] == "Be furious."
    told = child.prompts(["time", "system"]).read_all()
    furious = pc.match_substring(told["system"], "Be furious.")
    assert furious.equals(pc.greater_equal(told["time"], AT))
    assert pc.any(furious).as_py()
    early = pc.field("time") < AT
    assert child.read("events").filter(early).equals(parent.read("events").filter(early))


def test_a_fork_becomes_an_arm_of_another_scenario(simnet, tmp_path):
    parent = begin(simnet)
    (tmp_path / "other.py").write_text(TOWN, encoding="utf-8")
    arm = ("--scenario", "other.py:arms.furious", "--backend", "fake", "--quiet")
    result = simnet("fork", "latest", "--at", "40m", *arm)
    assert result.exit_code == 0, result.output
    child = simnet.newest()
    assert result.stdout == f"runs/{child.id}\n"
    assert child.manifest.scenario.attribute == "arms.furious"
    assert (child.path / "scenario" / "other.py").read_text(encoding="utf-8") == TOWN
    assert child.manifest.parent == parent.id


def test_a_fork_is_listed_shown_replayed_and_verified_like_any_run(simnet):
    parent = begin(simnet)
    forked = ("--at", "40m", "--set", "said=It stays.", "--backend", "fake", "--quiet")
    assert simnet("fork", parent.id, *forked).exit_code == 0
    child = simnet.newest()
    listed = {one["id"]: one for one in json.loads(simnet("ls", "--json").stdout)["runs"]}
    assert listed.keys() == {parent.id, child.id}
    assert listed[child.id]["events"] == child.read("events").num_rows
    shown = simnet("show", child.id).stdout
    assert f"forked from {parent.id} at 00:40:00" in shown
    assert "Parking becomes a bike lane." in shown, "what was said before is in the parent"
    assert "It stays." in shown
    assert simnet("replay", child.id, "--trust").exit_code == 0
    verified = simnet("verify", child.id, "--trust")
    assert (verified.exit_code, verified.stdout.count("ok  ")) == (0, 10), verified.stdout


def test_a_fork_of_a_run_that_broke_off_can_be_resumed_as_well(simnet):
    broken = break_off(simnet)
    reached = max(part.high for part in broken.slices("events", ["time"]))
    forked = ("--set", "said=It stays.", "--backend", "fake", "--quiet")
    early = simnet("fork", broken.id, "--at", f"{int(reached)}s", *forked)
    assert early.exit_code == 0, early.output
    child = simnet.newest()
    assert child.manifest.state is State.COMPLETED
    late = simnet("fork", broken.id, "--at", "85m", *forked)
    assert (late.exit_code, "resume it first, or fork it earlier" in late.stderr) == (2, True)


# -- replay and verify --------------------------------------------------------------------


def test_a_replay_tells_how_it_came_out(simnet):
    done = begin(simnet)
    result = simnet("replay", "--trust", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["run"], told["complete"], told["differences"]) == (done.id, True, [])
    assert told["state_hash"] == done.manifest.state_hash
    assert told["events"] == done.read("events").num_rows
    assert "replies in" in simnet("replay", "--trust").stdout


def test_a_replay_of_another_state_fails(simnet):
    done = begin(simnet)
    manifest = done.path / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "state_hash": "0" * 32}))
    result = simnet("replay", "--trust")
    assert result.exit_code == 4
    assert "FAILED" in result.stdout
    assert "the world's last state: recorded 0000" in result.stdout


def test_a_replay_of_half_a_run_comes_as_far_as_its_record(simnet):
    break_off(simnet)
    result = simnet("replay", "--trust")
    assert result.exit_code == 0, result.output
    assert "as far as the record goes" in result.stdout


def test_calls_are_asked_again_and_compared(simnet):
    begin(simnet)
    result = simnet("verify", "--trust", "--resample", "5", "--backend", "fake", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["resampled"] == {
        "asked": 5, "same": 5, "level": "the model said the same each time"
    }  # fmt: skip
    assert all(check["problems"] == [] for check in told["checks"])
    spoken = simnet("verify", "--trust", "--resample", "5", "--backend", "fake").stdout
    assert "5 of 5 replies came out the same" in spoken


def test_a_damaged_record_fails_its_verification(simnet):
    done = begin(simnet)
    (part,) = done.path.glob("exposures/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    result = simnet("verify")
    assert result.exit_code == 4
    assert "FAILED  sealed files have their sizes and checksums" in result.stdout


def test_what_cannot_be_verified_is_not_done_and_no_failure(simnet):
    people = Cohort("people", sample(3, seed=3), follows={"people": 1.0})
    run = python_api.run(Scenario("talk", [people], lasts=3600.0), model=FakeModel(), out="runs")
    spoken = simnet("verify", run.id)
    assert spoken.exit_code == 0, spoken.output
    assert "FAILED" not in spoken.stdout
    assert "not done  a replay gives the same rows and the same state" in spoken.stdout
    assert "was started from Python and its scenario cannot be made again" in spoken.stdout
    *others, replay = json.loads(simnet("verify", run.id, "--json").stdout)["checks"]
    assert replay["problems"] == []
    assert "was started from Python" in replay["not_done"]
    assert [check["not_done"] for check in others] == [None] * 9


def test_a_scenario_that_can_no_longer_be_made_is_not_done_and_no_failure(simnet, tmp_path):
    (tmp_path / "data.txt").write_text("3")
    read = 'from pathlib import Path\n\nPEOPLE = int(Path("data.txt").read_text())\n'
    (tmp_path / "town.py").write_text(read + TOWN, encoding="utf-8")
    begin(simnet)
    (tmp_path / "data.txt").unlink()
    result = simnet("verify", "--trust")
    assert result.exit_code == 0, result.output
    assert "not done  a replay gives the same rows and the same state" in result.stdout
    assert "data.txt" in result.stdout


def test_damage_fails_a_verification_whose_replay_cannot_be_done(simnet):
    people = Cohort("people", sample(3, seed=3), follows={"people": 1.0})
    run = python_api.run(Scenario("talk", [people], lasts=3600.0), model=FakeModel(), out="runs")
    (part,) = run.path.glob("personas/*.parquet")
    part.unlink()
    result = simnet("verify", run.id)
    assert result.exit_code == 4, result.output
    assert "FAILED  sealed files have their sizes and checksums" in result.stdout
    assert "not done  a replay" in result.stdout


# -- bad input ----------------------------------------------------------------------------

FORK = ("fork", "latest", "--backend", "fake")
BAD = [
    (("resume", "no-such-run"), 2, "there is no run 'no-such-run'"),
    (("fork", "no-such-run", "--at", "1h"), 2, "there is no run 'no-such-run'"),
    (("replay", "no-such-run"), 2, "there is no run 'no-such-run'"),
    (("verify", "no-such-run"), 2, "there is no run 'no-such-run'"),
    (("replay", "../runs"), 2, "is not a run id"),
    (("resume", "--runs", "elsewhere"), 2, "there are no runs in elsewhere"),
    (("resume",), 2, "is complete, so there is nothing to resume"),
    (("fork", "latest"), 2, "--at"),
    ((*FORK, "--at", "soon"), 2, "--at soon"),
    ((*FORK, "--at", "2h"), 3, "town lasts 01:30:00; it cannot be forked at 02:00:00"),
    ((*FORK, "--at", "1h", "--set", "poeple=3"), 2, "did you mean 'people'?"),
    ((*FORK, "--at", "1h", "--set", "people=3"), 3, "has other members; a fork keeps the people"),
    ((*FORK, "--at", "1h", "--scenario", "twon.py"), 2, "did you mean 'town.py'?"),
    (("fork", "latest", "--at", "1h"), 2, "ran with a model object in one process"),
    (("fork", "latest", "--at", "1h", "--backend", "gpt"), 2, "there is no backend 'gpt'"),
    (("verify", "--resample", "0"), 2, "--resample"),
    (("verify", "--trust", "--resample", "2"), 2, "ran with a model object in one process"),
]


def test_bad_input_gets_a_message_and_starts_nothing(simnet):
    begin(simnet)
    for arguments, code, message in BAD:
        result = simnet(*arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert message in result.stderr, (arguments, result.stderr)
        assert "Traceback" not in result.stderr
    assert len(simnet.folders()) == 1, "no folder was made for a fork that cannot be"


@pytest.mark.parametrize(
    "arguments",
    [("resume",), ("fork", "latest", "--at", "1s"), ("replay",), ("verify",)],
    ids=lambda arguments: arguments[0],
)
def test_a_run_that_a_live_process_writes_is_left_alone(simnet, arguments):
    broken = break_off(simnet)
    with run_lock(broken.path):
        before = content(broken.path)
        backend = () if arguments[0] in {"replay", "verify"} else ("--backend", "fake")
        result = simnet(*arguments, *backend)
        assert result.exit_code == 4
        assert "is being run by process" in result.stderr
        assert content(broken.path) == before
    assert len(simnet.folders()) == 1


def test_a_run_that_is_being_run_is_not_begun_a_second_time(simnet):
    broken = break_off(simnet)
    with run_lock(broken.path):
        result = simnet("run", "town.py:town", "--backend", "fake", "--resume-if-exists")
        assert (result.exit_code, "is being run by process" in result.stderr) == (4, True)
