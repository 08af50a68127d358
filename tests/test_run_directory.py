"""Run directories: found by id, never outside their root, readable by everyone."""

import json
import shutil
from datetime import UTC, datetime
from errno import ENOSPC
from itertools import count

import datasets
import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as pds
import pyarrow.parquet as pq
import pytest
from faulty_disks import FaultyDisk
from made_rows import call, event

from simnet.errors import DiskFullError, DiskRefusalError, RecordError, UsageError
from simnet.foundation.disk import Disk
from simnet.recording.files.manifest import LedgerLine, ModelFacts, State
from simnet.recording.reading.run import Run, list_runs
from simnet.recording.row_types import PersonaRow
from simnet.recording.schema import (
    SCHEMA_VERSION,
    TABLES,
    arrow_schema,
    column_docs,
    describe_tables,
    encode,
)
from simnet.recording.writing import run_directory
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


def recorded(root, name="bike-lane", turns=5):
    directory = RunDirectory.create(root, name, seed=7, backend="fake")
    directory.start()
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", [event(turn) for turn in range(turns)]))
        recorder.append("calls", encode("calls", [call(turn) for turn in range(turns)]))
        people = [
            PersonaRow("ana", "neighbours", "Ana bakes.", '{"age":40}', "Ana bakes.", None, 0)
        ]
        recorder.append("personas", encode("personas", people))
        recorder.seal()
    directory.finish(State.COMPLETED, ledger=[LedgerLine(outcome="done", turns=turns)])
    return directory.path


def test_an_id_is_free_again_if_its_run_could_not_be_made_and_only_then(root):
    for nth in count(1):
        try:
            made = RunDirectory.create(root, "x", run_id=f"n{nth}", disk=FaultyDisk(nth, ENOSPC))
        except DiskFullError:
            made = RunDirectory.create(root, "x", run_id=f"n{nth}")
            assert Run.open(made.path).manifest == made.manifest
        else:
            break
    assert nth > 5
    RunDirectory.reopen(Run.open(made.path)).update(scenario={"name": "x"})
    with pytest.raises(UsageError, match="is there already"):
        RunDirectory.create(root, "x", run_id=made.path.name)
    (root / "others").mkdir()
    (root / "others" / "notes.txt").touch()
    with pytest.raises(UsageError, match="is there already"):
        RunDirectory.create(root, "x", run_id="others")


def rewrite(path, **changes):
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, **changes}))


def test_a_run_is_named_by_its_time_and_its_name(root):
    directory = RunDirectory.create(root, "tacos / troll")
    assert directory.path.parent == root
    assert directory.path.name == directory.manifest.id
    stamp, words = directory.manifest.id.split("-", 1)
    assert datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) <= datetime.now(UTC)
    assert words[:-4] == "tacos-troll-"
    with pytest.raises(UsageError, match="no name for a run"):
        RunDirectory.create(root, "../..")


def test_where_no_run_can_be_made_another_folder_is_asked_for(tmp_path):
    (tmp_path / "file").write_text("")
    message = "making a run directory in .*file/runs: .*; name another folder: --runs DIR, or out="
    with pytest.raises(DiskRefusalError, match=message):
        RunDirectory.create(tmp_path / "file" / "runs", "town")


def test_the_name_of_every_folder_that_is_made_for_a_run_is_durable(tmp_path):
    class Noting(Disk):
        synced = ()

        def sync_folder(self, path):
            super().sync_folder(path)
            self.synced = (*self.synced, path)

    disk, root = Noting(), tmp_path / "results" / "of 2026" / "runs"
    RunDirectory.create(root, "test", disk=disk)
    assert {tmp_path, *root.parents[:2], root} <= set(disk.synced)


def test_two_runs_of_one_second_that_draw_the_same_digits_have_folders_of_their_own(
    root, monkeypatch
):
    drawn = iter(["aaaa", "aaaa", "aaaa", "bbbb"] * 2)
    monkeypatch.setattr(run_directory.secrets, "token_hex", lambda _: next(drawn))
    monkeypatch.setattr(run_directory, "datetime", Standing)
    first, second = (RunDirectory.create(root, "town") for _ in range(2))
    assert first.path != second.path
    assert [run.id for run in list_runs(root)] == [first.path.name, second.path.name]


