"""What a record lacks is told by every command that shows it, and a name steers no terminal."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_rows import call, event
from test_again_cli import begin, break_off, line_in
from typer.testing import CliRunner

import simnet
from simnet import FakeModel, Run
from simnet.cli.app import app
from simnet.errors import UsageError
from simnet.foundation.text import visible
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import ModelFacts, RecordedScenario, State
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

HOSTILE = "\x1b[31mred\x07\x9b2J\u202eknom\r\n\u2028x"


@pytest.fixture
def line(tmp_path, monkeypatch):
    return line_in(tmp_path, monkeypatch)


def command(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def part(run, table="events"):
    return run.path / run.sealed_files().tables[table][0].path


def drop_list(run):
    max(run.path.glob("tables-*.json")).unlink()


def drop_rows(run):
    path = max(run.path.glob("tables-*.json"))
    files = json.loads(path.read_text())
    del files["tables"]["calls"]
    path.write_text(json.dumps(files))


LOSSES = [
    (drop_list, "the list of its sealed files, tables-*.json, is missing"),
    (drop_rows, r"rows of calls are missing"),
    (lambda run: part(run).unlink(), r"rows is missing"),
    (lambda run: os.truncate(part(run), 100), r"has 100 bytes, not"),
    (lambda run: part(run, "personas").unlink(), r"rows is missing"),
]


EXPORTS = ("csv", "graphs", "jsonl", "oasis", "sft", "syndisco", "threads")


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_of_a_run_that_is_made_up_or_did_not_end_says_so(line, kind):
    run = begin(line)
    made_up = "Replies are made up by the fake model"
    told = line("export", kind, "latest", "--out", "whole")
    assert f"note: {made_up}" in told.stderr
    card = (Path("whole") / "README.md").read_text(encoding="utf-8")
    assert f"\n\n> {made_up}" in card
    assert "its licence and terms of use" not in card
    assert "not complete" not in told.stderr
    path = run.path / "manifest.json"
    stopped = {"state": "interrupted", "error": "no room in /home/me/town/runs."}
    real = {"name": "smol", "backend": "vllm"}
    path.write_text(json.dumps(json.loads(path.read_text()) | stopped | {"model": real}))
    told = line("export", kind, "latest", "--out", "part")
    caveat = "The run is not complete; it is interrupted: no room in runs."
    assert f"note: {caveat}" in told.stderr
    assert f"\n\n> {caveat}" in (Path("part") / "README.md").read_text(encoding="utf-8")
    assert "made up" not in told.stderr


@pytest.mark.parametrize(("lose", "told"), LOSSES)
def test_what_a_record_lacks_is_told_by_show_ls_and_export(line, lose, told):
    run = begin(line)
    assert run.missing == ()
    lose(run)
    (lack,) = Run.open(run.path).missing
    assert told in lack
    for words in (("show",), ("cost",), ("export", "sft", "latest", "--out", "sft")):
        assert f"note: the record of {run.id} is incomplete: {lack}" in line(*words).stderr, words
    (listed,) = json.loads(line("ls", "--json").stdout)["runs"]
    if "error" in listed:
        assert listed["state"] == "unreadable"
    else:
        assert listed["missing"] == [lack]
        assert "completed, incomplete" in line("ls").stdout


def test_the_list_of_a_run_that_did_not_end_is_missed_too(line):
    run = break_off(line)
    manifest = json.loads((run.path / "manifest.json").read_text())
    manifest["rows"] = {}
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    assert Run.open(run.path).missing == ()
    drop_list(run)
    assert "tables-*.json" in Run.open(run.path).missing[0]


def test_a_run_that_is_not_sealed_yet_lacks_nothing(tmp_path):
    directory = RunDirectory.create(tmp_path, "young")
    recorder = Recorder(directory.path)
    recorder.append("events", encode("events", [event(1)]))
    recorder.commit()
    assert Run.open(directory.path).missing == ()
    recorder.seal()
    assert Run.open(directory.path).missing == ()


def test_what_an_ancestor_of_a_fork_lacks_is_told(line):
    parent = begin(line)
    assert line("fork", parent.id, "--at", "40m", "--backend", "fake").exit_code == 0
    child = line.newest()
    assert child.missing == ()
    part(parent, "exposures").unlink()
    (lack,) = Run.open(child.path).missing
    assert lack.startswith(f"{parent.id}: exposures/")


# -- ls -------------------------------------------------------------------------------------------


def test_a_run_that_no_process_runs_is_broken_off(tmp_path):
    directory = RunDirectory.create(tmp_path / "runs", "town")
    directory.start()
    run = Run.open(directory.path)
    assert run.state == "broken off"
    assert "broken off" in command("ls", tmp_path / "runs").stdout
    assert "broken off" in command("show", directory.path).stdout
    with run_lock(directory.path):
        assert run.state == "running"
        directory.update(state=State.PAUSED)
        assert Run.open(directory.path).state == "paused"
    directory.finish(State.INTERRUPTED)
    assert Run.open(directory.path).state == "interrupted"


def test_runs_are_listed_with_seed_arm_parameters_and_age(line):
    begin(line, "--set", "people=4", "--seed", "7")
    arm = ("run", "town.py:arms.calm", "--backend", "fake", "--quiet")
    assert line(*arm).exit_code == 0
    old, new = line.folders()
    manifest = json.loads((old / "manifest.json").read_text())
    manifest["created"] = (datetime.now(UTC) - timedelta(days=3, hours=2)).isoformat()
    (old / "manifest.json").write_text(json.dumps(manifest))
    listed = {one["id"]: one for one in json.loads(line("ls", "--json").stdout)["runs"]}
    assert (listed[old.name]["seed"], listed[old.name]["arm"]) == (7, None)
    assert listed[old.name]["parameters"]["people"] == 4
    assert listed[new.name]["arm"] == "calm"
    text = line("ls").stdout
    for told in ("people=4", "arm=calm", "3 d", " s ", "completed"):
        assert told in text, told
    assert "manner=" not in text  # it was not set
    forked = line("fork", old.name, "--at", "20m", "--backend", "fake", "--quiet")
    assert forked.exit_code == 0, forked.stderr
    text = line("ls").stdout
    (at,) = [row for row in text.splitlines() if "fork at 00:20:00 of" in row]
    assert old.name in text.partition(at)[2]
    listed = {one["parent"]: one for one in json.loads(line("ls", "--json").stdout)["runs"]}
    assert listed[old.name]["parent_until"] == 1200.0
    assert listed[old.name]["sets"] == ["people=4"]


def test_a_listing_fits_eighty_columns(line, monkeypatch):
    begin(line, "--set", "manner=" + "Be calm. " * 20)
    monkeypatch.setenv("COLUMNS", "80")
    result = line("ls")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert line.newest().id in result.stdout


# -- models that replied --------------------------------------------------------------------------


def town():
    from test_python_api import town as made

    return made()


def test_after_a_resume_with_another_model_all_that_replied_are_named(tmp_path):
    cut = simnet.run(town(), model=FakeModel(name="small"), max_calls=5, out=tmp_path)
    done = cut.resume(town(), model=FakeModel(name="large"))
    assert set(done.read("calls")["model"].to_pylist()) == {"small", "large"}
    assert done.manifest.model.name == "large"
    assert [facts.name for facts in done.manifest.replaced] == ["small"]
    assert done.summary.model == "small, large"
    assert "small · large" in command("show", done.path).stdout
    (listed,) = json.loads(command("ls", tmp_path, "--json").stdout)["runs"]
    assert listed["model"] == "small, large"


def test_a_resume_with_the_same_model_replaces_none(tmp_path):
    cut = simnet.run(town(), model=FakeModel(), max_calls=5, out=tmp_path)
    done = cut.resume(town(), model=FakeModel())
    assert done.manifest.replaced == ()
    assert done.manifest.model == cut.manifest.model
    assert done.manifest.determinism == cut.manifest.determinism


def test_a_model_that_gave_no_reply_is_not_named(tmp_path):
    directory = RunDirectory.create(tmp_path, "town", model=ModelFacts(name="small"))
    with pytest.raises(UsageError, match="is in no file"):
        simnet.resume(directory.path)
    done = simnet.resume(directory.path, town(), model=FakeModel(name="large"))
    assert done.summary.model == "large"


# -- opening by name ------------------------------------------------------------------------------


def test_a_run_is_opened_by_every_spelling_of_its_path(tmp_path, monkeypatch):
    path = RunDirectory.create(tmp_path / "some" / "folder", "town").path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        f"some/folder/{path.name}", f"some/folder/{path.name}/", f"./some/folder/{path.name}",
        f"~/some/folder/{path.name}", f"~/some/folder/{path.name}/", str(path), f"{path}/",
    ):  # fmt: skip
        assert Run.open(name).id == path.name, name
        assert command("show", name).exit_code == 0, name
    for root in ("some/folder", "some/folder/", "~/some/folder"):
        assert Run.open(f"{path.name}/", root).id == path.name
        assert Run.open("latest", root).id == path.name
        assert command("show", path.name, "--runs", root).exit_code == 0
        assert command("ls", root).exit_code == 0
    monkeypatch.chdir(path.parent)
    assert Run.open(path.name).id == path.name
    with pytest.raises(UsageError, match="no run directory has that path"):
        Run.open("some/other/run")
    with pytest.raises(UsageError, match="write the whole path"):
        Run.open("~nobody-at-all/run")


def test_an_id_may_be_shortened_if_that_fits_one_run(tmp_path):
    paths = [RunDirectory.create(tmp_path, name).path for name in ("town", "village")]
    for path in paths:
        assert Run.open(path.name[-4:], tmp_path).id == path.name
        assert command("show", path.name[-11:], "--runs", tmp_path).exit_code == 0
    beginning = paths[0].name[: paths[0].name.index("town") + 2]
    assert Run.open(beginning, tmp_path).id == paths[0].name
    with pytest.raises(UsageError, match=r"the end of several runs.*town.*village"):
        Run.open("20", tmp_path)
    with pytest.raises(UsageError, match="there is no run 'wn'"):
        Run.open("wn", tmp_path)


# -- names that steer a terminal ------------------------------------------------------------------


def test_names_of_a_hostile_record_are_shown_as_escapes(tmp_path):
    facts = RecordedScenario(
        name=HOSTILE, attribute=f"arms.{HOSTILE}", parameters={HOSTILE: HOSTILE}
    )
    directory = RunDirectory.create(
        tmp_path / "runs", "town", scenario=facts, model=ModelFacts(name=HOSTILE)
    )
    with Recorder(directory.path) as recorder:
        rows = [event(1, HOSTILE, cohort=HOSTILE), event(2, HOSTILE, cohort=HOSTILE, verb=HOSTILE)]
        rows += [event(3, "bob", verb="reply", post=1, cohort=HOSTILE, outcome="refused")]
        recorder.append("events", encode("events", rows))
        recorder.append("calls", encode("calls", [call(1, HOSTILE)]))
        recorder.seal()
    directory.finish(State.COMPLETED)
    path = directory.path / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "id": HOSTILE, "error": HOSTILE}))
    for words in (
        ("show", directory.path), ("show", directory.path, "--events"), ("ls", tmp_path / "runs"),
        ("cost", directory.path), ("verify", directory.path), ("replay", directory.path),
        ("resume", directory.path), ("fork", directory.path, "--at", "1s"),
        ("export", "sft", directory.path, "--out", tmp_path / "sft"),
        ("ls", tmp_path / "runs", "--json"), ("cost", directory.path, "--json"),
        ("verify", directory.path, "--json"), ("migrate", directory.path),
    ):  # fmt: skip
        result = command(*words)
        shown = result.stdout + result.stderr
        assert not set("\x1b\x07\x9b\u202e\u2028\r") & set(shown), words
        assert "Traceback" not in shown, words
    shown = command("show", directory.path).stdout.replace("\n", "")
    assert "\\x1b[31mred\\x07\\x9b2J" in shown


def test_a_name_is_made_visible_and_a_plain_one_is_left():
    assert visible("calm") == "calm"
    assert (
        visible("caf\xe9 \u4e2d\u6587 \U0001f6b2 \u200d")
        == "caf\xe9 \u4e2d\u6587 \U0001f6b2 \u200d"
    )
    assert visible("a\x1b[0m\nb\u202e\x9b") == "a\\x1b[0m\\nb\\u202e\\x9b"
    assert visible("\ud800") == "\\ud800"
