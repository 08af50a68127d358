"""Replies of a job are durable before they count, and survive a crash."""

import asyncio
import errno

import pytest
from faulty_disks import FaultyDisk

from simnet.errors import DiskFullError, UsageError
from simnet.inference.model import Completion, Prompt
from simnet.synthesis.asking.reply_log import SUFFIX, Facts, ReplyLog, key_of

FACTS = Facts("text-to-persona", "0123456789abcdef", 0, "their patient")


def prompt(number):
    return Prompt(system="s", user="u", seed=number)


def reply(number):
    return Completion(f"reply {number}", "stop", 3, None, 4, 0.5, "I think", constrained=True)


async def keep(log, numbers):
    await asyncio.gather(
        *(
            log.keep(key_of("m", prompt(one)), FACTS, "m", prompt(one), reply(one))
            for one in numbers
        )
    )


def kept(log, numbers):
    return [log.get(key_of("m", prompt(one))) for one in numbers]


def test_replies_are_read_back_in_full_after_a_restart(tmp_path):
    with ReplyLog(tmp_path / "work") as log:
        asyncio.run(keep(log, range(50)))
        assert kept(log, [7]) == [reply(7)]
    with ReplyLog(tmp_path / "work") as log:
        assert len(log) == 50
        asyncio.run(keep(log, [50]))
        assert kept(log, range(51)) == [reply(one) for one in range(51)]
        assert kept(log, [51]) == [None]
    assert len(list((tmp_path / "work").glob(f"*{SUFFIX}"))) == 2


def test_replies_that_arrive_together_are_synced_together(tmp_path):
    disk = FaultyDisk(nth=0)
    with ReplyLog(tmp_path, disk) as log:
        before = disk.operations
        asyncio.run(keep(log, range(200)))
        assert disk.operations - before < 20


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_torn_end_loses_its_own_replies_alone(tmp_path, cut):
    with ReplyLog(tmp_path) as log:
        asyncio.run(keep(log, [0]))
        asyncio.run(keep(log, [1]))
    (path,) = tmp_path.glob(f"*{SUFFIX}")
    path.write_bytes(path.read_bytes()[:-cut])
    with ReplyLog(tmp_path) as log:
        assert kept(log, [0, 1]) == [reply(0), None]
        assert log.torn == [path]
        asyncio.run(keep(log, [1]))
    with ReplyLog(tmp_path) as log:
        assert kept(log, [0, 1]) == [reply(0), reply(1)]


def test_a_damaged_reply_is_taken_for_none(tmp_path):
    with ReplyLog(tmp_path) as log:
        asyncio.run(keep(log, range(3)))
    (path,) = tmp_path.glob(f"*{SUFFIX}")
    data = path.read_bytes()
    assert data.count(b"reply 1") == 1
    path.write_bytes(data.replace(b"reply 1", b"reply 7"))
    with ReplyLog(tmp_path) as log:
        assert kept(log, range(3)) == [reply(0), None, reply(2)]
        asyncio.run(keep(log, [1]))
        assert kept(log, [1]) == [reply(1)]
    with ReplyLog(tmp_path) as log:
        assert kept(log, range(3)) == [reply(one) for one in range(3)]
    path.write_bytes(data.replace(b"reply 1", b"reply \xff"))
    with ReplyLog(tmp_path) as log:
        assert kept(log, [0]) == [reply(0)]


def test_a_full_disk_is_an_error_for_those_who_wait_and_hurts_no_other_reply(tmp_path):
    disk = FaultyDisk(nth=0)
    with ReplyLog(tmp_path, disk) as log:
        asyncio.run(keep(log, [0]))
        disk.nth, disk.code = disk.operations + 1, errno.ENOSPC
        with pytest.raises(DiskFullError, match="make room"):
            asyncio.run(keep(log, [1]))
        assert kept(log, [1]) == [None]
        asyncio.run(keep(log, [2]))
        assert kept(log, [0, 2]) == [reply(0), reply(2)]
    with ReplyLog(tmp_path) as log:
        assert kept(log, [0, 1, 2]) == [reply(0), None, reply(2)]


def test_two_processes_cannot_use_one_folder(tmp_path):
    with (
        ReplyLog(tmp_path),
        pytest.raises(UsageError, match="in use by another process"),
        ReplyLog(tmp_path),
    ):
        pass


def test_keys_tell_models_seeds_and_texts_apart():
    one = prompt(1)
    keys = {key_of("m", one), key_of("n", one), key_of("m", prompt(2))}
    assert len(keys) == 3
    assert key_of("m", prompt(1)) in keys
