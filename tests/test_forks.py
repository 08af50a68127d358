"""A fork's tables hold the whole of its history and copy none of it."""

import json
import shutil

import pyarrow.compute as pc
import pytest
from made_rows import event
from test_again import FORKED, tables, village

from simnet import MINUTE, Cue, FakeModel, Run, Write, run
from simnet.errors import RecordError, ScenarioError, UsageError
from simnet.recording.checking.verify import verify
from simnet.recording.files import parquet
from simnet.recording.files.lock import run_lock
from simnet.recording.reading import run as run_module
from simnet.recording.reading.dataset import sealed_dataset
from simnet.recording.schema import TABLES, arrow_schema, encode
from simnet.recording.writing.recorder import Recorder
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.scenario.switch import ScenarioSwitch

SAID = Cue(50 * MINUTE, "council", Write("No, it does not."))
OTHER = village(cues=[*village().cues, SAID], lasts=120 * MINUTE)
LATER = 60 * MINUTE
LAST = village(cues=[*OTHER.cues, Cue(70 * MINUTE, "council", Write("Never."))])


@pytest.fixture(scope="module", autouse=True)
def row_groups_are_small():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parquet, "ROWS_PER_GROUP", 8)
        patched.setattr(parquet, "ROWS_PER_FILE", 16)
        yield


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return run(village(), model=FakeModel(), out=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def child(parent):
    return parent.fork(at=FORKED, scenario=OTHER, before=village(), model=FakeModel())


@pytest.fixture(scope="module")
def grandchild(child):
    timeline = ScenarioTimeline(village(), (ScenarioSwitch(FORKED, OTHER),))
    return child.fork(at=LATER, scenario=LAST, before=timeline, model=FakeModel())


def test_a_run_has_its_fork_and_its_resume(parent, child):
    assert type(parent) is type(child) is Run
    assert child.manifest.parent == parent.id
    with pytest.raises(UsageError, match="is complete"):
        child.resume(village(), model=FakeModel())


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_its_tables_are_opened_with_those_of_its_ancestors(parent, child, grandchild, name):
    assert len(parent.sealed_files().tables["events"]) > 1
    for one in (parent, child, grandchild):
        found = one.table(name)
        assert found.schema.equals(arrow_schema(name))
        assert found.to_table().equals(one.read(name))
        assert found.count_rows() == one.read(name).num_rows


def test_a_fork_that_is_named_from_within_its_folder_finds_its_parent(child, monkeypatch):
    monkeypatch.chdir(child.path / "events")
    assert Run.open("..").read("events").equals(child.read("events"))
    monkeypatch.chdir(child.path)
    assert Run.open(".").read("events").equals(child.read("events"))


@pytest.mark.parametrize("name", ["events", "calls", "exposures"])
def test_they_are_read_as_they_are_scanned(grandchild, name, monkeypatch):
    whole = grandchild.read(name)
    monkeypatch.delattr(run_module.Run, "read")
    late = pc.field("time") >= LATER
    assert grandchild.table(name).to_table(filter=late).equals(whole.filter(late))
    assert max(batch.num_rows for batch in grandchild.table(name).to_batches()) <= 8
    only = grandchild.table(name).to_table(columns=["who"])
    assert only.equals(whole.select(["who"]))


def test_a_fork_at_the_very_start_or_the_very_end_has_whole_tables_too(parent):
    for moment in (0.0, 90 * MINUTE):
        same = parent.fork(at=moment, scenario=village(), before=village(), model=FakeModel())
        assert tables(same) == tables(parent)
        assert same.table("events").to_table().equals(parent.read("events"))


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["its own", "its parent's"])
def test_rows_that_are_not_sealed_yet_are_there_too(parent, child, tmp_path, whose):
    for one in (parent, child):
        shutil.copytree(one.path, tmp_path / one.id)
    copy = Run.open(tmp_path / child.id)
    moment = LATER if whose == "its own" else FORKED - 1.0
    added = event(99, "council", time=moment)
    with Recorder(tmp_path / (child.id if whose == "its own" else parent.id)) as recorder:
        recorder.append("events", encode("events", [added]))
    rows = copy.table("events").to_table()
    assert rows.equals(copy.read("events"))
    assert rows.num_rows == child.read("events").num_rows + 1
    assert rows.filter(pc.field("turn") == 99)["time"].to_pylist() == [moment]


def test_the_prompts_of_the_past_are_there_too(parent, child):
    told = child.prompts(["time", "who", "turn", "system"]).read_all()
    before = parent.prompts(["time", "who", "turn", "system"]).read_all()
    early = pc.field("time") < FORKED
    assert told.filter(early).equals(before.filter(early))
    assert [check for check in verify(child) if check.problems] == []


@pytest.mark.parametrize("table", ["calls", "personas"])
def test_checking_it_finds_damage_in_its_ancestors(grandchild, tmp_path, table):
    shutil.copytree(grandchild.path.parent, tmp_path, dirs_exist_ok=True)
    copy = Run.open(tmp_path / grandchild.id)
    assert [check for check in verify(copy) if check.problems] == []
    first = next(path for path in tmp_path.iterdir() if Run.open(path).manifest.parent is None)
    damaged = min((first / table).glob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"x" + damaged.read_bytes()[-8:])
    files, *_ = verify(copy)
    assert [str(damaged) in problem for problem in files.problems] == [True]


def test_rows_that_a_fork_repeats_are_there_once(parent, child):
    """A parent that broke off may have been resumed after it was forked, and then has more."""
    listed = max(child.path.glob("tables-*.json"))
    content = listed.read_text()
    told = json.loads(content)
    try:
        told["tables"]["calls"][0]["low"] = 0.0
        listed.write_text(json.dumps(told))
        assert sealed_dataset(child.path, child.manifest, "calls") is None
        assert child.table("calls").to_table().equals(child.read("calls"))
    finally:
        listed.write_text(content)


@pytest.mark.parametrize(
    ("at", "told"), [(-1.0, "cannot be forked at"), (91 * MINUTE, "lasts 01:30:00")]
)
def test_a_fork_lies_within_its_parent(parent, at, told):
    there = len(list(parent.path.parent.iterdir()))
    with pytest.raises(ScenarioError, match=told):
        parent.fork(at=at, scenario=village(), before=village(), model=FakeModel())
    assert len(list(parent.path.parent.iterdir())) == there


def test_a_run_that_is_being_run_is_not_forked(parent):
    with run_lock(parent.path), pytest.raises(RecordError, match="is being run by process"):
        parent.fork(at=FORKED, scenario=village(), before=village(), model=FakeModel())
