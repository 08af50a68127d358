"""What the recorder has acknowledged is there after anything that can happen, and once."""

import errno
import os
import random
import signal
import stat
import subprocess
import sys
from itertools import count

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faulty_disks import FaultyDisk, FragileDisk, PowerLossError
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import call, event

from simnet.errors import DiskError, DiskFullError, DiskRefusalError, RecordError, SupersededError
from simnet.foundation.disk import Disk
from simnet.recording.files import wal
from simnet.recording.files.merge import TableSlice, merge
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES, arrow_schema, encode, encode_columns
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.world.events import Exposure

STEPS = 4
KILLS = int(os.environ.get("SIMNET_KILLS", "3"))


@pytest.fixture
def run(tmp_path):
    directory = RunDirectory.create(tmp_path / "runs", "test")
    return Run.open(directory.path)


def rows_of(step):
    turns = range(step * 4, step * 4 + 4)
    return [call(turn) for turn in reversed(turns)], [event(turn) for turn in turns]


def expected():
    steps = [rows_of(step) for step in range(STEPS)]
    calls = sorted((row for calls, _ in steps for row in calls), key=lambda row: row.time)
    return {"calls": calls, "events": [row for _, events in steps for row in events]}


def rows_read(run, name):
    made = TABLES[name].row
    table = run.prompts().read_all() if name == "calls" else run.read(name)
    rows = [made(**row) for row in table.to_pylist()]
    if name == "events":
        rows = [row._replace(marks=tuple(row.marks), shown=tuple(row.shown)) for row in rows]
    return rows


def insist(action):
    """Try again as long as the disk refuses."""
    for _ in range(5):
        try:
            return action()
        except DiskError:
            continue
    raise AssertionError("the disk kept refusing")


def record(folder, disk, acknowledged, attempt=lambda action: action()):
    """Record STEPS steps in small segments, with a seal in between and one at the end."""
    recorder = attempt(lambda: Recorder(folder, rotate_bytes=2_000, disk=disk))
    for step in range(STEPS):
        calls, events = rows_of(step)
        recorder.append("events", encode("events", events))
        recorder.append("calls", encode("calls", calls))
        attempt(recorder.commit)
        acknowledged += [("events", row) for row in events]
        acknowledged += [("calls", row) for row in calls]
        if step == STEPS // 2:
            attempt(recorder.seal)
    sealed = attempt(recorder.seal)
    recorder.close()
    return sealed


def test_rows_are_sealed_in_the_order_of_simulated_time_and_once(run):
    with Recorder(run.path) as recorder:
        for turns in ([3, 4], [1, 2], [2, 3], [5]):
            recorder.append("calls", encode("calls", [call(turn) for turn in turns]))
            recorder.commit()
        sealed = recorder.seal()
    assert [row.turn for row in rows_read(run, "calls")] == [1, 2, 3, 4, 5]
    assert (sealed.rows, sealed.repeats) == ({"calls": 5, "prompt_texts": 2}, {"calls": 2})
    assert run.sealed


def test_events_of_one_moment_keep_the_order_in_which_the_world_applied_them(run):
    who = ["zoe", "ana", "mia", "bob"]
    with Recorder(run.path) as recorder:
        for turn, name in enumerate(who):
            recorder.append("events", encode("events", [event(turn, name, time=7.0)]))
            recorder.commit()
        recorder.seal()
    assert [row.who for row in rows_read(run, "events")] == who


def test_what_was_read_before_the_seal_is_what_is_read_after_it(run):
    with Recorder(run.path, rotate_bytes=1_000) as recorder:
        for turn in (5, 3, 4, 3, 9, 1):
            recorder.append("calls", encode("calls", [call(turn), call(turn + 1)]))
            recorder.commit()
        before = run.read("calls")
        assert not run.sealed
        recorder.seal()
    assert run.read("calls").equals(before)
    assert run.table("calls").to_table().equals(before)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", ["events", "calls"])
