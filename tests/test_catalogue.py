"""The catalogue of personas: kept whole, searched by words and by likeness."""

import asyncio
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_endpoint import StubEndpoint, reply
from typer.testing import CliRunner

from simnet.cli.personas.app import app
from simnet.errors import PersonaError, UsageError
from simnet.personas import Catalogue, Persona
from simnet.personas.catalogue import FILE
from simnet.personas.population import villagers
from simnet.personas.sources import Source, read
from simnet.personas.topics import TOPICS
from simnet.personas.vectors import TextIndex

DATA = Path(__file__).parents[2] / "shared" / "data"
PEOPLE = [
    Persona(id="ann", description="A baker who loves old tools.", attributes={"age": 38}),
    Persona(id="bob", description="A surgeon.", attributes={"likes": ["stools", "Zürich"]}),
    Persona(id="cy", description="她喜欢登山", attributes={"description": "tool development"}),
]


@pytest.fixture
def catalogue(tmp_path):
    catalogue = Catalogue.open(tmp_path / "personas")
    catalogue.add(PEOPLE, Source("people.json", "simnet", "CC0-1.0"))
    return catalogue


@pytest.fixture
def hub(tmp_path):
    path = DATA / "personahub_tool_400.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    catalogue = Catalogue.open(tmp_path / "hub")
    catalogue.add(*read(path))
    return catalogue


def ids(entries):
    return [entry.persona.id for entry in entries]


def test_opening_makes_nothing(tmp_path):
    assert len(Catalogue.open(tmp_path / "new")) == 0
    assert not (tmp_path / "new").exists()


def test_what_was_added_is_there_after_opening_again(catalogue):
    again = Catalogue.open(catalogue.folder)
    assert [entry.persona for entry in again] == PEOPLE
    assert again.get("ann").source == Source("people.json", "simnet", "CC0-1.0")
    assert "ann" in again
    assert "dan" not in again


def test_adding_again_changes_nothing(catalogue):
    assert catalogue.add(PEOPLE) == (0, 3)
    assert len(Catalogue.open(catalogue.folder)) == 3


def test_what_is_untold_makes_nobody_somebody_else(catalogue):
    quiet = [one.model_copy(update={"untold": ("age",)}) for one in PEOPLE]
    assert catalogue.add(quiet) == (0, 3)
    assert catalogue.get("ann").persona == PEOPLE[0]


def test_somebody_else_under_a_known_id_is_refused_and_nothing_is_added(catalogue):
    others = [Persona(id="new"), Persona(id="bob", description="A barber.")]
    with pytest.raises(PersonaError, match="'bob' is somebody else"):
        catalogue.add(others)
    assert len(catalogue) == len(Catalogue.open(catalogue.folder)) == 3
    with pytest.raises(PersonaError, match="'two'"):
        catalogue.add([Persona(id="two"), Persona(id="two", description="x")])


def test_two_writers_lose_nothing(catalogue):
    late = Catalogue.open(catalogue.folder)
    catalogue.add([Persona(id="dan")])
    late.add([Persona(id="eve")])
    assert len(Catalogue.open(catalogue.folder)) == 5


def test_a_crash_while_writing_leaves_the_old_file(catalogue, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        catalogue.add([Persona(id="dan")])
    monkeypatch.undo()
    assert len(catalogue) == len(Catalogue.open(catalogue.folder)) == 3


def test_a_file_that_is_no_catalogue_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"PAR1 nonsense")
    with pytest.raises(PersonaError, match=r"personas\.parquet is broken"):
        Catalogue.open(tmp_path)
    pq.write_table(pa.table({"x": [1]}), tmp_path / FILE)
    with pytest.raises(PersonaError, match="no catalogue"):
        Catalogue.open(tmp_path)


def test_words_are_found_in_any_case_and_at_the_start_of_words(catalogue):
    assert ids(catalogue.search("TOOL")) == ["ann", "cy"]
    assert ids(catalogue.search("zürich stools")) == ["bob"]
    assert ids(catalogue.search("baker zürich")) == []
    assert ids(catalogue.search("登山")) == ["cy"]
    assert ids(catalogue.search("38")) == ["ann"]
    assert ids(catalogue.search("a", limit=1)) == ["ann"]
    assert catalogue.count("a") == 2


def test_a_field_means_the_attribute_first(catalogue):
    assert ids(catalogue.search("tool", "description")) == ["ann", "cy"]
    assert ids(catalogue.search("喜欢", "description")) == []
    assert ids(catalogue.search("喜欢", "persona")) == ["cy"]
    assert ids(catalogue.search("bob", "id")) == ["bob"]
    assert ids(catalogue.search("stools", "likes")) == ["bob"]


