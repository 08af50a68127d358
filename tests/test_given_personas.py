"""Personas given to a job are read as a stream, each time they are gone through."""

import json
import tracemalloc

import pytest

from simnet.errors import PersonaError, UsageError
from simnet.personas import load_personas
from simnet.synthesis.people.persona_file import PersonaFile


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.jsonl"
    with path.open("w") as out:
        for number in range(6_000):
            row = {"id": f"p{number}", "description": f"A baker of town {number}. " * 5}
            out.write(json.dumps(row) + "\n")
    return path


def test_a_file_gives_the_same_personas_each_time_in_bounded_memory(file):
    whole = load_personas(file)
    people = PersonaFile(path=file)
    assert len(people) == 6_000
    assert list(people) == list(people) == whole
    assert list(PersonaFile(path=file, limit=3)) == whole[:3]
    tracemalloc.start()
    load_personas(file)
    as_list = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert sum(1 for _ in people) == 6_000
    streamed = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert streamed < as_list / 2, (streamed, as_list)


def test_what_is_wrong_is_told_before_anything_starts(file, tmp_path):
    with file.open("a") as out:
        out.write("{\n")
    with pytest.raises(PersonaError, match="line 6001"):
        PersonaFile(path=file)
    with pytest.raises(UsageError, match="no such file or folder"):
        PersonaFile(path=tmp_path / "gone.jsonl")