class Standing(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, tzinfo=tz)


def test_the_manifest_tells_what_was_run_and_how_it_ended(root, tmp_path):
    source = tmp_path / "lane.py"
    source.write_text("print('hi')")
    directory = RunDirectory.create(root, "lane", seed=7, model=ModelFacts(name="fake"))
    directory.keep_scenario(source, "lane", {"people": 12})
    directory.start()
    directory.finish(State.FAILED, error="the engine died")
    run = Run.open(directory.manifest.id, root)
    assert run.manifest == directory.manifest
    assert (run.manifest.state, run.manifest.error) == ("failed", "the engine died")
    assert run.manifest.scenario.parameters == {"people": 12}
    assert (run.path / run.manifest.scenario.file).read_text() == "print('hi')"
    with pytest.raises(RecordError, match="seed: Input should be a valid integer"):
        directory.update(seed="seven")
    with pytest.raises(RecordError, match="sead"):
        directory.update(sead=7)


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "a..b", "-x", "x" * 101, "x\0", "x\n"]
)
def test_an_id_that_could_lead_elsewhere_is_refused(root, run_id):
    recorded(root)
    with pytest.raises(UsageError, match="is not a run id"):
        Run.open(run_id, root)


def test_a_run_that_is_a_link_out_of_the_root_is_refused(root, tmp_path):
    shutil.move(recorded(root), tmp_path / "elsewhere")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="leads out of"):
        Run.open("link", root)


def test_a_run_is_opened_by_id_by_its_path_in_the_root_and_by_path(root, monkeypatch):
    path = recorded(root)
    monkeypatch.chdir(root.parent)
    for name in (path.name, f"runs/{path.name}", path):
        assert Run.open(name).id == path.name


