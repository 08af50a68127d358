"""What is in a run directory and not of the run stays; what leads out of it is not followed."""

import errno
import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_rows import event
from test_again_cli import break_off, line_in

from simnet import Run
from simnet.errors import DiskError, RecordError
from simnet.recording.files.lock import check_unlocked, run_lock
from simnet.recording.schema import TABLES, encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

pytestmark = pytest.mark.slow

SECRET = "what is outside"


@pytest.fixture
def folder(tmp_path):
    return RunDirectory.create(tmp_path / "runs", "test").path


def record(folder, *turns):
    with Recorder(folder) as recorder:
        recorder.append("events", encode("events", [event(turn) for turn in turns]))
        return recorder.seal()


def listed(folder):
    return [sealed.path for sealed in Run.open(folder).sealed_files().tables["events"]]


# -- files of others ------------------------------------------------------------------------------

FOREIGN = [
    "events/README.md", "events/analysis.py", "events/part-mine.parquet", "events/.DS_Store",
    "events/part-000001-001-00000.parquet.bak", "events/apart-000001-001-00000.parquet",
    "events/part-000009-001-00000.parquet", "events/part-1-1-1.parquet", "wal/notes.txt",
    "wal/events-000001.arrows", "tables-000001.json.old", "tables-mine.json", "exposures/notes.md",
    "logs/mine.txt", "report.html", "metrics/part-000000.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_somebody_else_stays(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(SECRET)
    record(folder, 1, 2)
    record(folder, 0, 3)
    assert (folder / name).read_text() == SECRET
    assert Run.open(folder).read("events")["turn"].to_pylist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "name", ["events/.ipynb_checkpoints", "events/part-000001-001-00077.parquet", "wal/old"]
)
def test_a_folder_of_somebody_else_stays_and_stops_no_seal(folder, name):
    (folder / name).mkdir(parents=True)
    (folder / name / "notes.txt").write_text(SECRET)
    record(folder, 1, 2)
    record(folder, 0, 3)
    assert (folder / name / "notes.txt").read_text() == SECRET
    assert Run.open(folder).sealed


def test_sealed_files_of_an_earlier_attempt_are_removed(folder):
    (folder / "events").mkdir()
    stale = folder / "events" / "part-000001-001-00005.parquet"
    stale.write_bytes(b"PAR1")
    record(folder, 1)
    assert not stale.exists()
    (before,) = listed(folder)
    record(folder, 0)
    assert [path.name for path in (folder / "events").iterdir()] == [
        Path(path).name for path in listed(folder)
    ]
    assert before not in listed(folder)


# -- links and other things that are no files ---------------------------------------------------


def outside(tmp_path):
    """Make a folder outside the run that looks like all its parts, each with a secret."""
    place = tmp_path / "outside"
    (place / "folder").mkdir(parents=True)
    for name in ("README.md", "part-000001-001-00000.parquet", "events-000001-000000.arrows"):
        (place / "folder" / name).write_text(SECRET)
    (place / "file").write_text(SECRET)
    return place


