"""A run in the user's process: the thread that writes its record, and its garbage collector."""

import asyncio
import errno
import gc
import threading

import pytest
from made_rows import event

from simnet import Cohort, FakeModel, Scenario, run, sample
from simnet.errors import DiskFullError
from simnet.feeds import Feed, everything
from simnet.foundation.disk import Disk
from simnet.recording.reading.run import Run
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.rhythms import Steps
from simnet.runtime.gc_tuning import collecting_rarely
from simnet.runtime.in_process import LocalRecord


class HeldDisk(Disk):
    """A disk that can be held up in a sync, and whose next sync may find it full."""

    def __init__(self):
        self.syncing, self.let_go, self.full = threading.Event(), threading.Event(), False
        self.let_go.set()

    def hold(self):
        self.syncing.clear()
        self.let_go.clear()

    def fsync(self, descriptor):
        self.syncing.set()
        self.let_go.wait()
        if self.full:
            self.full = False
            raise OSError(errno.ENOSPC, "no room")
        super().fsync(descriptor)


@pytest.fixture
def folder(tmp_path):
    return RunDirectory.create(tmp_path / "runs", "test").path


def rows(*turns):
    return [("events", encode("events", [event(turn) for turn in turns]))]


def test_the_event_loop_goes_on_while_the_disk_works_and_batches_keep_their_order(folder):
    async def written():
        disk = HeldDisk()
        record = LocalRecord(Recorder(folder, disk=disk))
        disk.hold()
        writes = [asyncio.create_task(record.write(rows(turn))) for turn in range(3)]
        await asyncio.to_thread(disk.syncing.wait)
        done = [write.done() for write in writes]
        disk.let_go.set()
        await asyncio.gather(*writes)
        await record.seal()
        record.close()
        return done

    assert asyncio.run(written()) == [False, False, False]
    assert Run.open(folder).read("events")["turn"].to_pylist() == [0, 1, 2]


def test_a_record_that_is_closed_waits_for_the_write_under_way(folder):
    async def written():
        disk = HeldDisk()
        record = LocalRecord(Recorder(folder, disk=disk))
        disk.hold()
        write = asyncio.create_task(record.write(rows(0)))
        await asyncio.to_thread(disk.syncing.wait)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        disk.let_go.set()
        record.close()

    asyncio.run(written())
    assert Run.open(folder).read("events").num_rows == 1


def test_a_write_that_failed_raises_where_it_is_awaited_and_is_made_good_by_the_next(folder):
    async def written():
        disk = HeldDisk()
        record = LocalRecord(Recorder(folder, disk=disk))
        disk.full = True
        with pytest.raises(DiskFullError, match="the disk is full"):
            await record.write(rows(0))
        await record.write(())
        record.close()

    asyncio.run(written())
    assert Run.open(folder).read("events").num_rows == 1


def test_runs_that_overlap_restore_the_thresholds_of_the_collector_after_the_last():
    before = gc.get_threshold()
    first, second = collecting_rarely(), collecting_rarely()
    with first:
        during = gc.get_threshold()
        second.__enter__()
    assert gc.get_threshold() == during
    assert during[0] > before[0]
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


@pytest.mark.parametrize("own", [(0, 10, 10), (500_000, 5, 5)])
def test_a_collector_that_the_user_has_set_is_left_alone(own):
    before = gc.get_threshold()
    gc.set_threshold(*own)
    try:
        with collecting_rarely():
            assert gc.get_threshold() == own
        assert gc.get_threshold() == own
    finally:
        gc.set_threshold(*before)


def test_a_run_restores_the_collector(tmp_path):
    before, during = gc.get_threshold(), []

    async def looks(me, view, ask):
        during.append(gc.get_threshold())
        return []

    people = Cohort("people", sample(2), behaviour=looks, rhythm=Steps(30))
    run(
        Scenario("looks", [people], lasts=60, feed=Feed(reads=everything)),
        model=FakeModel(lambda prompt: "Yes."),
        out=tmp_path,
    )
    assert during[0][0] > before[0]
    assert gc.get_threshold() == before
