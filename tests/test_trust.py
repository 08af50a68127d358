"""Commands that read a record run no code of it unless the user trusts it or names the scenario."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from test_again_cli import TOWN, begin, break_off, line_in

from simnet import Run
from simnet.errors import UsageError
from simnet.runs.repeats.reload_scenario import recorded_code, target_of, timeline_of
from simnet.scenario.files.loading import load_scenario

NAME = "not done  a replay gives the same rows and the same state"
MARK = "import pathlib; pathlib.Path({!r}).touch()\n"


@pytest.fixture
def simnet(tmp_path, monkeypatch):
    return line_in(tmp_path, monkeypatch)


def change(run, **facts):
    """Change what the manifest of a run says of its scenario."""
    path = run.path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["scenario"] |= facts
    path.write_text(json.dumps(manifest))


def plant(run, mark, code=TOWN):
    """Put code that leaves a mark into the copy of a scenario, with a checksum that fits."""
    copy = run.path / run.manifest.scenario.file
    copy.write_text(MARK.format(str(mark)) + code)
    change(run, hash=hashlib.sha256(copy.read_bytes()).hexdigest())


READING = [
    ("verify",), ("verify", "--json"), ("verify", "--resample", "2", "--backend", "fake"),
    ("replay",), ("show",), ("show", "--events"), ("ls",), ("ls", "--json"), ("cost",),
    ("export", "sft", "latest", "--out", "sft"), ("migrate", "latest"),
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_reads_runs_nothing(simnet, tmp_path, command):
    run, mark = begin(simnet), tmp_path / "mark"
    (tmp_path / "town.py").write_text(MARK.format(str(mark)) + TOWN)
    plant(run, mark)
    result = simnet(*command)
    assert not mark.exists()
    assert "Traceback" not in result.output
    assert result.exit_code == (2 if {"replay", "--resample"} & set(command) else 0)


def test_what_would_be_run_is_said_and_is_run_when_it_is_trusted(simnet, tmp_path):
    run, mark = begin(simnet), tmp_path / "mark"
    plant(run, mark)
    verified = simnet("verify")
    assert (verified.exit_code, NAME in verified.stdout) == (0, True)
    assert "scenario/town.py:town; read it and add --trust" in verified.stdout
    refused = simnet("replay")
    assert (refused.exit_code, "scenario/town.py:town; read" in refused.stderr) == (2, True)
    assert not mark.exists()
    trusted = simnet("replay", "--trust")
    assert (trusted.exit_code, mark.exists()) == (0, True)
    assert "running the code of the scenario: " in trusted.stderr
    assert "scenario/town.py:town" in trusted.stderr
    assert simnet("verify", "--trust").stdout.count("ok  ") == 10


def test_a_named_scenario_is_run_in_place_of_the_record(simnet, tmp_path):
    run, mark = begin(simnet, "--set", "people=4", "--seed", "6"), tmp_path / "mark"
    plant(run, mark)
    for target in ("town.py:town", "town.py"):
        assert simnet("replay", "--scenario", target).exit_code == 0
        assert simnet("verify", "--scenario", target).stdout.count("ok  ") == 10
    assert not mark.exists()
    misspelt = simnet("verify", "--scenario", "twon.py")
    assert (misspelt.exit_code, "did you mean 'town.py'" in misspelt.stderr) == (2, True)
    twice = simnet("replay", "--scenario", "town.py", "--scenario", "town.py")
    assert (twice.exit_code, "has one scenario, not 2" in twice.stderr) == (2, True)


def test_a_fork_is_replayed_by_naming_the_scenarios_of_all_generations(simnet, tmp_path):
    parent = begin(simnet)
    forked = ("--at", "40m", "--set", "said=It stays.", "--backend", "fake", "--quiet")
    made = simnet("fork", parent.id, *forked)
    assert made.exit_code == 0
    file = f"{tmp_path}/town.py:town"
    assert made.stderr.count(file) == 1
    refused, trusted = simnet("replay"), simnet("replay", "--trust")
    assert f"recorded scenario, {file}; read it" in refused.stderr
    assert trusted.stderr == f"running the code of the scenario: {file}\n"
    child = simnet.newest()
    one = simnet("replay", child.id, "--scenario", "town.py")
    assert one.exit_code == 2
    assert f"{child.id} has 2 scenarios" in one.stderr
    both = simnet("replay", child.id, "--scenario", "town.py", "--scenario", "town.py")
    assert both.exit_code == 0, both.output


def test_an_edited_copy_is_damage_and_is_not_run_even_if_trusted(simnet, tmp_path):
    run, mark = begin(simnet), tmp_path / "mark"
    (run.path / "scenario" / "town.py").write_text(MARK.format(str(mark)) + TOWN)
    for command in (("verify",), ("verify", "--trust"), ("replay", "--trust")):
        result = simnet(*command)
        assert result.exit_code == 4, result.output
        assert "is not what the run began with" in result.output
    assert not mark.exists()


def test_an_origin_is_used_only_if_its_checksum_fits(simnet, tmp_path):
    run, mark = begin(simnet), tmp_path / "mark"
    assert target_of(recorded_code(run)) == f"{tmp_path}/town.py:town"
    (tmp_path / "town.py").write_text(MARK.format(str(mark)) + TOWN)
    assert target_of(recorded_code(run)) == f"{run.path}/scenario/town.py:town"
    assert simnet("replay", "--trust").exit_code == 0
    assert not mark.exists()


def test_a_module_is_used_only_if_the_checksum_of_its_file_fits(simnet, tmp_path, monkeypatch):
    run, mark = begin(simnet), tmp_path / "mark"
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "trust_pkg"
    package.mkdir()
    (package / "__init__.py").write_text(MARK.format(str(mark)))
    (package / "inner.py").write_text(MARK.format(str(mark)) + TOWN)
    for origin in ("trust_pkg.inner", "trust_pkg", "no_such_module", "os", "no/module", "a..b"):
        change(run, origin=origin)
        code = recorded_code(Run.open(run.path))
        assert target_of(code) == f"{run.path}/scenario/town.py:town"
        assert simnet("replay", "--trust").exit_code == 0
    assert not mark.exists()
    (tmp_path / "trust_town.py").write_text(TOWN)
    change(run, origin="trust_town")
    assert target_of(recorded_code(Run.open(run.path))) == "trust_town:town"
    assert simnet("replay", "--trust").exit_code == 0


@pytest.mark.slow
def test_the_attribute_of_a_module_that_is_no_scenario_is_never_called(simnet, tmp_path):
    run, mark = begin(simnet), tmp_path / "mark"
    copy = run.path / run.manifest.scenario.file
    content = Path(os.__file__).read_bytes()
    copy.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    for attribute in ("system", "popen", "execvp", "environ", "__loader__", "path", "remove"):
        sets = [f"cmd=touch {mark}", f"command=touch {mark}"]
        change(run, origin="os", attribute=attribute, hash=digest, sets=sets, parameters={})
        for command in (("replay", "--trust"), ("verify", "--trust"), ("replay",), ("verify",)):
            result = simnet(*command)
            assert result.exit_code in {0, 2}, result.output
            assert "Traceback" not in result.output
        with pytest.raises(UsageError, match=r"neither a Scenario nor|not a Scenario|has no"):
            timeline_of(Run.open(run.path))
    assert not mark.exists()


UNDECLARED = "from simnet import Scenario\n"


@pytest.mark.parametrize(
    "code",
    [
        "from os import system as study",
        "from os import popen as study",
        "from pathlib import Path as study",
        "import functools, os\nstudy = functools.partial(os.system, 'touch mark')",
        "class study:\n    def __call__(self): open('mark', 'w')",
        "def study() -> int:\n    open('mark', 'w')",
        "def study() -> 'str':\n    open('mark', 'w')",
        "def study():\n    open('mark', 'w')",
        UNDECLARED + "class study:\n    def __init__(self): open('mark', 'w')",
        UNDECLARED + "def study() -> None:\n    open('mark', 'w')",
    ],
)
def test_only_what_may_make_a_scenario_is_called(tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.py").write_text(code)
    with pytest.raises(UsageError, match="neither a Scenario nor a function that returns one"):
        load_scenario("study.py:study")
    assert not (tmp_path / "mark").exists()


def test_resume_and_fork_say_what_they_run_before_they_run_it(simnet, tmp_path):
    broken = break_off(simnet)
    resumed = simnet("resume", broken.id, "--backend", "fake")
    assert resumed.exit_code == 0
    assert resumed.stderr.startswith(f"running the code of the scenario: {tmp_path}/town.py:town\n")
    forked = simnet("fork", broken.id, "--at", "40m", "--backend", "fake")
    assert forked.exit_code == 0
    assert f"running the code of the scenario: {tmp_path}/town.py:town\n" in forked.stderr


def test_resume_if_exists_runs_the_scenario_that_was_named(simnet, tmp_path):
    broken, mark = break_off(simnet), tmp_path / "mark"
    (broken.path / "scenario" / "town.py").write_text(MARK.format(str(mark)))
    assert begin(simnet, "--resume-if-exists").id == broken.id
    assert not mark.exists()


def test_a_run_without_a_scenario_says_so(tmp_path):
    from test_run_directory import recorded

    run = Run.open(recorded(tmp_path / "runs"))
    with pytest.raises(UsageError, match="its scenario is in no file"):
        recorded_code(run)