def test_what_cannot_be_searched_is_said(catalogue):
    with pytest.raises(UsageError, match="did you mean 'likes'"):
        catalogue.search("x", "like")
    with pytest.raises(UsageError, match="no word"):
        catalogue.search(" !! ")
    with pytest.raises(UsageError, match=r"no persona 'an' among the 3.*did you mean 'ann'"):
        catalogue.get("an")


def test_a_persona_is_like_those_of_its_field_and_never_listed_itself(tmp_path):
    catalogue = Catalogue.open(tmp_path)
    catalogue.add(villagers())
    near = catalogue.similar("amina_baraza", limit=6)
    assert "amina_baraza" not in ids(entry for entry, _ in near)
    assert [score for _, score in near] == sorted((score for _, score in near), reverse=True)
    assert all(0 < score <= 1 for _, score in near)
    jobs = {one.entry.persona.attributes["occupation"] for one in catalogue.similar("a doctor")}
    assert {"midwife", "medical student", "nursing student"} & jobs


def test_likeness_by_a_field_compares_that_field_alone(catalogue):
    (near,) = catalogue.similar("a stool", "likes")
    assert near.entry.persona.id == "bob"
    assert catalogue.similar("quite unrelated", "likes") == []


def test_equal_texts_are_as_like_as_can_be():
    texts = ["A nurse on nights.", "A pilot of ferries.", "a NURSE on nights!", ""]
    near = TextIndex(texts).nearest(texts[0], 4)
    assert [row for row, _ in near][:2] == [0, 2]
    assert near[0][1] == near[1][1] == pytest.approx(1.0)


def test_a_nurse_is_more_like_a_surgeon_than_like_a_pilot():
    texts = ["A surgeon.", "A pilot.", "A gardener.", "A judge."]
    assert TextIndex(texts).nearest("A nurse.", 4)[0][0] == 0


def test_likeness_does_not_depend_on_how_texts_are_cut_into_blocks(monkeypatch):
    texts = [one.portrait() for one in villagers()]
    whole = TextIndex(texts).nearest("teaches children music", 20)
    monkeypatch.setattr("simnet.personas.vectors.TEXTS_AT_ONCE", 7)
    assert TextIndex(texts).nearest("teaches children music", 20) == whole


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8), st.text(max_size=30))
def test_any_texts_can_be_compared(texts, asked):
    for row, score in TextIndex(texts).nearest(asked, 5):
        assert 0 <= row < len(texts)
        assert 0 < score <= 1


def test_a_stem_tells_one_topic():
    stems = [stem for told in TOPICS.values() for stem in told.split()]
    assert len(set(stems)) == len(stems)
    assert len(TOPICS) < 64


def test_personahub_is_searched_by_its_own_columns(hub):
    assert len(hub.search("tool", "description")) == 400
    assert hub.fields() == ["description", "id", "input persona", "persona", "synthesized text"]
    (nurse,) = hub.search("nursing student", "input persona")
    near = hub.similar(nurse.persona.id, "input persona", 5)
    medical = ("psycholog", "patient", "physician", "pharmacy", "therapist")
    told = [entry.persona.description.lower() for entry, _ in near]
    assert all(any(word in one for word in medical) for one in told), told


def test_commands_import_search_and_show(tmp_path):
    file = tmp_path / "people.json"
    file.write_text(json.dumps([one.model_dump(mode="json") for one in PEOPLE]))
    folder = str(tmp_path / "home")
    call = CliRunner().invoke
    done = call(app, ["import", str(file), "--into", folder])
    assert done.output.startswith("3 personas from")
    assert "3 were there already" in call(app, ["import", str(file), "--into", folder]).output
    found = call(app, ["search", "tool", "--field", "description", "--in", folder, "--json"])
    assert [one["id"] for one in json.loads(found.output)["personas"]] == ["ann", "cy"]
    assert json.loads(found.output)["found"] == 2
    plain = call(app, ["search", "tool", "--limit", "1", "--in", folder])
    assert plain.output.splitlines() == ["ann\tA baker who loves old tools.", "1 of 2 found"]
    near = call(app, ["similar", "a doctor", "--in", folder, "--json"])
    assert json.loads(near.output)["personas"][0]["id"] == "bob"
    shown = call(app, ["show", "bob", "--in", folder])
    assert "likes\tstools, Zürich" in shown.output
    assert "source\tpeople.json" in shown.output


