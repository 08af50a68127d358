"""What the operating system says of a path reaches the user as one line with an exit code."""

import errno
import os
from pathlib import Path

import pytest
from test_again_cli import begin, line_in

import simnet as python_api
from simnet import FakeModel, Run
from simnet.errors import DiskRefusalError, UsageError
from simnet.recording.writing.run_directory import RunDirectory

LONG = "n" * 300


@pytest.fixture
def simnet(tmp_path, monkeypatch):
    return line_in(tmp_path, monkeypatch)


RUN = ("run", "town.py:town", "--backend", "fake", "--quiet")
CASES = [
    (("show", LONG), 2), (("show", "latest", "--runs", LONG), 2), (("ls", LONG), 2),
    (("run", f"{LONG}.py", "--backend", "fake"), 2), (("run", LONG, "--backend", "fake"), 2),
    (("validate", LONG), 2), (("verify", LONG), 2), (("migrate", LONG), 2), (("resume", LONG), 2),
    (("replay", "latest", "--scenario", LONG), 2),
    (("replay", "latest", "--scenario", "a/" * 3000), 2),
    (("fork", "latest", "--at", "1h", "--scenario", f"{LONG}.py", "--backend", "fake"), 2),
    (("fork", "latest", "--at", "nan", "--backend", "fake"), 2),
    ((*RUN, "--runs", LONG), 4), ((*RUN, "--runs", "/proc/runs"), 4),
    ((*RUN, "--runs", "town.py"), 4),
    (("ls", "town.py"), 2), (("export", "sft", "latest", "--out", "/proc/sft"), 4),
    (("export", "sft", "latest", "--out", LONG), 2), (("validate", "\x1b[31m"), 2),
]  # fmt: skip


@pytest.mark.slow
def test_each_is_one_line_with_a_code(simnet):
    begin(simnet)
    for words, code in CASES:
        result = simnet(*words)
        assert result.exit_code == code, (words, result.output)
        assert "Traceback" not in result.output, words
        *notes, error = result.stderr.splitlines()
        assert error.startswith("error: "), (words, result.stderr)
        assert all(line.startswith("note: ") for line in notes), (words, result.stderr)
        assert "\x1b" not in result.output


def test_a_scenario_with_a_long_file_name_runs(simnet, tmp_path):
    long = "m" * 240
    (tmp_path / "town.py").rename(tmp_path / f"{long}.py")
    assert simnet("run", f"{long}.py:town", "--backend", "fake", "--quiet").exit_code == 0
    assert (simnet.newest().path / "scenario" / f"{long}.py").is_file()


def test_a_read_only_disk_is_said_before_anything_starts(simnet, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DiskRefusalError, match="Read-only file system"):
        RunDirectory.create(Path("runs"), "town")
    result = simnet(*RUN)
    assert (result.exit_code, "Read-only file system" in result.stderr) == (4, True)


def test_a_folder_may_begin_with_the_sign_of_a_home(simnet, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    result = simnet(*RUN, "--runs", "~/records")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "home" / "records").iterdir()
    assert Run.open(folder.name, "~/records").path == folder
    with pytest.raises(UsageError, match="name the folder that runs are in"):
        Run.open("latest", LONG)


def test_a_run_from_python_takes_a_home_too(tmp_path, monkeypatch):
    from test_python_api import town

    monkeypatch.setenv("HOME", str(tmp_path))
    run = python_api.run(town(), model=FakeModel(), out="~/records")
    assert run.path.parent == tmp_path / "records"


def test_names_of_a_scenario_are_shown_as_escapes(simnet, tmp_path):
    code = (tmp_path / "town.py").read_text().replace('"town", [', '"to\\x1b[31mwn", [')
    (tmp_path / "town.py").write_text(code)
    told = simnet("validate", "town.py:town")
    assert told.exit_code == 0, told.output
    assert "\x1b" not in told.output
    assert "to\\x1b[31mwn holds together" in told.stdout
    done = simnet(*RUN[:-1])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert "\x1b" not in simnet("ls").output