def test_whoever_reads_while_a_seal_ends_finds_all_rows(run, monkeypatch, name, late):
    with Recorder(run.path) as recorder:
        for turn in (1, 2):
            recorder.append("calls", encode("calls", [call(turn)]))
            recorder.append("events", encode("events", [event(turn)]))
        recorder.commit()
        segments_in, seals = wal.segments_in, iter([recorder.seal])

        def sealed_meanwhile(folder, table, disk=None):
            if late:
                names = segments_in(folder, table)
            for seal in seals:
                seal()
            return names if late else segments_in(folder, table)

        monkeypatch.setattr(wal, "segments_in", sealed_meanwhile)
        for found in (run.read(name), run.table(name).to_table()):
            assert found["turn"].to_pylist() == [1, 2]
        monkeypatch.undo()


def test_rows_of_one_key_at_different_moments_are_all_kept_to_be_found(run):
    with Recorder(run.path) as recorder:
        rows = [event(1, time=1.0), event(1, time=2.0), event(1, time=1.0, text="again")]
        recorder.append("events", encode("events", rows))
        sealed = recorder.seal()
    assert [row.time for row in rows_read(run, "events")] == [1.0, 2.0]
    assert sealed.repeats == {"events": 1}


def test_a_run_recorded_again_after_its_seal_stays_the_same(run):
    record(run.path, None, [])
    before = {name: run.read(name) for name in ("events", "calls")}
    sealed = record(run.path, None, [])
    assert sealed.repeats == {"events": 4 * STEPS, "calls": 4 * STEPS, "prompt_texts": 6}
    assert all(run.read(name).equals(table) for name, table in before.items())


def test_a_later_part_of_a_run_leaves_earlier_parts_untouched(run):
    with Recorder(run.path) as recorder:
        for turn in range(3):
            recorder.append("events", encode("events", [event(turn)]))
            sealed = recorder.seal()
    assert len(sealed.files["events"]) == 3
    assert [row.turn for row in rows_read(run, "events")] == [0, 1, 2]


def test_parts_are_compressed_checksummed_and_sorted_and_their_checksum_fits(run):
    import zlib

    with Recorder(run.path) as recorder:
        recorder.append("events", encode("events", [event(turn) for turn in range(1000)]))
        (sealed_file,) = recorder.seal().files["events"]
    data = (run.path / sealed_file.path).read_bytes()
    assert (sealed_file.bytes, sealed_file.crc32) == (len(data), f"{zlib.crc32(data):08x}")
    group = pq.ParquetFile(run.path / sealed_file.path).metadata.row_group(0)
    who = group.column(arrow_schema("events").get_field_index("who"))
    assert (who.compression, who.has_dictionary_page) == ("ZSTD", True)
    assert group.sorting_columns[0].column_index == 0


@pytest.mark.slow
def test_whichever_operation_fails_once_the_record_comes_out_whole(tmp_path):
    for nth in count(1):
        run = Run.open(RunDirectory.create(tmp_path / "runs", "test").path)
        disk = FaultyDisk(nth, errno.EIO if nth % 2 else errno.ENOSPC)
        record(run.path, disk, [], insist)
        assert {name: rows_read(run, name) for name in ("events", "calls")} == expected()
        assert run.sealed
        if not disk.failed:
            break
    assert nth > 80


@pytest.mark.slow
def test_at_whichever_operation_the_power_goes_no_acknowledged_row_is_lost(tmp_path):
    for nth in count(1):
        run = Run.open(RunDirectory.create(tmp_path / "runs", "test").path)
        disk, acknowledged = FragileDisk(nth), []
        try:
            record(run.path, disk, acknowledged)
        except PowerLossError:
            disk.lose_power()
        there = [(name, row) for name in ("events", "calls") for row in rows_read(run, name)]
        assert set(acknowledged) <= set(there)
        assert len(there) == len(set(there))
        record(run.path, None, [])
        assert {name: rows_read(run, name) for name in ("events", "calls")} == expected()
        if not disk.failed:
            break
    assert nth > 80


