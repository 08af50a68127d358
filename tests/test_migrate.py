"""Run directories of the previous version are refused with advice, and migrated."""

import json
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_rows import call, event
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.clock import rounded
from simnet.errors import DiskError, RecordError
from simnet.inference.model import Call
from simnet.recording import migrate as migrating
from simnet.recording.checking.verify import verify
from simnet.recording.files import segment
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import State
from simnet.recording.migrate import migrate
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.recording.schema import SCHEMA_VERSION, encode, row_schema
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

SEALED, LATER = 10, 5
CALLS = [call(turn, who) for turn in range(SEALED + LATER) for who in ("ana", "ben")]
EVENTS = [event(turn, who, made=None) for turn in range(SEALED + LATER) for who in ("ana", "ben")]


def old_run(root, *, sealed=2 * SEALED):
    """Make a run directory as version 1 left it: `calls` hold whole prompts, some are sealed."""
    directory = RunDirectory.create(root, "old")
    directory.start()
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", EVENTS))
        if sealed:
            recorder.seal()
    directory.finish(State.INTERRUPTED)
    folder = directory.path
    rewrite(folder / "manifest.json", schema_version=1)
    if sealed:
        (listed,) = folder.glob("tables-*.json")
        tables = json.loads(listed.read_text())["tables"]
        del tables["events"][0]["footer"]
        tables["calls"] = [old_part(folder, CALLS[:sealed])]
        rewrite(listed, schema_version=1, tables=tables)
    (folder / "wal" / "calls-000001-000009.arrows").write_bytes(old_segment(CALLS[sealed:]))
    return folder


