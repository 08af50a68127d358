"""Nothing that is only shown ends or changes a run."""

import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from simnet import MINUTE, Cohort, Cue, FakeModel, Persona, Run, Scenario, Steps, Write, run
from simnet.runtime.base import Silent

pytestmark = pytest.mark.slow

NAMES = {"李雷": "她在河边修自行车。", "مريم": "تخبز الخبز", "José": "Hornea pan."}


def village() -> Scenario:
    people = [Persona(id=name, description=text) for name, text in NAMES.items()]
    cohort = Cohort("vecinos", people, rhythm=Steps(10 * MINUTE), follows={"vecinos": 1.0})
    cue = Cue(1.0, "José", Write("¿Carril bici 🚲 en la calle? قناة"))
    return Scenario("uni", [cohort], cues=[cue], lasts=21 * MINUTE)


def events(opened):
    return opened.read("events").to_pylist()


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    return events(run(village(), model=FakeModel(), out=tmp_path_factory.mktemp("runs")))


class Raising(Silent):
    """A reporter of the user's that fails whenever it is called."""

    def __init__(self, error):
        self.error = error

    def begun(self, folder):
        raise self.error

    def phase(self, text):
        raise self.error

    def progress(self, progress):
        raise self.error


@pytest.mark.parametrize("error", [ValueError("no"), BrokenPipeError(), UnicodeEncodeError])
def test_a_reporter_that_raises_changes_nothing(silent, tmp_path, error):
    if error is UnicodeEncodeError:
        error = UnicodeEncodeError("latin-1", "李", 0, 1, "no such letter")
    done = run(village(), model=FakeModel(), out=tmp_path, progress=Raising(error))
    assert done.manifest.state == "completed"
    assert events(done) == silent


# The display is that of the command line; the process has streams of its own.
SCRIPT = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, sys.argv[1])
    from test_display_faults import village
    from simnet import FakeModel, run

    run(village(), model=FakeModel(), out=sys.argv[2], progress=True)
    """
)


def command(folder):
    script = folder / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    return [sys.executable, str(script), str(Path(__file__).parent), str(folder / "runs")]


def recorded(folder):
    (path,) = (folder / "runs").iterdir()
    return Run.open(path)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("columns", ["20", "80"])
def test_what_a_terminal_cannot_show_is_a_question_mark(silent, tmp_path, encoding, columns):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": columns}
    done = subprocess.run(command(tmp_path), env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("🚲".encode() if encoding == "utf-8" else b"bici ?") in done.stdout.replace(b"\n", b" ")
    assert events(recorded(tmp_path)) == silent


def test_a_pipe_that_is_closed_is_no_fault(silent, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            command(tmp_path), stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(tmp_path).manifest.state == "completed"
    assert events(recorded(tmp_path)) == silent


def test_a_terminal_that_goes_away_is_no_fault(silent, tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command(tmp_path), stdout=slave, stderr=slave, stdin=slave, start_new_session=True
    )
    os.close(slave)
    os.close(master)
    process.wait()
    assert recorded(tmp_path).manifest.state == "completed"
    assert events(recorded(tmp_path)) == silent
