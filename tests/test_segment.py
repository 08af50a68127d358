"""A segment reads as its longest intact prefix, whatever happened to the file."""

import os
import random
import string
from itertools import chain

import pyarrow as pa
import pytest
from made_rows import event

from simnet.errors import RecordError
from simnet.recording.files import segment as segments
from simnet.recording.files.segment import batch_message, load, read_segment, schema_message
from simnet.recording.schema import arrow_schema, encode

EVERY = os.environ.get("SIMNET_EXHAUSTIVE") == "1"


def noise(rng, length):
    return "".join(rng.choices(string.ascii_letters, k=length))


def a_segment(path, batches, rows, text_length=40):
    """Write a segment; return its rows by batch and the offsets at which batches end."""
    rng = random.Random(7)
    data = schema_message("events")
    ends, contents, turn = [], [], 0
    for _ in range(batches):
        made = [event(turn + n, text=noise(rng, text_length)) for n in range(rows)]
        with pa.ipc.open_stream(encode("events", made)) as reader:
            data += batch_message("events", reader.read_next_batch(), turn)
        turn += rows
        ends.append(len(data))
        contents.append([row.text for row in made])
    path.write_bytes(data)
    return contents, ends


def texts(path):
    found = read_segment(path, "events")
    return load(found, found.batches)["text"].to_pylist(), found


def rows_in(contents, ends, intact):
    return [
        text for texts, end in zip(contents, ends, strict=True) if end <= intact for text in texts
    ]


def test_an_intact_segment_reads_whole_and_tells_what_is_in_it(tmp_path):
    contents, ends = a_segment(tmp_path / "s", batches=4, rows=10)
    read, found = texts(tmp_path / "s")
    assert read == [*chain.from_iterable(contents)]
    assert (found.flaw, found.intact, found.rows) == (None, ends[-1], 40)
    assert [(b.low, b.high, b.last) for b in found.batches][:2] == [
        (0.0, 9.0, ["ana", 9, None, 0]),
        (10.0, 19.0, ["ana", 19, None, 0]),
    ]


def test_any_arrow_reader_opens_a_segment(tmp_path):
    contents, _ = a_segment(tmp_path / "s", batches=3, rows=5)
    with pa.ipc.open_stream(tmp_path / "s") as reader:
        batch, seal = reader.read_next_batch_with_custom_metadata()
        rest = reader.read_all()
    assert seal[b"simnet"].startswith(b'{"bytes":"')
    assert batch["text"].to_pylist() + rest["text"].to_pylist() == [*chain.from_iterable(contents)]


def test_an_empty_file_and_a_file_of_zeros_have_no_rows(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "zeros").write_bytes(bytes(10_000))
    assert read_segment(tmp_path / "empty", "events").batches == ()
    assert read_segment(tmp_path / "zeros", "events").flaw == "damaged"


@pytest.mark.slow
def test_every_truncation_of_64_kib_reads_as_the_longest_intact_prefix(tmp_path):
    path = tmp_path / "s"
    contents, ends = a_segment(path, batches=16, rows=25, text_length=100)
    whole = path.read_bytes()
    assert len(whole) > 64 << 10
    header = len(schema_message("events"))
    with path.open("r+b") as file:
        for length in range(64 << 10, -1, -1):
            file.truncate(length)
            found = read_segment(path, "events")
            assert found.intact == max([0, *(end for end in [header, *ends] if end <= length)])
            assert (found.flaw is None) == (found.intact == length)
            if length % 4096 == 0:
                expected = rows_in(contents, ends, found.intact)
                assert load(found, found.batches)["text"].to_pylist() == expected


@pytest.mark.slow
def test_every_flipped_bit_of_4_kib_cuts_the_segment_and_never_reads_wrong(tmp_path):
    path = tmp_path / "s"
    contents, ends = a_segment(path, batches=3, rows=4, text_length=12)
    whole = path.read_bytes()
    bits = range(8 * min(len(whole), 4 << 10))
    for bit in bits if EVERY else random.Random(1).sample(bits, 8_000):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        read, found = texts(path)
        before = max(
            [0, *(end for end in [len(schema_message("events")), *ends] if end <= bit // 8)]
        )
        assert found.intact == before
        assert found.flaw in {"torn", "damaged"}
        assert read == rows_in(contents, ends, before)


def test_many_bytes_overwritten_at_random_never_read_wrong(tmp_path):
    path = tmp_path / "s"
    contents, _ = a_segment(path, batches=3, rows=4)
    whole = path.read_bytes()
    rng = random.Random(3)
    for _ in range(500):
        damaged = bytearray(whole)
        start = rng.randrange(len(whole))
        damaged[start : start + rng.randrange(1, 200)] = rng.randbytes(rng.randrange(0, 200))
        path.write_bytes(damaged)
        read, _ = texts(path)
        assert read == [*chain.from_iterable(contents)][: len(read)]


def test_text_that_looks_like_a_seal_is_only_text(tmp_path):
    forged = '{"bytes":"000000000001","crc32":"00000000","rows":1}'
    batch = pa.RecordBatch.from_pylist(
        [event(1, who=forged, text=forged)._asdict()], schema=arrow_schema("events")
    )
    (tmp_path / "s").write_bytes(schema_message("events") + batch_message("events", batch, 0))
    read, found = texts(tmp_path / "s")
    assert (read, found.flaw) == ([forged], None)


def test_a_segment_of_a_newer_version_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "SCHEMA_VERSION", 99)
    (tmp_path / "s").write_bytes(schema_message("events"))
    monkeypatch.undo()
    with pytest.raises(RecordError, match="upgrade simnet"):
        read_segment(tmp_path / "s", "events")


def test_a_segment_of_another_table_is_refused(tmp_path):
    (tmp_path / "s").write_bytes(schema_message("calls"))
    with pytest.raises(RecordError, match="'calls', not 'events'"):
        read_segment(tmp_path / "s", "events")


def test_a_segment_is_read_while_another_thread_holds_a_frame_that_reads_it(tmp_path, monkeypatch):
    contents, _ = a_segment(tmp_path / "s", batches=2, rows=3)
    held = []

    def check(message, original=segments.check_message):
        held.append(message)  # as a frame does that the watchdog looks at
        return original(message)

    monkeypatch.setattr(segments, "check_message", check)
    assert texts(tmp_path / "s")[0] == [*chain.from_iterable(contents)]
    assert held
