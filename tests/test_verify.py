"""Each thing that `simnet verify` looks at is found when it is wrong, a slice at a time."""

import numpy as np
import pyarrow as pa
import pytest
from made_rows import call, event

from simnet.recording.checking.fingerprints import fingerprints
from simnet.recording.checking.verify import verify
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import LedgerLine, State
from simnet.recording.reading.run import Run
from simnet.recording.row_types import LedgerRow
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory


@pytest.fixture(autouse=True)
def slices_are_small(monkeypatch):
    monkeypatch.setattr(wal, "_ROWS_PER_SLICE", 4)
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 4)


def recorded(tmp_path, events=(), calls=(), **facts):
    directory = RunDirectory.create(tmp_path, "test")
    directory.start()
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", events))
        recorder.append("calls", encode("calls", calls))
        recorder.append("ledger", encode("ledger", [LedgerRow("planned", "", len(events))]))
        recorder.seal()
    directory.finish(facts.pop("state", State.INTERRUPTED), **facts)
    return Run.open(directory.path)


def problems(run):
    found = {check.name: check.problems for check in verify(run)}
    assert len(found) == 9
    return [problem for told in found.values() for problem in told]


def thread(turn, post, root, who="ana", verb="reply"):
    return event(turn, who, post=post, root=root, verb=verb)


SOUND = [event(0), *(thread(turn, turn - 1, 0) for turn in range(1, 20))]


def test_what_is_sound_passes(tmp_path):
    asked = [call(turn, number=number) for turn in range(10) for number in range(3)]
    ledger = [LedgerLine(outcome="planned", turns=20), LedgerLine(outcome="done", turns=20)]
    run = recorded(tmp_path, SOUND, asked, state=State.COMPLETED, ledger=ledger)
    assert problems(run) == []


def test_tables_are_never_read_whole(tmp_path, monkeypatch):
    run = recorded(tmp_path, SOUND, [call(turn) for turn in range(20)])
    longest = []
    batches = Run.batches

    def watched(self, name, columns=None):
        for rows in batches(self, name, columns):
            longest.append(rows.num_rows)
            yield rows

    monkeypatch.setattr(Run, "batches", watched)
    monkeypatch.delattr(Run, "read")
    assert problems(run) == []
    assert max(longest) <= 4 < len(longest)


FLAWED = [
    (
        [event(1, time=1.0), event(1, time=9.0, made=3)],
        "events: 1 keys are there more than once, first",
    ),
    ([event(1, part=1), event(2)], "turn 1 of @ana has no row with part 0"),
    ([event(1), event(2)._replace(turn=None)], "1 event without a turn or a cue"),
    ([event(1, woke=1.5)], "1 turn landed before their agents woke"),
    ([event(5, time=1.0, woke=0.0, made=1), event(4, made=2)], "1 turn landed after a later turn"),
    ([event(1, made=7), event(2, made=6)], "posts are not numbered in the order"),
    ([event(1, made=7), event(2, made=7)], "post 7 was made after 7, or twice"),
    ([event(1), thread(2, 9, 1)], "post 2 is a reply to 9, which is not in the thread of 1"),
    ([event(1), event(2), thread(3, 2, 1)], "post 3 is a reply to 2, which is not in the thread"),
    ([event(1), thread(3, 2, 1, verb="quote")], "post 3 is a quote to 2"),
]


@pytest.mark.parametrize(("events", "told"), FLAWED)
def test_events_that_cannot_be_are_told(tmp_path, events, told):
    before = [event(turn, "ben", time=-9.0 + turn / 10, woke=-20.0, made=None) for turn in range(9)]
    found = problems(recorded(tmp_path, [*before, *events]))
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize("numbers", [(1,), (0, 2), (0, 1, 3)])
def test_a_call_without_the_one_before_it_is_told(tmp_path, numbers):
    asked = [*(call(turn) for turn in range(9)), *(call(9, number=one) for one in numbers)]
    assert problems(recorded(tmp_path, calls=asked)) == [
        f"turn 9 of @ana lacks one of its calls before call {numbers[-1]}"
    ]


def test_the_first_call_of_the_next_turn_is_no_gap(tmp_path):
    asked = [call(1, number=0), call(1, number=1), call(2), call(2, "ben"), call(3, number=0)]
    assert problems(recorded(tmp_path, calls=asked)) == []


def test_a_ledger_that_differs_is_told(tmp_path):
    ledger = [LedgerLine(outcome="planned", turns=20), LedgerLine(outcome="failed", turns=20)]
    run = recorded(tmp_path, SOUND, state=State.COMPLETED, ledger=ledger)
    assert problems(run) == [
        "the ledger has 0 turns done, the events have 20",
        "the ledger has 20 turns failed, the events have 0",
    ]


def test_a_repeated_key_is_told_with_how_many_there_are(tmp_path):
    events = [event(turn, time=turn + 100 * time) for time in range(2) for turn in range(6)]
    events = [one._replace(woke=0.0, made=None) for one in events]
    (told, *_) = problems(recorded(tmp_path, events))
    assert told.startswith("events: 6 keys are there more than once, first {'who': 'ana', 'turn':")


# -- fingerprints -------------------------------------------------------------------------


def table(**columns):
    return pa.table(columns)


def test_rows_that_are_equal_have_equal_fingerprints_wherever_they_are():
    rows = table(who=["b", "a", "b", None], turn=[1, 2, 1, None], time=[0.5, 1.5, 0.5, 2.5])
    sums = fingerprints(rows)
    assert sums[0] == sums[2]
    assert len(set(sums.tolist())) == 3
    assert (fingerprints(rows.slice(1, 2)) == sums[1:3]).all()
    assert fingerprints(rows.slice(0, 0)).tolist() == []


def test_a_null_is_not_a_zero_nor_an_empty_text():
    rows = table(who=["", None, "", None], turn=[0, 0, None, None])
    assert len(set(fingerprints(rows).tolist())) == 4


def test_a_million_keys_have_a_million_fingerprints():
    who = pa.array([f"member{n}" for n in range(1000)]).take(pa.array(np.arange(10**6) % 1000))
    rows = pa.table({"who": who, "turn": np.arange(10**6) // 1000})
    sums = fingerprints(rows)
    assert len(np.unique(sums)) == 10**6
    assert abs(np.mean(sums % 2) - 0.5) < 0.01