def test_a_full_disk_keeps_the_rows_until_there_is_room(run):
    class FullDisk(FaultyDisk):
        full = True

        def write(self, descriptor, data):
            if self.full:
                self.fail()
            super().write(descriptor, data)

    disk = FullDisk(nth=0, code=errno.ENOSPC)
    recorder = Recorder(run.path, disk=disk)
    recorder.append("events", encode("events", [event(1), event(2)]))
    for _ in range(3):
        with pytest.raises(DiskFullError, match="make room"):
            recorder.commit()
    assert recorder.statistics().waiting_rows == 2
    disk.full = False
    recorder.commit()
    assert recorder.statistics().waiting_rows == 0
    assert [row.turn for row in rows_read(run, "events")] == [1, 2]


@pytest.mark.parametrize("where", [".parquet", ".partial"])
def test_a_seal_that_finds_the_disk_full_leaves_no_files_that_fill_it_more(run, where):
    class FullDisk(FaultyDisk):
        full, left = False, 0

        def create(self, path):
            if self.full and path.suffix == where:
                self.left -= 1
                if self.left < 0:
                    self.fail()
            return super().create(path)

    def parts():
        return sorted(path.relative_to(run.path).as_posix() for path in run.path.rglob("*.parquet"))

    disk = FullDisk(nth=0, code=errno.ENOSPC)
    with Recorder(run.path, disk=disk) as recorder:
        for turns in ([1], [2, 3]):
            recorder.append("calls", encode("calls", [call(turn) for turn in turns]))
            recorder.append("events", encode("events", [event(turn) for turn in turns]))
            if turns == [1]:
                recorder.seal()
        sealed, disk.full = parts(), True
        for room in (0, 0, 1):
            disk.left = room if where == ".parquet" else 0
            with pytest.raises(DiskFullError):
                recorder.seal()
            assert parts() == sealed
        disk.full = False
        recorder.seal()
    assert [row.turn for row in rows_read(run, "events")] == [1, 2, 3]
    assert [row.turn for row in rows_read(run, "calls")] == [1, 2, 3]


def test_a_recorder_that_was_superseded_can_acknowledge_nothing(run):
    stale = Recorder(run.path)
    stale.append("events", encode("events", [event(1)]))
    fresh = Recorder(run.path)
    assert (stale.epoch, fresh.epoch) == (1, 2)
    for action in (stale.commit, stale.seal):
        with pytest.raises(RecordError, match="epoch 2 has taken over"):
            action()
    fresh.append("events", encode("events", [event(2)]))
    fresh.seal()
    assert [row.turn for row in rows_read(run, "events")] == [2]


@pytest.mark.parametrize("after", [1, 2])
def test_what_a_superseded_recorder_is_writing_does_not_come_into_the_record(run, after):
    stale = Recorder(run.path)
    for table, row in (("calls", call(1)), ("events", event(1))):
        stale.append(table, encode(table, [row]))
    stale.commit()
    write, writes, read = stale._disk.write, count(1), {}

    def overtaken(descriptor, data):
        if next(writes) == after:  # in the middle of a commit of several tables
            Recorder(run.path)
            read.update({name: rows_read(run, name) for name in ("calls", "events")})
        write(descriptor, data)

    stale._disk.write = overtaken
    for table, row in (("calls", call(2)), ("events", event(2))):
        stale.append(table, encode(table, [row]))
    with pytest.raises(RecordError, match="epoch 2 has taken over"):
        stale.commit()
    assert read
    assert {name: rows_read(run, name) for name in read} == read


def test_an_error_while_a_recorder_is_closed_is_none_of_its_rows(run):
    class Closing(Disk):
        def close(self, descriptor):
            super().close(descriptor)
            raise OSError(errno.EIO, "no")

    recorder = Recorder(run.path)
    recorder.append("calls", encode("calls", [call(1)]))
    recorder.append("events", encode("events", [event(1)]))
    recorder.commit()
    recorder._disk = Closing()
    recorder.close()
    assert [row.turn for row in rows_read(run, "events")] == [1]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF, errno.ENOTSUP])
