"""A run that was recorded once is replayed equal by every version of Python, on every machine."""

import sys
import zipfile
from pathlib import Path

import pytest

from simnet import Run
from simnet.recording.checking.verify import verify
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay

DATA = Path(__file__).parent / "data"


@pytest.fixture
def golden(tmp_path, monkeypatch):
    """The recorded run and its scenario."""
    monkeypatch.syspath_prepend(str(DATA))
    monkeypatch.delitem(sys.modules, "golden", raising=False)
    from golden import golden

    with zipfile.ZipFile(DATA / "golden-run.zip") as packed:
        packed.extractall(tmp_path)
    return Run.open(tmp_path / "golden"), golden()


def test_the_golden_run_is_replayed_equal(golden):
    run, scenario = golden
    replayed = replay(run, ScenarioTimeline(scenario))
    assert replayed.differences == ()
    assert replayed.complete
    assert replayed.state_hash == run.manifest.state_hash
    assert (replayed.calls, replayed.events, replayed.exposures) == (
        run.read("calls").num_rows,
        run.read("events").num_rows,
        run.read("exposures").num_rows,
    )
    assert replayed.events > 60
    assert replayed.exposures > 60


def test_the_golden_run_is_whole(golden):
    run, _ = golden
    assert [check for check in verify(run) if check.problems] == []