def test_personas_are_made_by_a_model_and_saved_with_the_licence_of_their_origin(tmp_path):
    folder = str(tmp_path)
    Catalogue.open(tmp_path).add(PEOPLE, Source("people.json", "personahub", "CC-BY-NC-SA-4.0"))
    asked = ["from-persona", "ann", "--relation", "her rival", "--backend", "fake", "--in", folder]
    done = CliRunner().invoke(app, [*asked, "--save", "--json"])
    made = json.loads(done.output)
    assert made["attributes"]["made_from"] == "ann"
    assert Catalogue.open(tmp_path).get(made["id"]).source == Source(
        "people.json", "generated", "CC-BY-NC-SA-4.0"
    )
    (tmp_path / "text.txt").write_text("The bridge closes in May.", encoding="utf-8")
    told = ["from-text", "--file", str(tmp_path / "text.txt"), "--backend", "fake", "--in", folder]
    assert "method\ttext-to-persona" in CliRunner().invoke(app, told).output
    assert len(Catalogue.open(tmp_path)) == 4


@pytest.mark.parametrize("words", [["from-text", "The bridge closes."], ["from-persona", "ann"]])
def test_personas_are_made_by_an_openai_compatible_endpoint(tmp_path, words):
    Catalogue.open(tmp_path).add(PEOPLE, Source("people.json", "personahub", "CC-BY-NC-SA-4.0"))
    flags = ["--backend", "openai", "--model", "tiny", "--deadline", "30", "--engine", "tries=1"]

    async def call():
        body = reply("A ferry pilot who hates bridges.")
        async with StubEndpoint(lambda *_: (200, {}, body)) as server:
            asked = [*words, *flags, "--base-url", server.url, "--in", str(tmp_path), "--json"]
            return await asyncio.to_thread(CliRunner().invoke, app, asked), server.asked

    result, asked = asyncio.run(call())
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["description"] == "A ferry pilot who hates bridges."
    assert made["attributes"]["model"] == "tiny"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["import", "gone.json"], PersonaError),
        (["search", "x"], UsageError),
        (["similar", "x"], UsageError),
        (["show", "x"], UsageError),
        (["from-text"], UsageError),
        (["from-text", "x", "--file", "y"], UsageError),
        (["from-text", "--file", "gone.txt"], UsageError),
        (["from-persona", "x"], UsageError),
    ],
)
def test_commands_raise_what_the_command_line_turns_into_messages(
    tmp_path, monkeypatch, arguments, error
):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, error)


def test_a_terminal_gets_no_control_characters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Catalogue.open("personas").add([Persona(id="x", description="red \x1b[31m\x07 \u202eend")])
    done = CliRunner().invoke(app, ["show", "x"])
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output


def test_a_persona_is_shown_by_the_id_it_was_imported_with(tmp_path):
    file = tmp_path / "people.json"
    file.write_text(json.dumps([{"id": "Ada Lane", "description": "Sails."}]), encoding="utf-8")
    call, folder = CliRunner().invoke, str(tmp_path / "hub")
    assert call(app, ["import", str(file), "--into", folder]).exit_code == 0
    for key in ("Ada Lane", "Ada_Lane", "@Ada_Lane"):
        assert "id\tAda_Lane" in call(app, ["show", key, "--in", folder]).output
    assert call(app, ["similar", "Ada Lane", "--in", folder]).exit_code == 0


def test_rows_that_were_skipped_and_handles_that_look_alike_are_told(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("name,bio\nAda,Sails.\nada,Rows.\nBo\n", encoding="utf-8")
    asked = ["import", str(file), "--into", str(tmp_path / "hub"), "--map", "id=name"]
    refused = CliRunner().invoke(app, asked)
    assert "line 4" in str(refused.exception)
    done = CliRunner().invoke(app, [*asked, "--map", "description=bio", "--skip-bad"])
    assert "2 personas from" in done.stdout
    assert ", 1 skipped: " in done.stdout
    assert "skipped line 4: has 1 fields" in done.stderr
    assert "warning: @Ada, @ada look alike" in done.stderr


def test_a_catalogue_of_an_older_version_opens_and_is_added_to(catalogue):
    path = catalogue.folder / FILE
    pq.write_table(pq.read_table(path).drop_columns(["revision"]), path)
    again = Catalogue.open(catalogue.folder)
    assert again.get("ann").source == Source("people.json", "simnet", "CC0-1.0")
    again.add([Persona(id="dan", source=Source("more.csv", "simnet", None, "v2"))])
    assert Catalogue.open(catalogue.folder).get("dan").source.revision == "v2"