def rewrite(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def old_rows(calls):
    return pa.Table.from_pylist([one._asdict() for one in calls], row_schema("calls"))


def old_part(folder, calls):
    path = folder / "calls" / "part-000001-001-00000.parquet"
    path.parent.mkdir()
    pq.write_table(
        old_rows(calls), path, compression="zstd", write_page_checksum=True,
        use_dictionary=["who", "model", "adapter", "system", "pattern", "finish"],
    )  # fmt: skip
    data = path.read_bytes()
    return {
        "path": str(path.relative_to(folder)), "rows": len(calls), "bytes": len(data),
        "crc32": f"{zlib.crc32(data):08x}", "low": calls[0].time, "high": calls[-1].time,
    }  # fmt: skip


def old_segment(calls):
    seal = segment._seal({"table": "calls", "version": 1})
    schema = row_schema("calls")
    head = segment._sealed(segment._stream(schema.with_metadata({"simnet": seal}), None, None))
    (batch,) = old_rows(calls).to_batches()
    told = {"rows": len(calls), "first": 0, "low": calls[0].time, "high": calls[-1].time}
    told["last"] = [calls[-1].who, calls[-1].turn, calls[-1].call]
    body = segment._stream(schema, batch, segment._seal(told))
    return head + segment._sealed(body[len(segment._stream(schema, None, None)) :])


def version_2(root, name):
    """Unpack a run of schema version 2: the one that is complete, or the one that was killed."""
    with zipfile.ZipFile(Path(__file__).parent / "data" / "runs-of-version-2.zip") as runs:
        runs.extractall(root)
    return root / name


def calls_in(run):
    return [Call(**row) for row in run.prompts().read_all().to_pylist()]


def in_order(calls):
    return sorted(calls, key=lambda one: (one.time, one.who))


def content(folder):
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_an_old_run_is_refused_with_advice(tmp_path):
    folder = old_run(tmp_path)
    with pytest.raises(RecordError, match=r"schema version 1, .* simnet migrate RUN") as caught:
        Run.open(folder)
    assert caught.value.exit_code == 4
    assert str(folder / "manifest.json") in str(caught.value)


@pytest.mark.parametrize("sealed", [0, 2 * SEALED])
def test_a_migrated_run_has_all_it_had(tmp_path, sealed):
    folder = old_run(tmp_path, sealed=sealed)
    assert migrate(folder)
    run = Run.open(folder)
    assert run.manifest.schema_version == SCHEMA_VERSION
    assert run.sealed
    assert calls_in(run) == in_order(CALLS)
    assert run.read("prompt_texts").num_rows == len({one.system for one in CALLS})
    assert run.read("events").num_rows == len(EVENTS)
    assert len(Recorded.load(run)) == len(CALLS)
    assert run.table("calls").count_rows() == len(CALLS)
    assert [check for check in verify(run) if check.problems] == []
    assert {path.parent.name for path in folder.rglob("*.parquet")} == {
        "calls",
        "events",
        "prompt_texts",
    }


def test_a_migration_is_done_once(tmp_path):
    folder = old_run(tmp_path)
    assert migrate(folder)
    before = content(folder)
    assert not migrate(folder)
    assert content(folder) == before


@pytest.mark.parametrize("moment", ["write_atomically", "write_manifest", "Recorder.commit"])
def test_a_migration_that_broke_off_is_done_again(tmp_path, monkeypatch, moment):
    folder = old_run(tmp_path)
    commits = []

    def fails(*arguments, **options):
        commits.append(arguments)
        if moment != "Recorder.commit" or len(commits) == 2:
            raise DiskError("the disk is gone")
        return commit(*arguments, **options)

    commit = Recorder.commit
    with monkeypatch.context() as patched:
        owner, _, name = f"migrating.{moment}".rpartition(".")
        patched.setattr(Recorder if owner.endswith("Recorder") else migrating, name, fails)
        with pytest.raises(DiskError):
            migrate(folder)
    with pytest.raises(RecordError, match="simnet migrate"):
        Run.open(folder)
    assert migrate(folder)
    assert calls_in(Run.open(folder)) == in_order(CALLS)
    assert [check for check in verify(Run.open(folder)) if check.problems] == []


@pytest.mark.parametrize("name", ["complete", "broken-off"])
def test_a_run_of_version_2_has_the_columns_of_today(tmp_path, name):
    folder = version_2(tmp_path, name)
    with pytest.raises(RecordError, match="simnet migrate RUN"):
        Run.open(folder)
    assert migrate(folder)
    run = Run.open(folder)
    counts = {table: run.read(table).num_rows for table in ("events", "calls", "exposures")}
    assert counts == {"events": 37, "calls": 33, "exposures": 30}
    events = run.read("events").to_pylist()
    sent = [(row["time"], row["whom"], row["group_name"]) for row in events if row["group_name"]]
    assert sent == [(30.5, None, "bakers"), (61.25, None, "bakers"), (99.123457, None, "bakers")]
    for table, column in (("events", "woke"), ("calls", "time"), ("exposures", "time")):
        times = run.read(table)[column].drop_null().to_pylist()
        assert times
        assert times == [rounded(time) for time in times]
    systems = set(run.prompts(["system"]).read_all()["system"].to_pylist())
    assert len(systems) == 4
    assert all("neighbour" in system for system in systems)
    assert not (folder / "parts").exists()
    assert list((folder / "wal").glob("*.arrows")) == []
    assert [check for check in verify(run) if check.problems] == []


def test_what_was_torn_off_stays_torn_off_and_is_told(tmp_path):
    folder = old_run(tmp_path)
    (torn,) = (folder / "wal").glob("calls-*.arrows")
    torn.write_bytes(torn.read_bytes()[:-7])
    migrate(folder)
    run = Run.open(folder)
    assert calls_in(run) == in_order(CALLS[: 2 * SEALED])
    assert [(cut.segment, cut.flaw) for cut in run.sealed_files().cuts] == [(torn.name, "torn")]


def test_a_damaged_part_is_not_migrated(tmp_path):
    folder = old_run(tmp_path)
    (part,) = folder.glob("calls/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    with pytest.raises(RecordError, match=r"has the checksum .* cannot be migrated"):
        migrate(folder)


def test_a_run_that_is_being_run_is_not_migrated(tmp_path):
    folder = old_run(tmp_path)
    with run_lock(folder), pytest.raises(RecordError, match="is being run by process"):
        migrate(folder)


def test_the_command_migrates_by_id_and_by_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = old_run(Path("runs"))
    refused = CliRunner().invoke(app, ["show", folder.name])
    assert refused.exit_code == 4
    assert "simnet migrate RUN" in refused.stderr
    done = CliRunner().invoke(app, ["migrate", folder.name])
    assert (done.exit_code, done.stdout) == (
        0,
        f"{folder.name} has now schema version {SCHEMA_VERSION}\n",
    )
    again = CliRunner().invoke(app, ["migrate", str(folder)])
    assert again.stdout == f"{folder.name} already has schema version {SCHEMA_VERSION}\n"
    unknown = CliRunner().invoke(app, ["migrate", "nope"])
    assert (unknown.exit_code, "there is no run 'nope'" in unknown.stderr) == (2, True)
