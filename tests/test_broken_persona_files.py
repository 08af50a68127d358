"""Broken variants of persona files: one clear error with file and line, or counted and listed."""

import json
import re

import pytest

from simnet.errors import PersonaError
from simnet.personas.sources import read

GOOD = {"id": "urn:a", "persona": "A botanist.", "labels": '["Botany"]'}


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


BROKEN = {
    "missing column": (
        jsonl(GOOD, {"id": "urn:b", "labels": "[]"}),
        "line 2: field `persona`: is missing",
    ),
    "bad line": (jsonl(GOOD) + b'{"id": "urn:b", \n', "line 2: is not JSON"),
    "duplicate id": (jsonl(GOOD, GOOD), "line 2: field `id`: 'urn:a' is the id at line 1 already"),
    "field of 10 MB": (
        jsonl(GOOD, GOOD | {"id": "urn:b", "persona": "x" * 10_000_000}),
        "line 2: persona 'urn_b': `description` has 10,000,000 characters; write 20,000",
    ),
    "encoding of one line": (
        jsonl(GOOD) + b'{"id": "urn:b", "persona": "Caf\xe9.", "labels": []}\n',
        "line 2: byte 32 is not UTF-8; save the file as UTF-8",
    ),
    "list that is none": (
        jsonl(GOOD, GOOD | {"id": "urn:b", "labels": "Botany, Music"}),
        "line 2: field `labels`: 'Botany, Music' is not a list",
    ),
    "list that is a number": (
        jsonl(GOOD, GOOD | {"id": "urn:b", "labels": 3}),
        "line 2: field `labels`: is a number, not a list",
    ),
    "row that is no object": (jsonl(GOOD, [1, 2]), "line 2: is not an object"),
    "short line": (
        b"id,persona,labels\nurn:a,A botanist.,[]\nurn:b,A cellist.\n",
        "line 3: has 2 fields where the header has 3",
    ),
    "encoding of a cell": (
        b"id,persona,labels\nurn:a,A botanist.,[]\nurn:b,Caf\xe9,[]\n",
        "line 3: is not UTF-8; save the file as UTF-8",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_told_with_file_line_and_field_or_skipped_and_listed(tmp_path, what):
    content, says = BROKEN[what]
    path = tmp_path / "people.data"
    path.write_bytes(content)
    with pytest.raises(PersonaError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: 1 row cannot be read; nothing was imported.")
    assert f"\n  {says}" in message
    assert len(message) < 600
    batch = read(path, skip_bad=True)
    assert [one.description for one in batch.personas] == ["A botanist."]
    assert [f"{place}: {why}"[: len(says)] for place, why in batch.skipped] == [says]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no personas in this file; it has no rows"),
        (b"\n \n", "no personas in this file; it has no rows"),
        (b"id,persona,labels\n", "no personas in this file; it has no rows"),
        ('{"id": "a"}'.encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "the compressed file is damaged or cut off"),
        (b"PK\x03\x04rest", "is a zip archive or an Excel workbook"),
        (b"<html></html>", "is XML or a web page"),
        (b'[{"id": "a", "persona": "b"},\n {]', "line 2, column 3: not JSON"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_told_in_one_line(tmp_path, content, says):
    path = tmp_path / "people.jsonl"
    path.write_bytes(content)
    for skip_bad in (False, True):
        with pytest.raises(PersonaError, match=re.escape(says)) as caught:
            read(path, skip_bad=skip_bad)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + jsonl(GOOD),
        jsonl(GOOD).replace(b"\n", b"\r\n"),
        b'\xef\xbb\xbfid,persona,labels\r\nurn:a,A botanist.,"[""Botany""]"\r\n',
        b"id;persona;labels\nurn:a;A botanist.;['Botany']\n",
        json.dumps([GOOD], indent=2).encode(),
    ],
)
@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "people"])
def test_marks_line_ends_and_suffixes_change_nothing(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    (one,) = read(path).personas
    assert (one.id, one.description) == ("urn_a", "A botanist.")
    assert one.attributes == {"labels": ["Botany"], "original_id": "urn:a"}
