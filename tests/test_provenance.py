"""Where personas come from: out of a file or a catalogue into a run, its tables and data cards."""

import json

import pytest

from simnet import (
    HOUR,
    Cohort,
    Exponential,
    FakeModel,
    Persona,
    Scenario,
    load_personas,
    run,
    sample,
)
from simnet.export.folders.origins import origins
from simnet.foundation.text import file_name
from simnet.inference.engine.embedded import embedded_folder
from simnet.inference.model import Completion
from simnet.personas import Catalogue
from simnet.personas.generate import parse
from simnet.personas.source import Source
from simnet.personas.sources import read

ROW = {"input persona": "A nurse on nights.", "synthesized text": "x", "description": "y"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "nurses.jsonl"
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    return path


def recorded(tmp_path, people):
    cohort = Cohort("people", people, rhythm=Exponential(HOUR), follows={"people": 1.0})
    done = run(Scenario("town", [cohort], lasts=HOUR), model=FakeModel(), out=tmp_path, ray=False)
    rows = done.read("personas").select(["source", "license", "revision", "original_id"])
    return done, rows.to_pylist()


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_source_licence_and_revision_travel_from_a_file_into_tables_and_card(tmp_path, file):
    people = load_personas(file, revision="2024-07")
    done, (row,) = recorded(tmp_path, people)
    assert row == {
        "source": "nurses.jsonl",
        "license": "CC-BY-NC-SA-4.0",
        "revision": "2024-07",
        "original_id": None,
    }
    (origin,) = origins(done)
    assert str(origin) == "from nurses.jsonl, revision 2024-07; licence CC-BY-NC-SA-4.0"
    assert "nurses" not in people[0].portrait()


def test_a_catalogue_is_loaded_in_one_line_and_says_where_its_people_are_from(tmp_path, file):
    catalogue = Catalogue.open(tmp_path / "hub")
    catalogue.add(*read(file, licence="CC0-1.0", revision="v1"))
    catalogue.add([Persona(id="ann", description="Sails.")], Source("own.csv", "simnet"))
    people = load_personas(tmp_path / "hub")
    assert [one.portrait() for one in people] == ["A nurse on nights.", "Sails."]
    assert people == [entry.persona for entry in catalogue]
    _, rows = recorded(tmp_path, people)
    assert [(row["source"], row["license"], row["revision"]) for row in rows] == [
        ("nurses.jsonl", "CC0-1.0", "v1"),
        ("own.csv", None, None),
    ]
    _, again = recorded(tmp_path, [entry.persona for entry in catalogue])
    assert again == rows


def test_a_file_has_the_revision_of_its_content_or_of_its_data_set(tmp_path, file):
    first = read(file).source.revision
    assert first is not None
    assert first.startswith("sha256:")
    file.write_text(file.read_text() * 2, encoding="utf-8")
    assert read(file, skip_bad=True).source.revision != first
    commit = "a" * 40
    cached = tmp_path / "datasets--x" / "snapshots" / commit / "data.jsonl"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(file.read_bytes())
    assert read(cached).source.revision == commit


def test_rows_may_say_themselves_where_they_are_from(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_text(
        "id,description,source,license\nann,Sails.,/home/ann/census.csv,CC0-1.0\nbo,Rows.,,\n",
        encoding="utf-8",
    )
    ann, bo = load_personas(path, licence="MIT")
    assert ann.source == Source("census.csv", "simnet", "CC0-1.0")
    assert bo.source is not None
    assert (bo.source.file, bo.source.licence) == ("mixed.csv", "MIT")
    assert ann.portrait() == "Sails."


def test_columns_that_are_only_called_like_an_origin_stay_with_the_persona(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,description,source,format,revision\nann,Sails.,radio,long,3\n")
    (ann,) = load_personas(path)
    assert ann.attributes == {"source": "radio", "format": "long", "revision": "3"}
    assert ann.portrait() == "Sails. format: long."
    assert ann.source is not None
    assert (ann.source.file, ann.source.format) == ("own.csv", "simnet")
    path = tmp_path / "own.jsonl"
    told = {"file": "census.csv", "revision": "v2"}
    path.write_text(json.dumps({"id": "bo", "description": "Rows.", "source": told, "format": "x"}))
    (bo,) = load_personas(path)
    assert (bo.source, bo.attributes) == (
        Source("census.csv", "simnet", revision="v2"), {"format": "x"}
    )  # fmt: skip


def test_shipped_personas_and_those_of_a_scenario(tmp_path):
    _, rows = recorded(tmp_path, [*sample(1), Persona(id="ann")])
    assert (rows[0]["source"], rows[0]["license"]) == ("simnet.sample", "Apache-2.0")
    assert rows[1] == {"source": None, "license": None, "revision": None, "original_id": None}


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_a_run_that_was_recorded_gives_its_people_with_their_origin(tmp_path, file):
    done, _ = recorded(tmp_path, load_personas(file, revision="v1"))
    (again,) = load_personas(next((done.path / "personas").glob("*.parquet")))
    assert again == load_personas(file)[0]
    assert again.source == Source("nurses.jsonl", "simnet", "CC-BY-NC-SA-4.0", "v1")


def test_people_are_the_same_wherever_they_come_from():
    one = Persona(id="ann", source=Source("a.csv", "simnet"))
    assert one == Persona(id="ann")
    assert one != Persona(id="ann", description="Sails.")
    assert one.model_copy(update={"id": "bo"}).source == one.source


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/home/ann/data/people.csv", "people.csv"),
        ("C:\\Users\\ann\\people.csv", "people.csv"),
        ("../people.csv", "people.csv"),
        ("tencent-ailab/persona-hub", "tencent-ailab/persona-hub"),
        ("https://example.org/people.csv", "https://example.org/people.csv"),
    ],
)
def test_a_source_is_never_a_local_path(given, kept):
    assert file_name(given) == kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (str(embedded_folder()), "embedded"),
        ("/models/tiny-chat", "tiny-chat"),
        ("Qwen/Qwen3-4B", "Qwen/Qwen3-4B"),
    ],
)
def test_a_generated_persona_names_its_model_and_no_folder(name, kept):
    made = parse(Completion("A clockmaker who restores bells.", "stop"), {}, name)
    assert made.attributes["model"] == kept
