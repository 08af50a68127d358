"""What many prompts have in common is stored once, and never lost to a call that names it."""

import errno
import random

import pyarrow as pa
import pytest
from faulty_disks import FaultyDisk
from made_rows import call, event

from simnet.errors import DiskError, RecordError
from simnet.inference.model import Call
from simnet.recording.checking.verify import verify
from simnet.recording.files.merge import unseen
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES, arrow_schema, encode, row_schema
from simnet.recording.writing.prompt_texts import PromptTextExtractor, extract_texts, text_hash
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

WORDS = "The mayor listens to whoever shouts. " * 20


@pytest.fixture
def run(tmp_path):
    return Run.open(RunDirectory.create(tmp_path / "runs", "test").path)


def asked(turn, system, who="ana"):
    return call(turn, who)._replace(system=system)


def append(recorder, *calls):
    recorder.append("calls", encode("calls", calls))


def told(run, columns=("turn", "system")):
    return [tuple(row.values()) for row in run.prompts(columns).read_all().to_pylist()]


def batch(*calls):
    with pa.ipc.open_stream(encode("calls", calls)) as reader:
        (rows,) = reader
    return rows


def problems(run):
    return {check.name: check.problems for check in verify(run) if check.problems}


def test_a_text_is_stored_once_however_often_it_is_said_and_by_however_many_recorders(run):
    texts = [f"{name}. {WORDS}" for name in ("Ana", "Ben")]
    for recorder_number in range(3):
        with Recorder(run.path) as recorder:
            for step in range(4):
                turn = recorder_number * 4 + step
                append(recorder, *(asked(2 * turn + n, text) for n, text in enumerate(texts)))
                recorder.commit()
            recorder.seal()
    assert sorted(run.read("prompt_texts")["text"].to_pylist()) == texts
    assert sum(part.rows for part in run.sealed_files().tables["prompt_texts"]) == 2
    assert told(run) == [(turn, texts[turn % 2]) for turn in range(24)]
    assert problems(run) == {}


def test_a_recorder_writes_a_text_to_its_segments_once(run):
    with Recorder(run.path) as recorder:
        for turn in range(50):
            append(recorder, asked(turn, WORDS))
            recorder.commit()
        assert [table_slice.rows for table_slice in run.slices("prompt_texts")] == [1]


def test_prompts_come_back_as_the_calls_that_were_recorded(run):
    calls = [asked(turn, f"{turn % 5} {WORDS}", who) for turn in range(40) for who in ("ana", "bo")]
    with Recorder(run.path) as recorder:
        append(recorder, *calls)
        recorder.commit()
        unsealed = run.prompts().read_all()
        recorder.seal()
    sealed = run.prompts().read_all()
    assert unsealed.equals(sealed)
    assert sealed.schema.equals(row_schema("calls"))
    assert [Call(**row) for row in sealed.to_pylist()] == calls
    assert run.prompts(["who", "user"]).read_all().column_names == ["who", "user"]


def test_the_hash_is_of_the_text_and_the_table_says_so(run):
    with Recorder(run.path) as recorder:
        append(recorder, asked(1, "Grüße, 世界"))
        recorder.seal()
    (part,) = run.read("prompt_texts").to_pylist()
    assert part == {"hash": text_hash("Grüße, 世界".encode()), "text": "Grüße, 世界"}
    assert run.read("calls")["system_hash"].to_pylist() == [part["hash"]]
    assert run.prompt_text(part["hash"]) == part["text"]
    with pytest.raises(RecordError, match="the text 0000"):
        run.prompt_text("0000")


def test_what_a_recorder_remembers_is_bounded_and_what_is_forgotten_is_dropped_later(run):
    extractor = PromptTextExtractor(most=3)
    chance = random.Random(4)
    texts = [f"text {chance.randrange(10)}" for _ in range(300)]
    slices = []
    for turn, text in enumerate(texts):
        *parts, (name, rows) = extractor.split("calls", batch(asked(turn, text)))
        slices += [rows for _, rows in parts]
        assert (name, rows.schema) == ("calls", arrow_schema("calls"))
        assert len(extractor._recent) <= 3
    assert len(slices) > 10, "some came again"
    seen = set()
    kept = [
        row["text"]
        for table_slice in slices
        for table in unseen(TABLES["prompt_texts"], [_slice(table_slice)], seen)
        for row in table.to_pylist()
    ]
    assert sorted(kept) == sorted(set(texts))


def _slice(rows):
    from simnet.recording.files.merge import TableSlice

    return TableSlice(0.0, 0.0, rows.num_rows, lambda: pa.Table.from_batches([rows]))


def test_a_text_in_use_is_not_forgotten():
    extractor = PromptTextExtractor(most=2)
    parts = []
    for turn in range(20):
        for text in ("always", f"once {turn}"):
            parts += extractor.split("calls", batch(asked(turn, text)))[:-1]
    texts = [text for _, rows in parts for text in rows.column("text").to_pylist()]
    assert texts.count("always") == 1


def test_rows_of_other_tables_are_left_alone():
    with pa.ipc.open_stream(encode("events", [event(1)])) as reader:
        (rows,) = reader
    assert PromptTextExtractor().split("events", rows) == [("events", rows)]


def test_one_batch_with_a_text_in_many_rows_has_one_part():
    rows, parts = extract_texts("calls", batch(*(asked(turn, WORDS) for turn in range(100))))
    assert parts.to_pylist() == [{"hash": text_hash(WORDS.encode()), "text": WORDS}]
    assert set(rows.column("system_hash").to_pylist()) == {text_hash(WORDS.encode())}


@pytest.mark.parametrize("nth", range(1, 40))
def test_a_call_is_never_on_disk_before_its_text(run, nth):
    """Whichever operation fails and ends the recorder, what can be read has its texts."""
    disk = FaultyDisk(nth, errno.EIO)
    try:
        recorder = Recorder(run.path, disk=disk)
        for turn in range(4):
            append(recorder, asked(turn, f"{turn} {WORDS}"))
            recorder.commit()
    except DiskError:
        assert disk.failed
    assert [turn for turn, _ in told(run)] == list(range(len(told(run))))
    assert problems(run) == {}


def test_a_text_that_was_lost_to_damage_is_told_of_and_never_made_up(run):
    with Recorder(run.path) as recorder:
        append(recorder, asked(1, WORDS))
        recorder.commit()
    (segment,) = (run.path / "wal").glob("prompt_texts-*.arrows")
    data = bytearray(segment.read_bytes())
    data[-20] ^= 4
    segment.write_bytes(data)
    with pytest.raises(RecordError, match=r"not in prompt_texts.*simnet verify"):
        run.prompts().read_all()
    assert problems(run)["the text of every prompt is there"] == (
        "1 call with texts that are not in prompt_texts",
    )
    assert run.read("calls").num_rows == 1, "its reply is still there to resume from"


def test_a_text_that_is_not_what_its_hash_says_is_found(run):
    with Recorder(run.path) as recorder:
        append(recorder, asked(1, WORDS))
        other = extract_texts("calls", batch(asked(2, "Another text.")))[1]
        wrong = other.set_column(1, "text", pa.array(["A forged text."]))
        recorder._waiting["prompt_texts"] = [wrong.cast(arrow_schema("prompt_texts"))]
        recorder.seal()
    assert "is not what was recorded" in problems(run)["the text of every prompt is there"][0]
