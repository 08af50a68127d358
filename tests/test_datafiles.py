"""Rows of CSV, JSON, JSON Lines and Parquet files, packed and not, sound and broken."""

import bz2
import gzip
import json
import lzma
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simnet.datafiles import Broken, Reading, rows
from simnet.errors import InputError

PEOPLE = [{"id": "ann", "note": "Bakes, and\nargues"}, {"id": "bö", "note": "y" * 200_000}]


def as_csv():
    cells = "".join(f'{one["id"]},"{one["note"]}"\r\n' for one in PEOPLE)
    return f"id,note\r\n{cells}".encode()


def as_lines():
    return "".join(json.dumps(one) + "\n\n" for one in PEOPLE).encode()


def as_list():
    return b"\xef\xbb\xbf" + json.dumps(PEOPLE, indent=1).encode()


def as_parquet():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(PEOPLE), sink)
    return sink.getvalue().to_pybytes()


def zstd(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


PACKINGS = {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("content", [as_csv, as_lines, as_list, as_parquet])
@pytest.mark.parametrize("pack", [*PACKINGS.values(), zstd], ids=[*PACKINGS, "zst"])
def test_the_same_data_gives_the_same_rows_in_every_container(tmp_path, content, pack):
    path = tmp_path / "named.anyhow"
    path.write_bytes(pack(content()))
    assert [row.fields for row in rows(path)] == PEOPLE


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_compressed_file_that_is_cut_off_is_told_of(tmp_path, pack):
    path = tmp_path / "a.csv.gz"
    whole = pack(as_lines())
    path.write_bytes(whole[: len(whole) - 9])
    with pytest.raises(InputError, match=r"a\.csv\.gz: the (compressed )?file is damaged"):
        list(rows(path))


def test_headings_are_stripped_and_an_index_without_a_name_is_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(', id ,"note\t",Unnamed: 3\n0, a,b,7\n', encoding="utf-8")
    assert [row.fields for row in rows(path)] == [{"id": " a", "note": "b"}]
    frame = pa.table({"id": ["a"], "__index_level_0__": [0], "age": [float("nan")]})
    pq.write_table(frame, tmp_path / "a.parquet")
    assert [row.fields for row in rows(tmp_path / "a.parquet")] == [{"id": "a", "age": None}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_that_is_not_blank_decides_the_delimiter(tmp_path, delimiter):
    path = tmp_path / "a"
    path.write_text(f"\n  \nid{delimiter}note\na{delimiter}b, c\n", encoding="utf-8")
    quoted = '"b, c"' if delimiter == "," else "b, c"
    path.write_text(f"\n  \nid{delimiter}note\na{delimiter}{quoted}\n", encoding="utf-8")
    (row,) = rows(path)
    assert (row.place, row.fields) == ("line 4", {"id": "a", "note": "b, c"})


def test_a_broken_row_is_told_with_its_place_and_the_next_ones_are_read(tmp_path):
    cases = {
        "a.csv": b'id,note\na,b\nb,"c"d\nc,\xe9\nd\ne,f\n',
        "a.jsonl": b'{"id": "a"}\n{"id": \n{"id": "\xe9"}\n[1]\n{"id": "e"}\n',
        "a.json": b'[{"id": "a"},\n 3, {"x": NaN},\n "b",\n {"id": "e"}]',
    }
    places = {
        "a.csv": ["line 3", "line 4", "line 5"],
        "a.jsonl": ["line 2", "line 3", "line 4"],
        "a.json": ["item 2 (line 2)", "item 3 (line 2)", "item 4 (line 3)"],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        found = list(rows(tmp_path / name))
        assert [row.place for row in found if isinstance(row, Broken)] == places[name]
        whole = [row.fields["id"] for row in found if not isinstance(row, Broken)]
        assert whole == ["a", "e"]


def test_one_object_is_a_row_or_is_around_rows(tmp_path):
    path = tmp_path / "a.jsonl"
    reading = Reading(wrappers=("personas", "agents"))
    for content, ids in [
        ({"id": "a", "agents": ["b"]}, ["a"]),
        ({"agents": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"a": {"age": 3}, "b": {"id": "c"}}, ["a", "c"]),
        ({"agents": [{"row_idx": 0, "row": {"id": "a"}}]}, ["a"]),
    ]:
        for indent in (None, 2):
            path.write_text(json.dumps(content, indent=indent), encoding="utf-8")
            assert [row.fields["id"] for row in rows(path, reading)] == ids
    path.write_text('{"licence": "CC0-1.0", "personas": [{"id": "a"}]}', encoding="utf-8")
    assert [row.fields for row in rows(path)] == [{"licence": "CC0-1.0", "id": "a"}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04rest", "zip archive or an Excel workbook"),
        (b"SQLite format 3\x00", "SQLite database; export"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"ARROW1\x00\x00", "save it as Parquet"),
        (b"<!DOCTYPE html>", "web page"),
        (b'{"a": 1,\n "b" 2}', "line 2, column"),
        (b'[{"a": 1}\n {"b": 2}]', "line 2, column"),
        (b'[{"a": 1}] x', "Extra data"),
        (b'[{"a": "\xe9"}]', "line 1: byte .* is not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is_and_what_to_do(tmp_path, content, says):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        list(rows(path))


def test_a_folder_and_a_file_that_is_not_there_are_told_of(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        rows(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        rows(tmp_path / "a.csv")


def test_a_pipe_is_refused_before_it_is_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"pipe is no regular file; write what comes from it to"):
        list(rows(pipe))
