"""The catalogue of personas: kept whole, searched by words and by likeness."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stub_endpoint import StubEndpoint, reply
from typer.testing import CliRunner

from simnet.cli.personas.app import app
from simnet.errors import PersonaError, UsageError
from simnet.personas import Catalogue, Persona, load_personas
from simnet.personas.catalogue import Added
from simnet.personas.catalogue.catalogue_files import CONVERTED_FILE, LEGACY_FILE
from simnet.personas.population import villagers
from simnet.personas.sources import Source, read
from simnet.review import Question, Review, from_catalogue

pytestmark = pytest.mark.slow
"""LanceDB takes seconds to import."""

CRASH = """
import os, sys
import pyarrow as pa
from simnet.personas import Catalogue, Persona
from simnet.personas.catalogue import adding

def personas():
    for number in range(300):
        yield Persona(id=f"x{number}", description="a baker")
        if number == 250 and sys.argv[2] == "read":
            os._exit(9)

def whole_batch(*arguments, whole=adding.whole_batch, seen=[]):
    seen.append(1)
    if len(seen) == 2 and sys.argv[2] == "written":
        os._exit(9)
    return whole(*arguments)

adding.AT_ONCE, adding.whole_batch = 100, whole_batch
Catalogue.open(sys.argv[1]).add(personas())
"""
WRITER = """
import sys
from simnet.personas import Catalogue, Persona

catalogue = Catalogue.open(sys.argv[1])
for number in range(8):
    key = f"writer{sys.argv[2]}-{number}"
    catalogue.add([Persona(id=key, description=f"number {number}")])