def test_the_newest_run_is_opened_by_the_name_latest(root):
    root.mkdir(exist_ok=True)
    with pytest.raises(UsageError, match="there are no runs in"):
        Run.open("latest", root)
    older, newer = (RunDirectory.create(root, name, seed=1, versions={}) for name in ("b", "a"))
    manifest = json.loads((older.path / "manifest.json").read_text(encoding="utf-8"))
    manifest["created"] = "2020-01-01T00:00:00Z"
    (older.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert Run.open("latest", root).path == newer.path
    (newer.path / "manifest.json").write_text("{", encoding="utf-8")
    assert Run.open("latest", root).path == older.path


def test_an_unknown_run_is_refused_with_a_guess(root):
    path = recorded(root)
    with pytest.raises(UsageError, match=f"did you mean '{path.name}'"):
        Run.open(path.name[:-1] + "x", root)


def test_a_moved_run_reads_the_same(root, tmp_path):
    path = recorded(root)
    before = Run.open(path).read("events")
    shutil.move(path, tmp_path / "moved")
    assert Run.open(tmp_path / "moved").table("events").to_table().equals(before)


@pytest.mark.parametrize("name", ["manifest.json", "tables-000001.json"])
def test_a_run_of_a_newer_version_is_refused_with_advice(root, name):
    path = recorded(root)
    rewrite(path / name, schema_version=99)
    with pytest.raises(RecordError, match="upgrade simnet"):
        Run.open(path).read("events")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema_version":1}', "[" * 100_000])
@pytest.mark.parametrize("name", ["manifest.json", "tables-000001.json"])
def test_a_broken_manifest_is_refused_by_name(root, name, content):
    path = recorded(root)
    (path / name).write_text(content)
    if name.startswith("tables") and content.endswith("}"):
        content = '{"schema_version":1,"tables":{"events":[{}]}}'
        (path / name).write_text(content)
    with pytest.raises(RecordError, match=name):
        Run.open(path).read("events")


@pytest.mark.parametrize(
    "leak", ["../../secret.parquet", "/etc/passwd", "events/../../x", "link/x"]
)
def test_a_path_in_a_manifest_that_leads_outside_is_refused(root, tmp_path, leak):
    path = recorded(root)
    (path / "link").symlink_to(tmp_path)
    parts = json.loads((path / "tables-000001.json").read_text())["tables"]
    parts["events"][0]["path"] = leak
    rewrite(path / "tables-000001.json", tables=parts)
    with pytest.raises(RecordError, match="not inside the run"):
        Run.open(path).table("events")


def test_a_flipped_bit_in_a_part_is_an_error_and_never_other_rows(root):
    path = recorded(root, turns=200)
    (sealed_file,) = Run.open(path).sealed_files().tables["events"]
    data = bytearray((path / sealed_file.path).read_bytes())
    data[len(data) // 3] ^= 1
    (path / sealed_file.path).write_bytes(data)
    with pytest.raises(RecordError, match="cannot be read"):
        Run.open(path).read("events")


def test_a_missing_part_is_an_error(root):
    path = recorded(root)
    (sealed_file,) = Run.open(path).sealed_files().tables["events"]
    (path / sealed_file.path).unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        Run.open(path).read("events")


def test_a_table_without_rows_is_an_empty_dataset_and_an_unknown_one_an_error(root):
    run = Run.open(recorded(root))
    for name in TABLES:
        assert isinstance(run.table(name), pds.Dataset)
        assert run.table(name).schema.equals(arrow_schema(name))
    assert run.read("metrics").num_rows == 0
    with pytest.raises(RecordError, match="there are events, calls"):
        run.table("evnts")


def test_some_columns_of_a_table_are_read_and_an_unknown_one_is_an_error(root):
    run = Run.open(recorded(root))
    assert run.read("events", ["text", "who"]).equals(run.read("events").select(["text", "who"]))
    assert run.read("metrics", ["name"]).column_names == ["name"]
    with pytest.raises(RecordError, match=r"has no column 'txt'; did you mean 'text'"):
        run.read("events", ["txt"])
    with pytest.raises(RecordError, match="has no column 'zzz'; it has time"):
        list(run.batches("events", ["who", "zzz"]))


def test_everyone_reads_the_parquet_directly(root, tmp_path):
    path = recorded(root)
    (sealed_file,) = Run.open(path).sealed_files().tables["events"]
    file = str(path / sealed_file.path)
    texts = [f"post {turn} by ana" for turn in range(5)]
    assert duckdb.sql(f"select text from '{file}' order by time").fetchall() == [
        (t,) for t in texts
    ]
    assert pd.read_parquet(file)["text"].tolist() == texts
    assert pl.read_parquet(file)["text"].to_list() == texts
    loaded = datasets.load_dataset(
        "parquet", data_files=file, split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["text"] == texts
    assert loaded[0]["shown"] == [1, 2, 3]


def test_a_parquet_file_says_what_it_is(root, tmp_path):
    path = shutil.move(recorded(root), tmp_path / "moved")
    run = Run.open(path)
    for name in ("events", "calls", "prompt_texts", "personas"):
        (sealed_file,) = run.sealed_files().tables[name]
        file = path / sealed_file.path
        schema = pq.read_schema(file)
        told = {key.decode(): value.decode() for key, value in schema.metadata.items()}
        assert (told["simnet:run"], told["simnet:table"]) == (run.id, name)
        assert told["simnet:schema_version"] == str(SCHEMA_VERSION)
        docs = json.loads(told["simnet:columns"])
        assert list(docs) == arrow_schema(name).names
        for field in schema:
            assert field.metadata[b"description"].decode() == docs[field.name]
            assert docs[field.name] == " ".join(column_docs(name)[field.name].split())
        found = duckdb.sql(f"select decode(value) from parquet_kv_metadata('{file}')").fetchall()
        assert (run.id,) in found
        assert run.read(name).schema.equals(arrow_schema(name), check_metadata=True)
        assert run.table(name).to_table().equals(run.read(name))


def test_a_resumed_run_that_was_moved_keeps_its_id_in_its_files(root, tmp_path):
    path = recorded(root)
    moved = shutil.move(path, tmp_path / "moved")
    with Recorder(moved) as recorder:
        recorder.append("events", encode("events", [event(99)]))
        recorder.seal()
    files = Run.open(moved).sealed_files().tables["events"]
    assert len(files) == 2
    for sealed_file in files:
        metadata = pq.read_schema(moved / sealed_file.path).metadata
        assert metadata[b"simnet:run"].decode() == path.name


def test_no_column_needs_quotes_in_sql():
    for name in TABLES:
        rows = arrow_schema(name).empty_table()
        for column in rows.column_names:
            assert duckdb.sql(f"select {column} from rows order by {column}").columns == [column]
            assert duckdb.sql(f"select rows.{column} as {column} from rows").fetchall() == []


def test_everyone_joins_calls_with_the_texts_of_their_prompts(root, tmp_path):
    path = recorded(root)
    calls, parts = str(path / "calls" / "*.parquet"), str(path / "prompt_texts" / "*.parquet")
    told = [f"You are ana, on day {turn // 3}." for turn in range(5)]
    query = f"""
        select text from '{calls}' join '{parts}' on system_hash = hash order by turn
    """
    assert duckdb.sql(query).fetchall() == [(text,) for text in told]
    frames = [pd.read_parquet(path / name) for name in ("calls", "prompt_texts")]
    joined = frames[0].merge(frames[1], left_on="system_hash", right_on="hash")
    assert joined.sort_values("turn")["text"].tolist() == told
    lazy = pl.scan_parquet(calls).join(
        pl.scan_parquet(parts), left_on="system_hash", right_on="hash"
    )
    assert lazy.sort("turn").collect()["text"].to_list() == told
    columns = []
    for name in ("calls", "prompt_texts"):
        loaded = datasets.load_dataset(
            "parquet", data_files=str(path / name / "*.parquet"), split="train",
            cache_dir=str(tmp_path / "cache"),
        )  # fmt: skip
        columns.append(loaded)
    texts = dict(zip(columns[1]["hash"], columns[1]["text"], strict=True))
    assert [texts[name] for name in columns[0]["system_hash"]] == told
    prompts = Run.open(path).prompts(["turn", "system"]).read_all()
    assert prompts.num_rows == 5
    assert duckdb.sql("select system from prompts order by turn").fetchall() == [
        (text,) for text in told
    ]


@pytest.mark.slow
def test_any_flipped_bit_of_a_part_is_an_error_or_changes_nothing(root):
    path = recorded(root, turns=30)
    run = Run.open(path)
    before = run.read("calls")
    (sealed_file,) = run.sealed_files().tables["calls"]
    data = (path / sealed_file.path).read_bytes()
    damaged = bytearray(data)
    found = set()
    for place in range(0, 8 * len(data), 23):
        damaged[place // 8] ^= 1 << place % 8
        (path / sealed_file.path).write_bytes(damaged)
        damaged[place // 8] ^= 1 << place % 8
        try:
            assert run.read("calls").equals(before), f"bit {place % 8} of byte {place // 8}"
            found.add("the same rows")
        except RecordError:
            found.add("an error")
    assert found == {"the same rows", "an error"}


def test_runs_are_listed_with_what_they_hold(root):
    assert list_runs(root) == []
    recorded(root, "one", turns=3)
    (root / "stray").mkdir()
    (run,) = list_runs(root)
    told = run.summary
    assert (told.state, told.events, told.replies) == ("completed", 3, 0)
    assert told.seconds >= 0


def test_columns_are_documented_by_the_strings_below_the_fields():
    assert column_docs("events")["made"] == "The post this event made."
    page = describe_tables()
    assert all(f"## {name}" in page for name in TABLES)
    assert "| rank | int64 | 0 is the top of the feed. |" in page


def test_every_key_and_order_names_columns():
    for name, table in TABLES.items():
        names = {*table.key, *table.ties, *table.repetitive, *filter(None, [table.time])}
        assert names <= set(arrow_schema(name).names)


@pytest.mark.parametrize("run", [None, 5, b"latest"])
def test_what_names_no_run_is_said_in_one_line(run):
    with pytest.raises(UsageError, match="is no run; give its id as text"):
        Run.open(run)