def content(place):
    return {path: path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


class Watch:
    """Notes which files of a folder this process opens, by the audit events of Python."""

    def __init__(self):
        self.folder = None
        self.opened = []
        sys.addaudithook(self.note)

    def note(self, name, arguments):
        if name != "open" or self.folder is None or not isinstance(arguments[0], str):
            return
        follows = not (arguments[2] & os.O_NOFOLLOW)
        if follows and os.path.realpath(arguments[0]).startswith(self.folder):
            self.opened.append(arguments[0])


@pytest.fixture(scope="module")
def watch():
    return Watch()


LINKED = [
    "events", "exposures", "calls", "wal", "lock", "logs", "logs/main.jsonl", "manifest.json",
    "LIST", "scenario", "scenario/town.py", "PART", "SEGMENT",
]  # fmt: skip
COMMANDS = [
    ("show",), ("ls",), ("cost",), ("verify", "--trust"), ("replay", "--trust"), ("migrate", "RUN"),
    ("export", "sft", "RUN", "--out", "sft"), ("resume", "RUN", "--backend", "fake"),
    ("fork", "RUN", "--at", "1m", "--backend", "fake"),
]  # fmt: skip


def place_of(run, name):
    """Return the path in a run that a case names."""
    if name == "PART":
        return run.path / run.sealed_files().tables["events"][0].path
    if name == "LIST":
        return max(run.path.glob("tables-*.json"))
    if name == "SEGMENT":
        return run.path / "wal" / "events-000001-000099.arrows"
    return run.path / name


@pytest.fixture(scope="module")
def _broken(tmp_path_factory):
    """Break off a run once, for all tests of this file."""
    folder = tmp_path_factory.mktemp("broken")
    with pytest.MonkeyPatch.context() as patch:
        return break_off(line_in(folder, patch)).path


@pytest.fixture
def broken(_broken, tmp_path, monkeypatch):
    """Return a command line, and a run in it that broke off."""
    simnet = line_in(tmp_path, monkeypatch)
    simnet.runs.mkdir()
    return simnet, Run.open(shutil.copytree(_broken, simnet.runs / _broken.name))


def each_command(simnet, run):
    """Run all commands on a copy of the run each; yields the results."""
    for command in COMMANDS:
        words = [str(run.path) if word == "RUN" else word for word in command]
        if words[0] in {"show", "cost", "verify", "replay"}:
            words.append(str(run.path))
        yield command[0], simnet(*words)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["link", "pipe"])
@pytest.mark.parametrize("name", LINKED)
def test_no_command_follows_a_link_or_waits_for_a_pipe(
    broken, tmp_path, monkeypatch, watch, name, kind
):
    simnet, run = broken
    place = outside(tmp_path)
    monkeypatch.setattr(watch, "folder", str(place))
    before, path = content(place), place_of(run, name)
    whole = tmp_path / "whole"
    target = place / ("folder" if path.is_dir() or name == "exposures" else "file")
    if path.is_dir():
        shutil.move(path, whole)
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target) if kind == "link" else os.mkfifo(path)
    watch.opened = []
    for command, result in each_command(simnet, run):
        assert result.exit_code in {0, 1, 2, 3, 4}, (command, result.output)
        assert result.exception is None or isinstance(result.exception, SystemExit), command
        assert SECRET not in result.output, command
        if command == "resume" and not name.startswith("logs"):
            assert result.exit_code == 4, result.output
            assert "link" in result.stderr or "pipe" in result.stderr, result.stderr
    assert watch.opened == []
    assert content(place) == before
    assert path.is_symlink() if kind == "link" else path.is_fifo()


@pytest.mark.parametrize("name", [*(name for name in TABLES), "wal"])
def test_a_seal_through_a_link_is_refused(folder, tmp_path, name):
    place = outside(tmp_path)
    before = content(place)
    recorder = None
    if name != "wal":
        recorder = Recorder(folder)
        recorder.append("events", encode("events", [event(1)]))
        recorder.commit()
    (folder / name).symlink_to(place / "folder")
    with pytest.raises(RecordError, match=f"{name}: is a link, not a folder"):
        recorder.seal() if recorder else Recorder(folder)
    assert content(place) == before
    if recorder:
        (folder / name).unlink()
        recorder.seal()
        assert Run.open(folder).read("events").num_rows == 1


# -- the lock -------------------------------------------------------------------------------------


