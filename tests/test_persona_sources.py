"""Personas out of files of every known format, and out of broken ones."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simnet.personas
from simnet.errors import PersonaError
from simnet.personas import Persona, load_personas
from simnet.personas.sources import FORMATS, LICENCES, read

DATA = Path(__file__).parents[2] / "shared" / "data"
FINE = [
    {
        "id": "<urn:uuid:e284d9df-1b4a-4fd2-8b9e-000000000001>",
        "persona": "A botanist.",
        "labels": '["Botany", "Academia"]',
    },
    {
        "id": "<urn:uuid:e284d9df-1b4a-4fd2-8b9e-000000000002>",
        "persona": "A cellist.",
        "labels": "['Music']",
    },
    {
        "id": "<urn:uuid:e284d9df-1b4a-4fd2-8b9e-000000000003>",
        "persona": "A guard.",
        "labels": None,
    },
]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    return write


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def sample_file(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    return path


def test_our_own_format_comes_back_as_it_was_written(write):
    people = [
        Persona(id="ann", description="A baker.", attributes={"age": 38, "likes": ["tea", "rain"]}),
        Persona(
            id="søren.b-1",
            attributes={"note": "x", "rate": 0.5, "on": True, "no": None},
            untold=("note",),
        ),
    ]
    dumped = [one.model_dump(mode="json") for one in people]
    for path in (
        write("a.jsonl", lines(dumped)),
        write("a.json", json.dumps(dumped, indent=2)),
        write("b.json", json.dumps({"personas": dumped})),
        write("c.json", "\ufeff" + json.dumps(dumped)),
    ):
        assert load_personas(path) == people


def test_csv_columns_beyond_ours_become_attributes(write):
    path = write(
        "a.csv", 'id,description,age,attributes\nann,"A baker,\nand more",38,"{""x"": 1}"\n'
    )
    assert load_personas(path) == [
        Persona(id="ann", description="A baker,\nand more", attributes={"age": "38", "x": 1})
    ]
    assert load_personas(write("b.tsv", "id\tdescription\tage\nann\tA baker\t38\n"))[
        0
    ].attributes == {"age": "38"}


def test_finepersonas_labels_are_read_as_list_and_as_text(write, tmp_path):
    listed = [
        {
            **row,
            "labels": json.loads(row["labels"].replace("'", '"')) if row["labels"] else None,
            "embedding": [0.1, 0.2],
        }
        for row in FINE
    ]
    parquet = tmp_path / "fine.parquet"
    pq.write_table(pa.Table.from_pylist(listed), parquet)
    table = tmp_path / "fine.csv"
    with table.open("w", newline="") as file:
        out = csv.DictWriter(file, FINE[0])
        out.writeheader()
        out.writerows(FINE)
    for path in (write("fine.jsonl", lines(FINE)), parquet, table):
        people, source = read(path)
        assert source.format == "finepersonas"
        assert source.licence == "Llama 3 Community License"
        assert [one.id[-1] for one in people] == ["1", "2", "3"]
        assert people[0].id == "e284d9df-1b4a-4fd2-8b9e-000000000001"
        assert people[0].attributes["original_id"] == FINE[0]["id"]
        assert people[0].attributes["labels"] == ["Botany", "Academia"]
        assert people[1].attributes["labels"] == ["Music"]
        assert "embedding" not in people[0].attributes
        assert people[0].portrait() == "A botanist. labels: Botany, Academia."


def test_finepersonas_with_clusters_has_handles_made_for_it(write):
    rows = [
        {
            "persona": f"A geologist of region {n}.",
            "cluster_label": n,
            "summary_label": '["Earth science"]',
            "projection": [0.1, 2.0],
        }
        for n in range(3)
    ]
    people, source = read(write("c.jsonl", lines(rows)))
    assert source.format == "finepersonas"
    assert len({one.id for one in people}) == 3
    assert people[0].id.startswith("geologist_region_")
    assert people[2].attributes == {"cluster_label": 2, "summary_label": ["Earth science"]}


def test_handles_that_are_made_stay_the_same_whatever_stands_beside_them(write):
    rows = [{"persona": "A baker."}, {"persona": "A judge."}]
    there = load_personas(write("a.jsonl", lines(rows)))
    turned = load_personas(write("b.jsonl", lines(rows[::-1])))
    assert there == turned[::-1]


def test_equal_rows_without_id_are_told_apart_quickly(write):
    people = load_personas(write("a.jsonl", lines([{"persona": "A baker."}] * 20_000)))
    assert len({one.id for one in people}) == 20_000


def test_personahub_keeps_its_three_fields_and_tells_only_who_it_is(write):
    row = {"input persona": "A nurse.", "synthesized text": "x" * 30_000, "description": "tool"}
    (one,) = load_personas(write("a.jsonl", lines([row])))
    assert one.description == one.portrait() == "A nurse."
    assert one.attributes == row


def test_elite_personas_lose_domains_that_are_the_word_none(write):
    row = {
        "persona": "A nurse.",
        "general domain (top 1 percent)": "Medicine",
        "specific domain (top 1 percent)": "None",
    }
    (one,), source = read(write("a.jsonl", lines([row])))
    assert source.format == "personahub"
    assert one.attributes == {"general domain (top 1 percent)": "Medicine"}


def test_syndisco_attributes_are_the_persona(write):
    emma = {
        "username": "Emma35",
        "age": 38,
        "sex": "female",
        "special_instructions": "",
        "personality_characteristics": ["compassionate", "patient"],
    }
    (one,), source = read(write("a.json", json.dumps([emma])))
    assert source.format == "syndisco"
    assert one.id == "Emma35"
    assert one.portrait() == (
        "age: 38. sex: female. personality characteristics: compassionate, patient."
    )
    free = [{"job": "judge", "home": {"town": "Ely", "rooms": 3}}]
    (any_dict,) = load_personas(write("b.json", json.dumps(free)), format="syndisco")
    assert any_dict.attributes == {"job": "judge", "home": '{"town": "Ely", "rooms": 3}'}


def test_cells_are_read_as_pandas_writes_columns_with_gaps(write):
    path = write("a.csv", "id,description,age,income,note\n1.0,x,41.0,nan,v3.0\n2,y,NaN,2.50,Nan\n")
    one, two = load_personas(path)
    assert (one.id, one.attributes) == ("1", {"age": "41", "income": None, "note": "v3.0"})
    assert two.attributes == {"age": None, "income": "2.50", "note": "Nan"}
    path = write("a.jsonl", '{"id": "a", "description": "x", "age": 41.0, "note": "nan"}')
    (one,) = load_personas(path)
    assert one.portrait() == "x. age: 41. note: nan."


def test_an_id_may_be_a_word_that_means_nothing_elsewhere(write):
    ids = ["nan", "NaN", "NA", "null", "None", "1e5", "007", "true", "inf"]
    rows = "".join(f"{key},Somebody,nan,name {key}\n" for key in ids)
    path = write("a.csv", f"id,description,age,name\n{rows}")
    people = load_personas(path)
    assert [one.id for one in people] == ids
    assert {one.attributes["age"] for one in people} == {None}
    path = write("b.csv", f"Key,description,age,name\n{rows}")
    mapping = {"id": "key", "description": "description"}
    assert [one.id for one in load_personas(path, map=mapping)] == ids


def test_nemotron_rows_keep_their_other_portraits_untold(write):
    row = {
        "uuid": "8f0c2a",
        "persona": "A welder.",
        "sports_persona": "Bowls.",
        "hobbies_and_interests": "He likes tea.",
        "hobbies_and_interests_list": "['tea', 'rain']",
        "age": 61,
        "zipcode": "02139",
    }
    (one,), source = read(write("a.jsonl", lines([row])))
    assert (source.file, source.format, source.licence) == ("a.jsonl", "nemotron", "CC-BY-4.0")
    assert one.portrait() == "A welder. age: 61. hobbies and interests list: tea, rain."
    assert one.attributes["sports_persona"] == "Bowls."


def test_oasis_twitter_positions_become_handles(write):
    text = (
        ",user_id,name,username,following_agentid_list,previous_tweets,user_char,description\n"
        "0,77,A,ann,\"[1, 9]\",\"['hi', 'it''s me']\",A baker.,A baker.\n"
        "1,78,B,bob smith,[],[],,\n"
    )
    path = write("a.csv", text)
    with pytest.raises(PersonaError, match="line 2: field `following_agentid_list`: 9 is no agent"):
        load_personas(path)
    with pytest.warns(UserWarning, match="9 is no agent"):
        ann, bob = load_personas(path, skip_bad=True)
    assert bob.id == "bob_smith"
    assert bob.attributes["original_id"] == "bob smith"
    assert ann.attributes["following"] == ["bob_smith"]
    assert ann.attributes["following_agentid_list"] == ["1", "9"]
    assert ann.attributes["previous_tweets"][0] == "hi"
    assert ann.portrait() == "A baker."


def test_reddit_profiles_may_say_user_name(write):
    row = {
        "user_id": 3,
        "user_name": "ann",
        "bio": "Hi.",
        "persona": "A baker.",
        "karma": 9,
        "interested_topics": ["Tea"],
    }
    (one,), source = read(write("a.json", json.dumps([row])))
    assert source.format == "oasis-reddit"
    assert (one.id, one.attributes["karma"], one.attributes["interested_topics"]) == (
        "ann",
        9,
        ["Tea"],
    )


def test_names_that_become_alike_stay_different_people(write):
    rows = [
        {"id": "a b", "description": "x"},
        {"id": "a_b", "description": "y"},
        {"id": "a/b", "description": "z"},
        {"id": "!!", "description": "w"},
        {"id": "n" * 90, "description": "v"},
        {"id": 12, "description": "u"},
    ]
    people = load_personas(write("a.jsonl", lines(rows)))
    assert len({one.id for one in people}) == 6
    assert people[0].id == "a_b"
    assert people[4].attributes["original_id"] == "n" * 90
    assert people[5].id == "12"


def test_a_limit_reads_no_further(write):
    path = write("a.jsonl", lines([{"id": "a", "description": "x"}]) + "{broken\n")
    assert len(load_personas(path, limit=1)) == 1
    assert load_personas(path, limit=0) == []
    with pytest.raises(PersonaError, match="line 2"):
        load_personas(path, limit=2)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", '{"id": "a"}\n{"id": "b", \n', ["a.jsonl", "line 2", "not JSON", "mend"]),
        ("a.jsonl", '{"id": "a"}\n[1]\n', ["line 2", "not an object"]),
        ("a.jsonl", b'{"id": "a"}\n{"id": "\xff"}\n', ["line 2", "not UTF-8"]),
        ("a.jsonl", '{"id": "a", "x": NaN}\n', ["line 1", "NaN", "null"]),
        ("a.jsonl", '{"id": "a"}\n{"description": "x"}\n', ["line 2", "`id`", "missing"]),
        ("a.jsonl", '{"id": "a"}\n\n{"id": "a"}\n', ["line 3", "line 1", "'a'", "rename"]),
        ("a.jsonl", '{"id": "a", "description": 3}\n', ["`description`", "a number", "quotes"]),
        ("a.jsonl", '{"id": "a", "description": "\\ud800"}\n', ["line 1", "surrogate"]),
        ("a.jsonl", '{"id": "a", "attributes": [1]}\n', ["`attributes`", "object"]),
        ("a.jsonl", '{"persona": "", "labels": []}\n', ["`persona`", "empty"]),
        ("a.jsonl", '{"persona": "x", "labels": "[1,"}\n', ["`labels`", "not a list"]),
        ("a.json", '[{"id": "a"}, 3]', ["item 2", "not an object"]),
        ("a.json", '[{"id": "a"},\n {"id" "b"}]', ["line 2", "column"]),
        ("a.json", '{"personas": 3}', ["`personas`", "list"]),
        ("a.csv", "id,description\na,b,c\n", ["line 2", "3 fields", "2", "quotes"]),
        ("a.csv", 'id,description\na,"b\n', ["a.csv", "not CSV", "quotes"]),
        ("a.csv", "id,id\na,b\n", ["line 1", "twice"]),
        ("a.csv", "colour,size\nred,3\n", ["'colour', 'size'", "finepersonas"]),
        ("a.bin", b"\x00\xff\xfe\x01", ["neither"]),
        ("a.gz", b"\x1f\x8b\x08\x00", ["compressed"]),
        ("a.txt", b"\xff\xfe{\x00", ["UTF-16"]),
        ("a.parquet", b"PAR1 and no more", ["broken Parquet"]),
        ("a.jsonl", "", ["no personas"]),
        ("a.json", "[]", ["no personas"]),
        ("a.jsonl", '{"id": "a", "description": "' + "x" * 20_001 + '"}\n', ["`description`"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(write, name, content, says):
    path = write(name, content)
    with pytest.raises(PersonaError) as caught:
        load_personas(path)
    assert str(path) in str(caught.value)
    assert [one for one in says if one not in str(caught.value)] == []
    assert caught.value.exit_code == 3


def test_ten_broken_rows_are_told_at_once(write):
    rows = [{"id": f"p{n}", "description": n} for n in range(30)]
    with pytest.raises(PersonaError, match="10 rows cannot be read, and perhaps more") as caught:
        load_personas(write("a.jsonl", lines(rows)))
    assert "line 10:" in str(caught.value)
    assert "line 11:" not in str(caught.value)


def test_a_file_that_is_not_there_and_a_format_that_is_none(write, tmp_path):
    with pytest.raises(PersonaError, match=r"gone\.json.*No such file"):
        load_personas(tmp_path / "gone.json")
    with pytest.raises(PersonaError, match=r"'twiter'; did you mean 'oasis-twitter'.*finepersonas"):
        load_personas(write("a.json", "[]"), format="twiter")
    with pytest.raises(PersonaError, match="no persona format 'zzz'; there are agentsociety, "):
        load_personas(write("a.json", "[]"), format="zzz")
    with pytest.raises(PersonaError, match="limit is -1"):
        load_personas(write("a.json", "[]"), limit=-1)


def test_every_licence_is_that_of_a_format():
    assert LICENCES.keys() <= FORMATS.keys()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.sampled_from(
        [
            b"",
            b"[",
            b"{",
            b'{"id": "a", ',
            b"PAR1",
            b"id,description\n",
            b'{"persona": "',
            b",username,user_char,following_agentid_list\n",
            b'[{"username": "',
        ]
    ),
    rest=st.binary(max_size=200),
    suffix=st.sampled_from([".json", ".jsonl", ".csv", ""]),
)
def test_any_bytes_are_personas_or_a_persona_error(tmp_path, start, rest, suffix):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(start + rest)
    check(path)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["[1]", "['a'", "[[[", "None", "{}", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "id",
        "description",
        "attributes",
        "untold",
        "persona",
        "labels",
        "uuid",
        "username",
        "bio",
        "user_char",
        "following_agentid_list",
        "previous_tweets",
        "input persona",
        "summary_label",
        "interested_topics",
        "skills_list",
        "name",
        "\ud800",
        "embedding",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=4))
def test_any_objects_are_personas_or_a_persona_error(tmp_path, rows):
    path = tmp_path / "any.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    for form in (None, *FORMATS):
        check(path, form)


@pytest.fixture(scope="module")
def parquet():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(FINE * 3), sink)
    return sink.getvalue().to_pybytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damaged_parquet_is_personas_or_a_persona_error(tmp_path, parquet, data):
    whole = bytearray(parquet)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "any.parquet"
    path.write_bytes(whole[: data.draw(st.integers(4, len(whole)))])
    check(path)


def check(path, form=None):
    try:
        people = load_personas(path, form)
    except PersonaError as error:
        str(error).encode()
        return
    assert len({one.id for one in people}) == len(people) > 0
    for one in people:
        assert Persona.model_validate_json(one.model_dump_json()) == one


def test_deep_nesting_is_an_error_like_any_other(write):
    with pytest.raises(PersonaError, match="not usable JSON"):
        load_personas(write("a.json", "[" * 100_000))
    with pytest.raises(PersonaError, match="`labels`"):
        load_personas(write("a.jsonl", lines([{"persona": "x", "labels": "[" * 100_000}])))


def test_the_personahub_tool_file_imports_whole():
    people, source = read(sample_file("personahub_tool_400.jsonl"))
    assert len(people) == 400
    assert source.licence == "CC-BY-NC-SA-4.0"
    assert {one.attributes["description"] for one in people} == {"tool development"}
    assert all(one.description == one.attributes["input persona"] for one in people)
    assert all(one.attributes["synthesized text"] for one in people)


def test_the_oasis_reddit_file_imports_whole():
    people, source = read(sample_file("oasis_reddit_profiles.json"))
    assert len(people) == 36
    assert source.format == "oasis-reddit"
    assert people[0].id == "millerhospitality"
    assert people[0].attributes["interested_topics"] == ["Economics", "Business"]


def test_the_oasis_twitter_file_imports_whole():
    people, source = read(sample_file("oasis_twitter_profiles.csv"))
    assert len(people) == 111
    assert source.format == "oasis-twitter"
    assert people[1].attributes["following"] == ["user32"]
    assert any(one.attributes["previous_tweets"] for one in people)


def test_load_warns_that_it_is_called_load_personas_now(write):
    path = write("a.jsonl", lines([{"id": "ann", "description": "A baker."}]))
    with pytest.warns(DeprecationWarning, match="use load_personas"):
        assert simnet.personas.load(path) == load_personas(path)