def test_a_file_system_that_syncs_no_folders_takes_a_record(run, monkeypatch, code):
    fsync = os.fsync

    def no_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", no_folders)
    with Recorder(run.path) as recorder:
        recorder.append("events", encode("events", [event(1)]))
        recorder.seal()
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_write_that_writes_nothing_is_an_error_and_is_not_repeated_for_ever(run, monkeypatch):
    with Recorder(run.path) as recorder:
        recorder.append("events", encode("events", [event(1)]))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda descriptor, data: 0)
            with pytest.raises(DiskError, match="nothing was written"):
                recorder.commit()
        recorder.seal()
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_recorder_that_failed_to_open_leaves_the_segments_before_it_to_be_frozen(run):
    stale = Recorder(run.path)
    stale.append("events", encode("events", [event(1)]))
    stale.commit()
    write, read = stale._disk.write, []

    class Failing(Disk):
        def sync_folder(self, path):
            raise OSError(errno.EIO, "no")

    def overtaken(descriptor, data):
        if not read:
            with pytest.raises(DiskError):
                Recorder(run.path, disk=Failing())  # its mark is made
            Recorder(run.path)
            read.append(rows_read(run, "events"))
        write(descriptor, data)

    stale._disk.write = overtaken
    stale.append("events", encode("events", [event(2)]))
    with pytest.raises(RecordError, match="epoch 3 has taken over"):
        stale.commit()
    assert [rows_read(run, "events")] == read


@pytest.mark.parametrize("before", [True, False])
def test_a_segment_begun_while_another_recorder_takes_over_holds_no_row(run, before):
    stale = Recorder(run.path)
    stale.append("events", encode("events", [event(1)]))
    create = stale._disk.create

    def overtaken(path):
        if before:
            Recorder(run.path)
        descriptor = create(path)
        if not before:
            Recorder(run.path)
        return descriptor

    stale._disk.create = overtaken
    with pytest.raises(RecordError, match="epoch 2 has taken over"):
        stale.commit()
    assert rows_read(run, "events") == []


def test_an_epoch_is_taken_once(run):
    Recorder(run.path, epoch=3)
    for epoch in (2, 3):
        with pytest.raises(SupersededError, match=f"another recorder has taken epoch {epoch}"):
            Recorder(run.path, epoch=epoch)


def test_a_seal_fenced_off_half_way_takes_nothing_away(run, monkeypatch):
    stale = Recorder(run.path)
    stale.append("events", encode("events", [event(1)]))
    stale.commit()
    replace = stale._disk.replace

    def overtaken(source, target):
        replace(source, target)
        Recorder(run.path)

    monkeypatch.setattr(stale._disk, "replace", overtaken)
    with pytest.raises(RecordError, match="has taken over"):
        stale.seal()
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_seal_fenced_off_while_it_merges_puts_no_list_in_place(run, monkeypatch):
    stale = Recorder(run.path)
    stale.append("events", encode("events", [event(1)]))
    stale.commit()
    create = stale._disk.create

    def overtaken(path):
        if path.suffix == ".parquet":
            Recorder(run.path)
        return create(path)

    monkeypatch.setattr(stale._disk, "create", overtaken)
    with pytest.raises(SupersededError, match="epoch 2 has taken over"):
        stale.seal()
    assert not list(run.path.glob("tables-*.json"))
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_damaged_segment_is_set_aside_and_told_of(run):
    with Recorder(run.path) as recorder:
        recorder.append("events", encode("events", [event(1)]))
        recorder.commit()
        recorder.append("events", encode("events", [event(2)]))
        recorder.commit()
    (segment,) = (run.path / "wal").glob("events-*.arrows")
    segment.write_bytes(segment.read_bytes()[:-10])
    with Recorder(run.path) as recorder:
        recorder.seal()
    (cut,) = run.sealed_files().cuts
    assert (cut.segment, cut.flaw) == (segment.name, "torn")
    assert segment.with_suffix(".cut").exists()
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_segment_removed_while_it_is_written_is_told_at_the_next_commit(run):
    recorder = Recorder(run.path)
    recorder.append("events", encode("events", [event(1), event(2)]))
    recorder.commit()
    (segment,) = (run.path / "wal").glob("events-*.arrows")
    segment.unlink()
    recorder.append("events", encode("events", [event(3)]))
    with pytest.raises(RecordError, match=r"3 rows of events were recorded and are not there"):
        recorder.commit()


