"""Personas read a list at a time."""

import json
import tracemalloc
from itertools import islice

import pytest

from simnet.errors import PersonaError
from simnet.personas.sources import read, read_batches
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.naming.handles import Handles
from simnet.personas.sources.naming.id_table import IdTable


@pytest.fixture
def table(tmp_path):
    """Write rows of which some are broken, given their numbers."""

    def write(count, broken=()):
        rows = [
            "{" if number in broken else json.dumps({"persona": f"Baker {number}.", "labels": "[]"})
            for number in range(count)
        ]
        path = tmp_path / "bakers.jsonl"
        path.write_text("\n".join(rows))
        return path

    return write


def test_lists_have_the_size_that_is_asked_for_and_hold_what_the_whole_file_holds(table):
    path = table(25)
    batches = list(read_batches(path, batch_size=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [one for batch in batches for one in batch] == read(path).personas


def test_a_list_is_given_before_the_rest_of_the_file_is_read(table):
    path = table(100_000)
    with path.open("rb+") as file:
        file.seek(3_000_000)
        file.write(b"\xff")  # no UTF-8 there
    batches = read_batches(path, batch_size=4, revision="1")
    assert [one.description for one in next(batches)] == [f"Baker {number}." for number in range(4)]
    assert batches.source.format == "finepersonas"


def test_no_list_follows_a_broken_row_and_the_error_names_the_broken_rows(table):
    batches = read_batches(table(30, broken=[12, 25]), batch_size=5)
    assert [len(batch) for batch in islice(batches, 2)] == [5, 5]
    with pytest.raises(PersonaError, match=r"(?s)2 rows cannot.*line 13: .*line 26: "):
        next(batches)


def test_broken_rows_that_are_skipped_are_listed_with_their_places(table):
    batches = read_batches(table(30, broken=[12, 25]), batch_size=20, skip_bad=True)
    assert [len(batch) for batch in batches] == [20, 8]
    assert [place for place, _ in batches.skipped] == ["line 13", "line 26"]


def test_a_limit_counts_personas_and_not_lists(table):
    assert [len(batch) for batch in read_batches(table(30), limit=12, batch_size=5)] == [5, 5, 2]


def test_lists_of_no_personas_are_refused(table):
    with pytest.raises(PersonaError, match="batch_size is 0; give 1 or more"):
        read_batches(table(3), batch_size=0)
    with pytest.raises(PersonaError, match="no personas in this file; it has no rows"):
        next(read_batches(table(0)))


def test_a_table_of_ids_tells_every_text_apart_and_keeps_the_first_number():
    table, texts = IdTable(), [f"urn:uuid:{number:032x}" for number in range(5_000)]
    assert {table.add(text, number) for number, text in enumerate(texts, 1)} == {0}
    assert [table.add(text, 7) for text in texts] == list(range(1, 5_001))
    table.put(texts[3], 9)
    assert table.add(texts[3], 1) == 9


def test_ids_take_tens_of_bytes_each_and_not_their_length():
    handles = Handles()
    tracemalloc.start()
    try:
        for number in range(3_000):
            draft = Draft(f"{number:060}", "", {})
            handles.take(draft, f"line {number}", None, repeats=False)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 3_000 * 72  # the texts alone take 109 bytes each