"""
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


def ids_of(personas):
    return [one.id for one in personas]


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
    assert catalogue.add(PEOPLE) == Added(0, 3)
    assert len(Catalogue.open(catalogue.folder)) == 3


def test_what_is_untold_makes_nobody_somebody_else(catalogue):
    quiet = [one.model_copy(update={"untold": ("age",)}) for one in PEOPLE]
    assert catalogue.add(quiet) == Added(0, 3)
    assert catalogue.get("ann").persona == PEOPLE[0]


def test_somebody_else_under_a_known_id_is_refused_and_nothing_is_added(catalogue):
    others = [Persona(id="new"), Persona(id="bob", description="A barber.")]
    with pytest.raises(PersonaError, match="'bob' is somebody else"):
        catalogue.add(others)
    assert len(catalogue) == len(Catalogue.open(catalogue.folder)) == 3
    with pytest.raises(PersonaError, match="'two'"):
        catalogue.add([Persona(id="two"), Persona(id="two", description="x")])


def test_of_two_people_with_one_id_the_one_that_is_wanted_is_kept(catalogue, monkeypatch):
    monkeypatch.setattr("simnet.personas.catalogue.adding.AT_ONCE", 2)
    before = list(catalogue)
    barber = Persona(id="bob", description="A barber.", attributes={"town": "Rome"})
    given = [Persona(id="new"), barber, PEOPLE[0], Persona(id="newer")]
    assert catalogue.add(given, on_conflict="keep") == Added(2, 1, kept=1)
    assert list(catalogue)[:3] == before
    origin = Source("later.json", "simnet")
    assert catalogue.add(given, origin, on_conflict="replace") == Added(0, 3, replaced=1)
    assert ids(catalogue) == ["ann", "bob", "cy", "new", "newer"]  # in its place
    assert catalogue.get("bob") == (barber, origin)
    assert ids(catalogue.search("barber")) == ["bob"]
    assert ids(catalogue.search("surgeon")) == []
    assert catalogue.similar("a barber", limit=1)[0].entry.persona == barber
    assert len(catalogue.versions()) == 3
    with pytest.raises(PersonaError, match="'two' is given twice"):
        catalogue.add(
            [Persona(id="two"), Persona(id="two", description="x")], on_conflict="replace"
        )
    with pytest.raises(UsageError, match="give one of error, keep, replace"):
        catalogue.add([], on_conflict="skip")


def test_the_command_says_how_to_import_a_row_that_has_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "people.jsonl"
    rows = [{"id": f"p{n}", "description": f"number {n}"} for n in range(3)]
    for text in ("number 1", "somebody new"):
        rows[1]["description"] = text
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        done = CliRunner().invoke(app, ["import", "people.jsonl"])
    assert isinstance(done.exception, PersonaError)
    assert "--on-conflict keep and replace" in str(done.exception)
    for choice, told in (("keep", "kept as in the catalogue"), ("replace", "replaced")):
        done = CliRunner().invoke(app, ["import", "people.jsonl", "--on-conflict", choice])
        assert done.output.endswith(f", 2 were there already, 1 {told}: personas\n")


def test_an_order_between_texts_and_a_number_is_refused(catalogue):
    catalogue.add([Persona(id="dan", attributes={"age": "30s", "town": "Rome", "left": None})])
    assert ids(catalogue.search(filter="age > 30")) == ["ann"]
    assert ids(catalogue.search(filter="town > 'O'")) == ["dan"]
    assert ids(catalogue.search(filter="town = 3 or left > 3")) == []
    for wrong in ("town > 30", "id between 1 and 3", "age > 30 and likes <= 2"):
        with pytest.raises(UsageError, match="is a number, and there is none in the field"):
            catalogue.search(filter=wrong)


def test_two_writers_lose_nothing(catalogue):
    late = Catalogue.open(catalogue.folder)
    catalogue.add([Persona(id="dan")])
    late.add([Persona(id="eve")])
    assert len(Catalogue.open(catalogue.folder)) == 5


def test_a_crash_in_the_middle_of_an_add_leaves_what_was_there(catalogue):
    """A process that ends while personas are read, and one that ends while they are written."""
    for when in ("read", "written"):
        ended = subprocess.run(
            [sys.executable, "-c", CRASH, str(catalogue.folder), when], check=False
        )
        assert ended.returncode == 9
        assert ids(Catalogue.open(catalogue.folder)) == ["ann", "bob", "cy"]
        assert ids(catalogue.search("baker")) == ["ann"]
    assert catalogue.add([Persona(id="dan")]) == Added(1, 0)
    assert [one.change for one in catalogue.versions()] == ["add", "add"]


def test_an_iterator_that_raises_in_the_middle_adds_nothing(catalogue):
    def personas():
        yield Persona(id="dan")
        raise ValueError("the file ends")

    with pytest.raises(ValueError, match="the file ends"):
        catalogue.add(personas())
    assert len(catalogue) == 3


def test_many_small_adds_leave_few_files_and_all_versions(catalogue, monkeypatch):
    monkeypatch.setattr("simnet.personas.catalogue.adding.MOST_FILES", 5)
    for number in range(12):
        catalogue.add([Persona(id=f"extra{number}", description="a potter")])
        assert len(catalogue.search("potter")) == number + 1
    files = catalogue._store.table().stats()["fragment_stats"]["num_fragments"]
    assert files <= 7
    assert [one.personas for one in catalogue.versions()] == list(range(3, 16))
    assert ids(catalogue)[:4] == ["ann", "bob", "cy", "extra0"]


def test_processes_that_add_at_once_lose_nothing(catalogue):
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(catalogue.folder), str(number)])
        for number in range(2)
    ]
    assert [process.wait() for process in started] == [0, 0]
    assert len(catalogue) == 3 + 2 * 8
    assert len(catalogue.search("number")) == 16


def test_a_file_that_is_no_catalogue_is_named(tmp_path):
    (tmp_path / LEGACY_FILE).write_bytes(b"PAR1 nonsense")
    with pytest.raises(PersonaError, match=r"personas\.parquet is broken"):
        Catalogue.open(tmp_path)
    pq.write_table(pa.table({"x": [1]}), tmp_path / LEGACY_FILE)
    with pytest.raises(PersonaError, match="no catalogue"):
        Catalogue.open(tmp_path)
    (tmp_path / "other" / "personas.lance").mkdir(parents=True)
    with pytest.raises(PersonaError, match="cannot be opened as a catalogue"):
        len(Catalogue.open(tmp_path / "other"))


def test_words_are_found_in_any_case_and_form(catalogue):
    assert ids(catalogue.search("TOOL")) == ["cy", "ann"]  # the shorter text is the better
    assert ids(catalogue.search("zurich stools")) == ["bob"]
    assert ids(catalogue.search("baker zürich")) == []
    assert ids(catalogue.search("登山")) == ["cy"]
    assert ids(catalogue.search("38")) == ["ann"]
    assert len(catalogue.search("a", limit=1)) == 1
    assert catalogue.count("a") == 2


def test_phrases_and_beginnings_of_words_are_found(catalogue):
    assert ids(catalogue.search('"old tools"')) == ["ann"]
    assert ids(catalogue.search('"tools old"')) == []
    assert ids(catalogue.search("surg*")) == ["bob"]
    assert ids(catalogue.search("surg* stool")) == ["bob"]
    assert ids(catalogue.search("SURG* old")) == []
    assert ids(catalogue.search('"old tools" lov* baker', "description")) == ["ann"]
    assert catalogue.count("t*") == 2


def test_a_field_means_the_attribute_first(catalogue):
    assert sorted(ids(catalogue.search("tool", "description"))) == ["ann", "cy"]
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
    catalogue.add([Persona(id="dan", attributes={"likes": ["chairs"]})])
    assert [one.entry.persona.id for one in catalogue.similar("a stool", "likes")] == ["bob", "dan"]
    assert catalogue.similar("", "likes") == []
    assert catalogue.similar("ann", "likes") == []


def test_equal_texts_are_as_like_as_can_be(tmp_path):
    catalogue = Catalogue.open(tmp_path)
    texts = {"a": "A nurse on nights.", "b": "A pilot of ferries.", "c": "A nurse on nights."}
    catalogue.add([Persona(id=key, description=text) for key, text in texts.items()])
    first, *_ = catalogue.similar("a")
    assert first.entry.persona.id == "c"
    assert first.score == pytest.approx(1)


def test_personahub_is_searched_by_its_own_columns(hub):
    assert len(hub.search("tool", "description")) == 400
    assert hub.fields() == ["description", "id", "input persona", "persona", "synthesized text"]
    (nurse,) = hub.search("nursing student", "input persona")
    near = hub.similar(nurse.persona.id, "input persona", 5)
    related = ("student", "patient", "health", "medic", "clinic")
    told = [str(entry.persona.attributes["input persona"]).lower() for entry, _ in near]
    assert all(any(word in one for word in related) for one in told), told


def test_commands_import_search_and_show(tmp_path):
    file = tmp_path / "people.json"
    file.write_text(json.dumps([one.model_dump(mode="json") for one in PEOPLE]))
    folder = str(tmp_path / "home")
    call = CliRunner().invoke
    done = call(app, ["import", str(file), "--into", folder])
    assert done.output.startswith("3 personas from")
    assert "3 were there already" in call(app, ["import", str(file), "--into", folder]).output
    found = call(app, ["search", "tool", "--field", "description", "--in", folder, "--json"])
    assert [one["id"] for one in json.loads(found.output)["personas"]] == ["cy", "ann"]
    assert json.loads(found.output)["found"] == 2
    plain = call(app, ["search", "tools", "--filter", "age > 30", "--in", folder])
    assert plain.output.splitlines() == ["ann\tA baker who loves old tools.", "1 of 1 found"]
    near = call(app, ["similar", "a doctor", "--in", folder, "--json"])
    assert json.loads(near.output)["personas"][0]["id"] == "bob"
    listed = call(app, ["search", "Zürich", "--field", "likes", "--in", folder])
    assert listed.output.startswith("bob\tstools, Zürich | A surgeon.\n")
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
        (["import", "gone.json"], UsageError),
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


def test_show_hides_nothing_behind_attributes_that_are_named_like_fields(tmp_path):
    folder = str(tmp_path / "personas")
    attributes = {"description": "a purpose", "source": "radio", "id": "7", "age": 38.0}
    person = Persona(id="ann", description="Sails.", attributes=attributes)
    Catalogue.open(folder).add([person], Source("people.json", "simnet"))
    shown = CliRunner().invoke(app, ["show", "ann", "--in", folder]).output
    assert [line.split("\t") for line in shown.splitlines()] == [
        ["id", "ann"],
        ["persona", "Sails."],
        ["description", "a purpose"],
        ["attribute_source", "radio"],
        ["attribute_id", "7"],
        ["age", "38"],
        ["source", "people.json"],
    ]


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


@pytest.mark.parametrize("dropped", [[], ["revision"]])
def test_a_catalogue_of_an_older_version_is_converted_when_it_is_opened(tmp_path, dropped):
    names = ("id", "description", "attributes", "untold", "source", "format", "licence", "revision")
    ann = ("ann", "Bakes.", '{"age": 38}', ["age"], "people.json", "simnet", "CC0-1.0", None)
    bob = ("bob", "Rows.", "{}", [], "", "simnet", None, None)
    table = pa.table({name: [ann[place], bob[place]] for place, name in enumerate(names)})
    pq.write_table(table.drop_columns(dropped), tmp_path / LEGACY_FILE)
    assert ids_of(load_personas(tmp_path)) == ["ann", "bob"]
    catalogue = Catalogue.open(tmp_path)
    assert catalogue.get("ann").source == Source("people.json", "simnet", "CC0-1.0")
    assert catalogue.get("ann").persona.untold == ("age",)
    assert catalogue.get("bob").persona.source is None
    assert (tmp_path / CONVERTED_FILE).is_file()
    assert not (tmp_path / LEGACY_FILE).exists()
    catalogue.add([Persona(id="dan", source=Source("more.csv", "simnet", None, "v2"))])
    assert ids_of(load_personas(tmp_path, limit=2)) == ["ann", "bob"]
    assert load_personas(tmp_path)[2].source.revision == "v2"


def test_an_update_takes_personas_without_a_text_in_a_field_with_vectors(catalogue):
    catalogue.add([Persona(id="nil", description=""), Persona(id="eve", attributes={"job": "vet"})])
    assert catalogue.similar("vet", field="job")
    changed = [Persona(id="nil", attributes={"age": 3}), Persona(id="bob", description="A vet.")]
    assert catalogue.update(changed) == 2
    assert catalogue.get("nil").persona.attributes == {"age": 3}
    assert [one.entry.persona.id for one in catalogue.similar("vet", field="job")] == ["eve"]


def test_rows_are_in_a_version_also_if_a_crash_comes_before_their_indexes(catalogue, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    before = len(catalogue)
    with monkeypatch.context() as patch:
        patch.setattr("simnet.personas.catalogue.adding._bring_up_to_date", crash)
        with pytest.raises(KeyboardInterrupt):
            catalogue.add([Persona(id="eve", description="A diver.")])
    again = Catalogue.open(catalogue.folder)
    assert again.versions()[-1].personas == len(again) == before + 1


def test_an_id_that_is_given_twice_is_told_whatever_the_number(catalogue):
    many = [Persona(id=f"p{n}", description=str(n)) for n in range(9000)]
    catalogue.add(many)
    with pytest.raises(UsageError, match=r"'p7' is given twice; nothing was changed"):
        catalogue.update([*many, many[7]])


def test_personas_are_updated_in_their_places_and_keep_their_sources(catalogue):
    changed = [
        Persona(id="bob", description="A vet.", attributes={"pets": ["cat"]}),
        PEOPLE[0],
    ]
    assert catalogue.update(changed) == 1
    again = Catalogue.open(catalogue.folder)
    assert [entry.persona for entry in again] == [PEOPLE[0], changed[0], PEOPLE[2]]
    assert again.get("bob").source.licence == "CC0-1.0"
    assert ids(again.search("vet")) == ["bob"]
    assert again.search("surgeon") == []
    assert ids(again.search(filter="pets = 'cat'")) == ["bob"]
    assert again.similar("a veterinarian")[0].entry.persona.id == "bob"
    with pytest.raises(UsageError, match=r"no persona 'dan'.*nothing was changed"):
        catalogue.update([Persona(id="ann"), Persona(id="dan")])
    with pytest.raises(UsageError, match="'ann' is given twice"):
        catalogue.update([Persona(id="ann"), Persona(id="ann", description="x")])
    assert catalogue.get("ann").persona == PEOPLE[0]


def test_personas_are_removed_by_id_or_by_filter(catalogue):
    assert catalogue.remove(["ann"]) == 1
    assert catalogue.remove(filter="likes = 'stools'") == 1
    assert catalogue.remove(filter="likes = 'stools'") == 0
    assert ids(catalogue) == ["cy"]
    assert catalogue.search("baker") == []
    with pytest.raises(UsageError, match="no persona 'ann'"):
        catalogue.remove(["ann"])
    with pytest.raises(UsageError, match="either ids or a filter"):
        catalogue.remove()
    catalogue.add([PEOPLE[0]])
    assert ids(catalogue) == ["cy", "ann"]


def test_versions_are_listed_opened_and_restored(catalogue):
    catalogue.remove(["ann"])
    catalogue.search("surgeon")
    catalogue.add([Persona(id="dan", description="Dives.")])
    versions = catalogue.versions()
    assert [(one.change, one.personas) for one in versions] == [
        ("add", 3),
        ("remove", 2),
        ("add", 3),
    ]
    old = Catalogue.open(catalogue.folder, version=versions[0].number)
    assert ids(old) == ["ann", "bob", "cy"]
    assert old.get("ann").persona == PEOPLE[0]
    assert ids(old.search(filter="age > 30")) == ["ann"]
    assert old.similar("a baker")[0].entry.persona.id == "ann"
    with pytest.raises(UsageError, match="cannot be changed; restore"):
        old.add([Persona(id="eve")])
    with pytest.raises(UsageError, match="has no version 99; there are"):
        Catalogue.open(catalogue.folder, version=99)
    catalogue.restore(versions[0].number)
    assert ids(catalogue) == ["ann", "bob", "cy"]
    assert ids(catalogue.search("surgeon")) == ["bob"]
    assert catalogue.versions()[-1].change == "restore"


def test_fields_of_any_name_are_searched_filtered_and_kept(tmp_path):
    names = [
        "Age",
        "age",
        "a.b",
        "input persona",
        "她",
        "`x`",
        "o'clock",
        'a"b',
        "t_x",
        "_61",
        "id",
    ]
    attributes = {name: f"value{place}" for place, name in enumerate(names)}
    catalogue = Catalogue.open(tmp_path)
    catalogue.add([Persona(id="one", attributes=attributes), Persona(id="two")])
    assert catalogue.get("one").persona.attributes == attributes
    assert set(catalogue.fields()) == {*names, "description", "persona"}
    for place, name in enumerate(names):
        assert ids(catalogue.search(f"value{place}", name)) == ["one"]
        assert catalogue.search(f"value{place + 20}", name) == []
        quoted = '"' + name.replace('"', '""') + '"'
        assert ids(catalogue.search(filter=f"{quoted} = 'value{place}'")) == ["one"]
    assert ids(catalogue.search("two", "id")) == ["two"]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("age > 37.5", "a"),
        ("age >= 38 or city = 'Oslo'", "ac"),
        ("not age > 37.5", "b"),
        ("age between 30 and 37", "b"),
        ("age in (37, 41)", "b"),
        ("age <> 38", "b"),
        ("labels = 'music'", "ab"),
        ("labels = 'music' and labels = 'art'", "b"),
        ("labels not in ('art', 'x')", "a"),
        ("labels <> 'music'", "c"),
        ("city like 'R%'", "a"),
        ("city not like 'R%'", "c"),
        ("city contains 'OSL'", "c"),
        ("city is null", "b"),
        ("city is not null and (labels = 'art' or labels = 'sport')", "c"),
        ("member = true", "a"),
        ("member = false", "b"),
        ("source = 'people.json'", "abc"),
        ("license is null", "abc"),
        ("id = 'a'", "a"),
        ("persona contains 'x''y'", "c"),
        ("city = ''' or 1=1 --'", ""),
        ("city=Rome", "a"),
        ("(city = Oslo or age=37)", "bc"),
        ("labels in (art, sport)", "bc"),
        ("labels ~ mus and age > 37", "a"),
        ("city =", "b"),
        ("city !=", "ac"),
    ],
)
def test_filters_are_conditions_on_fields(mixed, filter, found):
    assert "".join(ids(mixed.search(filter=filter))) == found
    assert mixed.count(filter=filter) == len(found)


def test_a_filter_finds_in_a_review_whom_it_finds_in_the_catalogue(mixed, tmp_path):
    questions = [Question("good", "rating")]
    review = Review.new(tmp_path / "review", from_catalogue(mixed.folder), questions)
    for sought in (
        "age > 37.5",
        "age between 30 and 37",
        "not age > 37.5",
        "age in (37, 41)",
        "labels ~ 'ART mus' or city like 'O%'",
        "city contains 'OSL'",
        "city is null",
        "city is not null and (labels=art or labels ~ sport)",
        "member = TRUE",
        "city not like 'R%'",
        "description contains 'x''y'",
        "city=",
    ):
        found = [one.id for one in review.search(where=[sought])]
        assert found == ids(mixed.search(filter=sought)), sought
        assert found


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    catalogue = Catalogue.open(tmp_path_factory.mktemp("mixed"))
    people = [
        Persona(
            id="a", attributes={"age": 38, "labels": ["music"], "city": "Rome", "member": True}
        ),
        Persona(id="b", attributes={"age": "37", "labels": ["art", "music"], "member": False}),
        Persona(id="c", description="x'y", attributes={"labels": "art", "city": "Oslo"}),
    ]
    catalogue.add(people, Source("people.json", "simnet"))
    return catalogue


def test_what_is_no_number_is_neither_more_nor_less_than_one(tmp_path):
    catalogue = Catalogue.open(tmp_path)
    ages = {"old": 31, "young": "3e1", "unknown": "nan", "endless": "inf"}
    catalogue.add([Persona(id=key, attributes={"age": age}) for key, age in ages.items()])
    assert ids(catalogue.search(filter="age > 30")) == ["old"]
    assert ids(catalogue.search(filter="not age > 30")) == ["young"]
    assert ids(catalogue.search(filter="age = nan")) == ["unknown"]


def test_a_list_has_numbers_as_they_are_written(tmp_path):
    catalogue = Catalogue.open(tmp_path)
    catalogue.add([Persona(id=key, attributes={"won": list(key)}) for key in ("13", "2")])
    assert ids(catalogue.search(filter="won = 3")) == ["13"]
    assert ids(catalogue.search(filter="won in (2, 4)")) == ["2"]


def test_a_number_too_long_to_be_exact_is_compared_as_text(tmp_path):
    catalogue = Catalogue.open(tmp_path)
    posts = {"a": "9007199254740992", "b": "9007199254740993"}
    catalogue.add([Persona(id=key, attributes={"post": post}) for key, post in posts.items()])
    assert ids(catalogue.search(filter="post = 9007199254740993")) == ["b"]


def test_search_and_similarity_keep_to_a_filter(mixed):
    assert ids(mixed.search("music", filter="age > 37")) == ["a"]
    near = mixed.similar("music and art", "labels", filter="age < 38")
    assert [one.entry.persona.id for one in near] == ["b"]


def test_vectors_are_compared_with_those_of_the_same_embedder_only(tmp_path):
    def letters(texts):
        return [[text.count("a") + 0.1, text.count("o") + 0.1] for text in texts]

    catalogue = Catalogue.open(tmp_path, embedder=letters)
    catalogue.add([Persona(id="x", description="banana"), Persona(id="y", description="foo")])
    assert catalogue.similar("aaa")[0].entry.persona.id == "x"
    with pytest.raises(UsageError, match="made by letters, which is given by"):
        Catalogue.open(tmp_path).similar("a")
    with pytest.raises(UsageError, match="made by letters, so that wordllama cannot"):
        Catalogue.open(tmp_path, embedder="wordllama").similar("a")
    assert len(Catalogue.open(tmp_path)) == 2


def test_a_missing_extra_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(UsageError, match=r'pip install "\.\[catalogue\]"'):
        Catalogue.open(tmp_path).add(PEOPLE)


def test_from_many_rows_on_vectors_are_found_through_an_index(tmp_path, monkeypatch):
    monkeypatch.setattr("simnet.personas.catalogue.finding.EXACT_BELOW", 2_000)
    monkeypatch.setattr("simnet.personas.catalogue.adding.EXACT_BELOW", 2_000)
    monkeypatch.setattr("simnet.personas.catalogue.adding.INDEXED_FROM", 500)
    catalogue = Catalogue.open(tmp_path)
    jobs = ("nurse", "pilot", "baker", "judge", "tailor", "welder", "actor", "farmer")
    towns = ("Rome", "Oslo", "Lima", "Cairo", "Kyoto", "Quito")
    people = [
        Persona(id=f"p{n}", description=f"A {jobs[n % 8]} in {towns[n % 6]}, number {n}.")
        for n in range(3_000)
    ]
    catalogue.add(iter(people[:2_500]))
    exact = Catalogue.open(tmp_path)
    queries = [f"a {job} who loves {town}" for job in jobs for town in towns]
    catalogue.add(iter(people[2_500:]))
    assert {index.index_type for index in catalogue._store.table().list_indices()} >= {"FTS"}
    through = [ids(one.entry for one in catalogue.similar(query)) for query in queries]
    catalogue._store.table().drop_index("vector_idx")
    monkeypatch.setattr("simnet.personas.catalogue.finding.EXACT_BELOW", 1_000_000)
    compared = [ids(one.entry for one in exact.similar(query)) for query in queries]
    shared = [len(set(one) & set(other)) for one, other in zip(through, compared, strict=True)]
    assert sum(shared) >= 0.95 * 10 * len(queries)
    assert len(catalogue.search("nurse")) == 375