def break_segment(folder, how):
    (segment,) = (folder / "wal").glob("events-*.arrows")
    if how == "removed":
        segment.unlink()
    else:
        os.truncate(segment, segment.stat().st_size - 10)


@pytest.mark.parametrize(("how", "lost"), [("removed", 3), ("cut", 1)])
def test_rows_that_were_committed_and_are_gone_are_told_when_the_rest_is_sealed(run, how, lost):
    recorder = Recorder(run.path)
    recorder.append("calls", encode("calls", [call(1), call(2)]))
    for turns in ([1, 2], [3]):
        recorder.append("events", encode("events", [event(turn) for turn in turns]))
        recorder.commit()
    break_segment(run.path, how)
    with pytest.raises(RecordError, match=f"{lost} rows? of events were recorded.*simnet resume"):
        recorder.seal()
    assert run.sealed
    assert len(rows_read(run, "calls")) == 2
    recorder.append("events", encode("events", [event(4)]))
    recorder.seal()
    assert [row.turn for row in rows_read(run, "events")] == [*range(1, 4 - lost), 4]


def test_a_seal_that_was_tried_again_tells_of_no_loss(run, monkeypatch):
    recorder = Recorder(run.path)
    recorder.append("events", encode("events", [event(1)]))
    recorder.commit()
    unlink = recorder._disk.unlink
    failing = iter([True])

    def fail_once(path):
        if next(failing, False):
            raise OSError(errno.EIO, "once")
        unlink(path)

    monkeypatch.setattr(recorder._disk, "unlink", fail_once)
    with pytest.raises(DiskError):
        recorder.seal()
    recorder.seal()
    assert [row.turn for row in rows_read(run, "events")] == [1]


def test_a_run_directory_that_was_moved_is_told_and_not_made_again(run, tmp_path):
    recorder = Recorder(run.path)
    recorder.append("events", encode("events", [event(1)]))
    recorder.commit()
    run.path.rename(tmp_path / "moved")
    recorder.append("events", encode("events", [event(2)]))
    for action in (recorder.commit, recorder.seal, lambda: Recorder(run.path)):
        with pytest.raises(RecordError, match="it was moved or removed while the run wrote"):
            action()
    assert not run.path.exists()
    assert Run.open(tmp_path / "moved").read("events")["turn"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.EROFS, DiskRefusalError), (errno.EACCES, DiskRefusalError),
        (errno.EPERM, DiskRefusalError), (errno.ENAMETOOLONG, DiskRefusalError),
        (errno.EISDIR, DiskRefusalError), (errno.ELOOP, DiskRefusalError),
        (errno.ENOSPC, DiskFullError), (errno.EIO, DiskError), (errno.ESTALE, DiskError),
    ],
)  # fmt: skip
def test_errors_that_pass_are_told_apart_from_those_that_do_not(run, code, kind):
    recorder = Recorder(run.path, disk=(disk := FaultyDisk(0, code)))
    recorder.append("events", encode("events", [event(1)]))
    disk.nth = disk.operations + 3
    with pytest.raises(DiskError) as caught:
        recorder.commit()
    assert type(caught.value) is kind


def test_bytes_that_are_no_batch_of_the_table_are_refused(run):
    recorder = Recorder(run.path)
    with pytest.raises(RecordError, match="not an encoded batch"):
        recorder.append("events", b"nonsense")
    with pytest.raises(RecordError, match="other columns"):
        recorder.append("events", encode("calls", [call(1)]))
    with pytest.raises(RecordError, match="no table 'evnets'"):
        recorder.append("evnets", b"")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"turn": 2**70}, "row 1: turn cannot hold"),
        ({"verb": None}, "row 1: verb is missing"),
        ({"text": 5}, "row 1: text cannot hold 5"),
        ({"shown": ("a",)}, "row 1: shown cannot hold"),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_named(fields, told):
    with pytest.raises(RecordError, match=told):
        encode("events", [event(1), event(2)._replace(**fields)])