def test_a_lock_that_is_no_file_is_refused_by_name(folder, tmp_path):
    lock, file = folder / "lock", tmp_path / "file"
    file.write_text(SECRET)
    makers = {
        "a folder": lock.mkdir,
        "a link": lambda: lock.symlink_to(file),
        "a pipe": lambda: os.mkfifo(lock),
    }
    for kind, make in makers.items():
        make()
        for take in (lambda: run_lock(folder).__enter__(), lambda: check_unlocked(folder)):
            with pytest.raises(RecordError, match=f"lock: is {kind}"):
                take()
        lock.rmdir() if kind == "a folder" else lock.unlink()
    lock.hardlink_to(file)
    with pytest.raises(RecordError, match="second name elsewhere"):
        run_lock(folder).__enter__()
    assert file.read_text() == SECRET


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_on_a_file_system_without_locks_a_live_process_of_the_host_holds_the_run(
    tmp_path, monkeypatch, code
):
    def flock(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = tmp_path / "lock"
    with run_lock(tmp_path):
        assert lock.read_text() == f"{os.getpid()} on {platform.node()}\n"
    check_unlocked(tmp_path)
    with subprocess.Popen(["sleep", "600"]) as other:
        lock.write_text(f"{other.pid} on {platform.node()}\n")
        for take in (lambda: run_lock(tmp_path).__enter__(), lambda: check_unlocked(tmp_path)):
            with pytest.raises(RecordError, match=f"is being run by process {other.pid} on "):
                take()
        other.kill()
    for left in (lock.read_text(), "7 on another-host\n", "", "no number on \n"):
        lock.write_text(left)
        with run_lock(tmp_path):
            pass


def test_a_run_waits_for_those_who_only_look_at_its_lock(tmp_path, monkeypatch):
    with run_lock(tmp_path):
        pass
    looking = (tmp_path / "lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("simnet.recording.files.lock.time.sleep", lambda _: None)
    with pytest.raises(RecordError, match="is being run by process"):
        run_lock(tmp_path).__enter__()
    monkeypatch.setattr("simnet.recording.files.lock.time.sleep", lambda _: looking.close())
    with run_lock(tmp_path), pytest.raises(RecordError, match="is being run by process"):
        check_unlocked(tmp_path)


def test_a_lock_that_the_disk_refuses_is_an_error_with_its_reason(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(DiskError, match="taking the lock of"), run_lock(gone):
        pass
    assert check_unlocked(gone) is None


# -- manifests ------------------------------------------------------------------------------------


def rewrite(run, **changes):
    path = run.path / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, value in changes.items():
        if name in manifest["scenario"]:
            manifest["scenario"][name] = value
        else:
            manifest[name] = value
    path.write_text(json.dumps(manifest))


LEAKS = [
    {"file": "../../outside/file"}, {"file": "/etc/passwd"}, {"file": "scenario/../../../x.py"},
    {"file": "a\\b.py"}, {"file": ""}, {"file": "."}, {"file": "manifest.json"}, {"file": "wal"},
    {"file": "scenario/\0.py"}, {"file": "n" * 300}, {"file": "x/" * 3000}, {"file": None},
    {"parent": "../outside"}, {"parent": "/etc"}, {"parent": "."}, {"parent": ".."},
    {"parent": "outside/folder"}, {"parent": "n" * 300}, {"parent": "a\0b"}, {"parent": ""},
    {"origin": "/etc/passwd"}, {"origin": "outside/file.py"}, {"origin": "os"}, {"origin": "\0.py"},
    {"origin": "n" * 300 + ".py"}, {"attribute": "__builtins__"}, {"attribute": "a" * 10_000},
    {"attribute": "../x"}, {"attribute": ""}, {"attribute": "town.__globals__"},
    {"sets": ["people"]}, {"sets": ["people=__import__('os')"]}, {"seed": -(2**70)},
    {"state": "finished"}, {"id": ""}, {"schema_version": "3"}, {"created": "soon"},
    {"parent_until": 1e999}, {"parameters": {"x": {"y": [1]}}}, {"hash": "0" * 64},
]  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: repr(leak)[:40])
def test_no_manifest_leads_a_command_out_of_its_run(broken, tmp_path, monkeypatch, watch, leak):
    simnet, run = broken
    place = outside(tmp_path)
    shutil.copy(tmp_path / "town.py", place / "file.py")
    monkeypatch.setattr(watch, "folder", str(place))
    before = content(place)
    rewrite(run, **leak)
    watch.opened = []
    for command, result in each_command(simnet, run):
        assert result.exit_code in {0, 1, 2, 3, 4}, (command, result.output)
        plain = result.exception is None or isinstance(result.exception, SystemExit)
        assert plain, (command, repr(result.exception))
        assert SECRET not in result.output, command
        assert "root:" not in result.output, command
    same = (place / "file.py").samefile(watch.opened[0]) if watch.opened else True
    assert (leak == {"origin": "outside/file.py"} and same) or not watch.opened
    assert content(place) == before