def test_half_a_surrogate_pair_becomes_a_replacement_character():
    with pa.ipc.open_stream(encode("events", [event(1, text="a\ud83db"), event(2)])) as reader:
        assert reader.read_all()["text"].to_pylist() == ["a\ufffdb", "post 2 by ana"]


def test_columns_and_rows_encode_to_the_same_bytes():
    import numpy as np

    rows = [
        Exposure(float(n), "ana", n, n * 2, 0, 0.5, "recent", [None, "ben"][n % 2])
        for n in range(5)
    ]
    at, who, turn, post, rank, score, ranker, via = zip(*rows, strict=True)
    columns = [np.array(at), who, np.array(turn), np.array(post), rank, np.array(score), ranker]
    columns.append(via)
    assert encode_columns("exposures", columns) == encode("exposures", rows)
    with pytest.raises(RecordError, match="differ in length"):
        encode_columns("exposures", [*columns[:-1], via[:2]])


def test_a_merge_loads_a_piece_only_when_its_time_has_come():
    loaded = []

    def piece(start):
        def load():
            loaded.append(start)
            rows = [event(start + turn)._asdict() for turn in range(10)]
            return pa.Table.from_pylist(rows, arrow_schema("events"))

        return TableSlice(float(start), start + 9.0, 10, load)

    merged = merge(TABLES["events"], [piece(start) for start in (0, 10, 20, 30)])
    assert next(merged).num_rows == 10
    assert loaded == [0]
    assert sum(table.num_rows for table in merged) == 30


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=8)))
def test_however_rows_arrive_they_are_read_sorted_with_the_first_of_each_key(
    tmp_path_factory, steps
):
    run = Run.open(RunDirectory.create(tmp_path_factory.mktemp("runs"), "test").path)
    arrived = {}
    with Recorder(run.path, rotate_bytes=1_500) as recorder:
        for step, turns in enumerate(steps):
            rows = [call(turn, who)._replace(seconds=float(step)) for turn, who in turns]
            recorder.append("calls", encode("calls", rows))
            recorder.commit()
            for row in rows:
                arrived.setdefault((row.time, row.who, row.turn, row.call), row)
            if step % 3 == 2:
                recorder.seal()
        assert rows_read(run, "calls") == [arrived[key] for key in sorted(arrived)]
        recorder.seal()
    assert rows_read(run, "calls") == [arrived[key] for key in sorted(arrived)]


CHILD = """
import sys
from pathlib import Path
from made_rows import event
from simnet.recording.writing.recorder import Recorder
from simnet.recording.schema import encode

recorder = Recorder(Path(sys.argv[1]), rotate_bytes=20_000)
for step in range(100_000):
    recorder.append("events", encode("events", [event(step * 5 + n) for n in range(5)]))
    recorder.commit()
    print(step * 5 + 5, flush=True)
    if step % 20 == 19:
        recorder.seal()
"""


def test_a_killed_recorder_loses_no_acknowledged_row(run):
    rng = random.Random(5)
    for _ in range(KILLS):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(run.path)],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        ) as child:
            lines = [child.stdout.readline() for _ in range(rng.randrange(5, 60))]
            child.send_signal(signal.SIGKILL)
            lines += child.stdout.readlines()
        acknowledged = int([line for line in lines if line.endswith("\n")][-1])
        turns = run.read("events")["turn"].to_pylist()
        assert turns[:acknowledged] == list(range(acknowledged))
        assert len(set(turns)) == len(turns)
    with Recorder(run.path) as recorder:
        recorder.seal()
    assert run.read("events")["turn"].to_pylist() == turns
