"""Families of persona files: what is read, what a model is told of it, what is no persona."""

import json

import pytest

from simnet.errors import PersonaError
from simnet.personas import Persona, load_personas
from simnet.personas.sources import FORMATS, read
from simnet.personas.sources.columns.mapping import read_map

MIRA = "Mira restores clocks."
FAMILIES = {
    "character-card": (
        {
            "spec": "chara_card_v2",
            "spec_version": "2.0",
            "data": {
                "name": "Mira Holt",
                "description": "{{char}} restores clocks, and <BOT> likes {{user}}.",
                "personality": "exact, shy",
                "scenario": "A shop in winter.",
                "first_mes": "*looks up* Yes?",
                "mes_example": "<START>\n{{user}}: Hi!\n{{char}}: Yes?",
                "tags": ["clocks"],
                "creator": "somebody",
                "extensions": {},
            },
        },
        "Mira_Holt",
        (
            "Mira Holt restores clocks, and Mira Holt likes somebody. name: Mira Holt. "
            "personality: exact, shy."
        ),
    ),
    "elizaos": (
        {
            "name": "Mira Holt",
            "bio": [MIRA, "Likes rain."],
            "lore": ["Born in Ulm."],
            "messageExamples": [[{"user": "a", "content": {"text": "Hi!"}}]],
            "postExamples": ["Tick."],
            "adjectives": ["exact"],
            "modelProvider": "openai",
        },
        "Mira_Holt",
        f"{MIRA} Likes rain. Born in Ulm. name: Mira Holt. adjectives: exact.",
    ),
    "concordia": (
        {
            "prefab": "basic__Entity",
            "role": "ENTITY",
            "params": {"name": "Mira Holt", "context": MIRA, "goal": "Sell the shop."},
        },
        "Mira_Holt",
        f"{MIRA} name: Mira Holt. goal: Sell the shop.",
    ),
    "qualtrics": (
        {
            "StartDate": "2026-01-01 10:00:00",
            "Status": "IP Address",
            "Progress": 100,
            "UserLanguage": "EN",
            "ResponseId": "R_3abc",
            "age": 52,
        },
        "R_3abc",
        "age: 52.",
    ),
    "tinytroupe": (
        {
            "type": "TinyPerson",
            "persona": {
                "name": "Mira Holt",
                "age": 52,
                "occupation": {"title": "Clockmaker", "organization": None},
                "personality": {"traits": ["exact", "shy"], "big_five": {"openness": "high"}},
                "relationships": [{"name": "Bo", "kind": "brother"}],
            },
        },
        "Mira_Holt",
        (
            "name: Mira Holt. age: 52. occupation title: Clockmaker. "
            "personality traits: exact, shy. personality big five openness: high. "
            "relationships: name: Bo; kind: brother."
        ),
    ),
    "sotopia": (
        {
            "pk": "01H5",
            "first_name": "Mira",
            "last_name": "Holt",
            "age": 52,
            "public_info": MIRA,
            "personality_and_values": "Mira is exact",
            "secret": "She cannot read music.",
            "model_id": "human",
            "tag": "",
        },
        "Mira_Holt",
        f"{MIRA} Mira is exact. name: Mira Holt. age: 52. secret: She cannot read music.",
    ),
    "generative-agents": (
        {
            "name": "Mira Holt",
            "first_name": "Mira",
            "age": 52,
            "innate": "exact, shy",
            "learned": MIRA,
            "currently": "Mira looks for a flat",
            "lifestyle": "Up at six.",
            "vision_r": 8,
            "daily_plan_req": "wind the clocks",
        },
        "Mira_Holt",
        (
            f"{MIRA} Mira looks for a flat. name: Mira Holt. age: 52. innate: exact, shy. "
            "lifestyle: Up at six."
        ),
    ),
    "agentsociety": (
        {"id": 7, "name": "Mira Holt", "age": 52, "persona": "shy", "background_story": MIRA},
        "Mira_Holt",
        f"{MIRA} name: Mira Holt. age: 52. persona: shy.",
    ),
    "silisocs": (
        {
            "agent_id": 3,
            "name": "Mira",
            "context": MIRA,
            "system_prompt": MIRA,
            "initial_belief": -1,
            "traits": ["exact"],
        },
        "Mira",
        f"{MIRA} name: Mira. traits: exact.",
    ),
    "mirofish": (
        {
            "user_id": 0,
            "username": "mira_h",
            "bio": "Clocks!",
            "persona": MIRA,
            "karma": 1000,
            "friend_count": 20,
            "created_at": "2026-02-03",
            "interested_topics": ["Time"],
            "source_entity_uuid": "c0ffee",
        },
        "mira_h",
        f"{MIRA} bio: Clocks! interested topics: Time.",
    ),
    "ysimulator": (
        {
            "id": "4ef8052b-608d-50f2-9785-91b2bce1d72a",
            "username": "mira",
            "email": "mira@example.org",
            "leaning": "left",
            "age": 52,
            "oe": "curious",
            "llm": True,
            "daily_activity_level": 3,
            "round_actions": 4,
            "frecsys_type": "random",
            "interests": [["Clocks", "Bells"], [7, 5]],
            "opinions": {"Clocks": 0.2},
        },
        "mira",
        "leaning: left. age: 52. openness: curious. interests: Clocks, Bells.",
    ),
    "syndisco-settings": (
        {
            "user_names": ["mira"],
            "user_attributes": [["exact", "shy"]],
            "context": "Clocks.",
            "conv_len": 4,
        },
        "mira",
        "personality characteristics: exact, shy.",
    ),
}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_is_recognised_and_tells_who_somebody_is(write, name):
    row, handle, portrait = FAMILIES[name]
    for content in ([row], row, json.dumps(row) + "\n"):
        (one,), source = read(write("people.json", content))
        assert (source.format, one.id, one.portrait()) == (name, handle, portrait)


def test_every_family_has_a_name_and_columns():
    assert [name for name, form in FORMATS.items() if form.name != name] == []
    assert [name for name, form in FORMATS.items() if not form.columns] == []


def test_an_id_that_is_a_number_beside_a_name_is_kept_as_the_original(write):
    row, _, _ = FAMILIES["agentsociety"]
    (one,) = load_personas(write("a.json", [row]))
    assert one.attributes["original_id"] == "7"
    assert "original_id" in one.untold


def test_a_fragment_of_tinytroupe_says_that_it_is_one(write):
    fragment = {"type": "Fragment", "persona": {"beliefs": ["Tea first."]}}
    with pytest.raises(PersonaError, match="it is a fragment"):
        load_personas(write("a.json", fragment))


TWINS = (
    ",user_id,name,username,following_agentid_list,previous_tweets,user_char\n"
    '0,7,A,ada,"[1, 2]",[],Sails.\n'
    "1,8,B,ben,[x],[],Rows.\n"
    '2,9,A,ada,"[0, 3]",[],Sails.\n'
    "3,6,C,cy,[2],[],Swims.\n"
)


def test_agents_of_one_name_stay_two_and_positions_stay_right_without_a_broken_row(write):
    path = write("people.csv", TWINS)
    with pytest.raises(PersonaError, match=r"1 row cannot .*personas import --skip-bad"):
        load_personas(path)
    batch = read(path, skip_bad=True)
    assert [one.id for one in batch.personas] == ["ada", "ada-2", "cy"]
    assert [one.attributes["following"] for one in batch.personas] == [
        ["ada-2"],
        ["ada", "cy"],
        ["ada-2"],
    ]
    assert [broken.place for broken in batch.skipped] == ["line 3"]
    with pytest.warns(UserWarning, match=r"1 row skipped.*line 3.*'\[x\]' is not"):
        load_personas(path, skip_bad=True)


def test_two_people_of_one_name_get_two_handles_and_two_of_one_id_are_told_of(write):
    rows = [{"name": "Ann Lee", "description": text} for text in ("Sails.", "Rows.")]
    people = load_personas(write("a.json", [*rows, {"name": "bo", "description": "Swims."}]))
    assert [one.id for one in people] == ["Ann_Lee", "Ann_Lee-2", "bo"]
    assert [one.attributes.get("original_id") for one in people] == ["Ann Lee", "Ann Lee", None]
    with pytest.raises(PersonaError, match=r"'Ann Lee' is the id at item 1 .* two people"):
        load_personas(write("b.json", [{**row, "id": row["name"]} for row in rows]))


def test_a_file_of_broken_rows_alone_is_refused_whatever_is_skipped(write):
    with pytest.raises(PersonaError, match="no personas in this file; broken rows: 2"):
        read(write("a.jsonl", '{"id": 1.5}\n{"id": \n'), skip_bad=True)


NO_PERSONAS = {
    "a SynDisco log": {"id": "a", "timestamp": "24", "logs": [["ann", "Hi"]], "users": ["ann"]},
    "a set of conversations": {"id": "c1", "messages": [{"role": "user", "content": "Hi"}]},
    "a list of ties": {"source": "ann", "target": "bob"},
    "a table of a run": {"who": "ann", "turn": 1, "verb": "write", "text": "Hi"},
    "a log of actions": {"round": 1, "agent_id": 3, "action_type": "LIKE", "action_args": {}},
    "a set of instructions": {"id": 1, "instruction": "Add.", "output": "2"},
    "a table of posts": {"id": 1, "text": "Hi", "created_at": "2026-01-01"},
    "a table of posts or other texts": {"from": "a@x.org", "to": "b@x.org", "body": "Hi"},
    "a sotopia environment": {"codename": "x", "scenario": "A pub.", "agent_goals": ["a", "b"]},
    "a table that says nothing": {"id": 4, "name": "Mug", "description": "Blue.", "price": 3.5},
}
NOTHING = [
    {"id": "n1", "lat": 3.2, "lon": 4.1},
    {"id": 1, "title": "Jaws", "description": "A shark."},
    {"name": "left-pad", "version": "1.0", "description": "Pads."},
    {"id": "q1", "value": 3},
    {"name": "get_weather", "description": "Says it.", "parameters": {"city": "text"}},
    {"id": 7, "description": "Mend the gate.", "due": "May", "assignee": "ann"},
    {"name": "Rye", "description": "A loaf.", "ingredients": ["rye", "salt"]},
    {"attributes": ["expert"], "instructions": "Rate it.", "history_ctx_len": 4},
    {"RS": {"title": "x"}, "RC_1": {"body": "y"}},
    {"lasts": 3600, "model": {"name": "x"}},
    {"one": {"a": {"b": 1}}, "other": {}},
]


@pytest.mark.parametrize("what", NO_PERSONAS)
def test_a_file_that_holds_no_personas_says_what_it_is(write, what):
    with pytest.raises(PersonaError, match=f"no personas: it looks like {what}.*--map"):
        load_personas(write("a.json", [NO_PERSONAS[what]]))


@pytest.mark.parametrize("row", NOTHING)
def test_a_table_of_things_becomes_no_persona(write, row):
    with pytest.raises(
        PersonaError, match=r"no personas: it looks like a table (that says nothing|without ids)"
    ):
        load_personas(write("a.jsonl", json.dumps(row) + "\n" + json.dumps(row)))


def test_a_file_without_headings_is_told_what_a_first_line_is(write):
    with pytest.raises(PersonaError, match=r"begins with the names of its columns.*'ann', 'Sails'"):
        load_personas(write("a.csv", "ann,Sails\nbo,Rows\n"))


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a"},
        {"id": "a", "description": "Sails."},
        {"name": "Ann Lee", "age": 30},
        {"handle": "ann", "description": "Sails.", "title": "Dr."},
        {"id": "a", "job": "judge", "bio": "Sails.", "post": "first"},
        {"id": "a", "persona": "Sails.", "messages": [{"role": "user", "content": "Hi"}]},
    ],
)
def test_a_table_of_people_stays_one(write, row):
    assert len(load_personas(write("a.json", [row]))) == 1


def test_a_map_names_the_columns_of_any_table(write):
    path = write("a.csv", "Nick,Story,More,Text\nAnn Lee,Sails.,Rows,7\n")
    mapping = read_map(["id=nick,description=Story+More"])
    (one,), source = read(path, map=mapping)
    assert (one.id, one.description, source.format) == ("Ann_Lee", "Sails. Rows", "mapped")
    assert one.attributes == {"Text": "7", "original_id": "Ann Lee"}
    nested = write("a.json", [{"who": {"name": "Bo", "job": "cook"}, "log": [1]}])
    (bo,) = load_personas(nested, map={"id": "who.name", "description": "who.job"})
    assert (bo.id, bo.description, bo.attributes) == ("Bo", "cook", {"log": ["1"]})
    (made,) = load_personas(path, map={"description": "Story"})
    assert made.id.startswith("sails_")


def test_a_map_that_fits_nothing_is_told_of(write):
    path = write("a.csv", "nick,story\nann,Sails.\n")
    with pytest.raises(PersonaError, match=r"line 2: field `nik`.*did you mean 'nick'"):
        load_personas(path, map={"id": "nik"})
    with pytest.raises(PersonaError, match="no pair"):
        read_map(["id"])
    with pytest.raises(PersonaError, match="'id' twice"):
        read_map(["id=a", "id=b"])


def test_the_map_that_a_refusal_advises_works(write):
    path = write("a.csv", "screen_name,biography,tweet\nann,Sails.,hi\n")
    with pytest.raises(PersonaError) as refused:
        load_personas(write("b.csv", "screen_name,summary,tweet\nann,Sails.,hi\n"))
    assert "--map id=screen_name,description=summary" in str(refused.value)
    mapping = read_map(["id=screen_name,description=biography"])
    assert load_personas(path, map=mapping)[0].description == "Sails."


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("user_id", 4, False),
        ("externalId", "x9", False),
        ("uuid", "0", False),
        ("index", "3", False),
        ("created_at", "2026-02-03", False),
        ("lastSeenAt", "yesterday", False),
        ("signup", "2026-02-03T10:00:00Z", False),
        ("date_of_birth", "1990-02-03", True),
        ("followers_count", 12, False),
        ("num_followings", "3", False),
        ("karma", 1000, False),
        ("likes", 33, False),
        ("likes", ["tea"], True),
        ("children_count", 2, True),
        ("total_income", 30_000, True),
        ("needs_processing", False, False),
        ("is_verified", "True", False),
        ("is_smoker", True, True),
        ("homepage", "https://example.org/a", False),
        ("token", "d41d8cd98f00b204e9800998ecf8427e", False),
        ("source_row", 5, False),
        ("embedding_model", "m", False),
        ("age", 41, True),
        ("position", "keeper", True),
        ("self_portrait", "  sails a SMALL boat, in all weathers!", False),
        ("summary", "Sails a small boat in all weathers. Votes.", False),
        ("story", "Grew up by a lake far from any sea.", True),
    ],
)
def test_bookkeeping_stays_with_the_persona_and_is_told_to_nobody(write, field, value, told):
    row = {"id": "ann", "description": "Sails a small boat in all weathers.", field: value}
    (one,) = load_personas(write("a.jsonl", json.dumps(row) + "\n"), format="simnet")
    assert field in one.attributes
    assert (field not in one.untold) is told


def test_a_row_that_says_itself_what_is_untold_is_believed(write):
    row = {"id": "ann", "description": "Sails.", "attributes": {"karma": 3}, "untold": []}
    (one,) = load_personas(write("a.jsonl", json.dumps(row) + "\n"))
    assert one.portrait() == "Sails. karma: 3."


def test_headings_are_compared_without_case_and_blanks(write):
    (one,) = load_personas(write("a.csv", " ID ,DESCRIPTION,Age\nann,Sails.,4\n"))
    assert (one.id, one.description, one.attributes) == ("ann", "Sails.", {"Age": "4"})
    path = write("b.csv", "Input Persona,Synthesized_Text\nA nurse.,x\n")
    assert read(path).source.format == "personahub"
    (two,) = load_personas(write("c.json", [{"id": "a", "ID": "b", "description": "x"}]))
    assert (two.id, two.attributes) == ("a", {"ID": "b"})


@pytest.mark.parametrize(
    ("description", "attributes", "portrait"),
    [
        ("Sails", {"age": 4}, "Sails. age: 4."),
        ("Sails!", {"bio": "Rows."}, "Sails! bio: Rows."),
        ('Says "no."', {"age": 4}, 'Says "no." age: 4.'),
        ("\u6f15\u3050\u3002", {"age": 4}, "\u6f15\u3050\u3002 age: 4."),
        ("Sails", {}, "Sails"),
        ("", {"age": 4}, "age: 4."),
    ],
)
def test_sentences_of_a_portrait_end_once(write, description, attributes, portrait):
    row = {"id": "a", "description": description, "attributes": attributes}
    assert load_personas(write("a.json", [row]))[0].portrait() == portrait


def test_advice_leaves_an_object_in_the_file_as_it_is(write):
    row = {"id": "a", "description": {"text": "Sails."}, "age": 3}
    with pytest.raises(PersonaError) as caught:
        load_personas(write("a.json", [row]))
    assert "quotes" not in str(caught.value)
    assert "leave the file as it is" in str(caught.value)


def test_an_actor_of_syndisco_has_its_persona_nested_and_its_prompt_untold(write):
    persona = {"username": "mira", "age": 52, "traits": {"openness": "high"}}
    actor = {"context": "A forum.", "instructions": "Be brief.", "type": "user", "persona": persona}
    batch = read(write("a.json", [actor, {**actor, "name": "Bo", "persona": {"age": 3}}]))
    mira, bo = batch.personas
    assert batch.source.format == "syndisco-actor"
    assert (mira.id, mira.portrait()) == ("mira", "age: 52. traits openness: high.")
    assert (bo.id, bo.portrait()) == ("Bo", "age: 3.")
    assert mira.attributes["instructions"] == "Be brief."


QUALTRICS = """StartDate,ResponseId,Q1,Q2
Start Date,Response ID,What is your job?,I trust the news.
"{""ImportId"":""startDate""}","{""ImportId"":""_recordId""}","{""ImportId"":""QID1""}",x
2026-01-01 10:00:00,R_1,Nurse,Never
2026-01-01 11:00:00,R_2,,Often
"""


def test_the_headings_of_a_survey_are_no_respondents_and_name_its_answers(tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(QUALTRICS)
    people = load_personas(path)
    assert [one.id for one in people] == ["R_1", "R_2"]
    assert people[0].portrait() == "What is your job: Nurse. I trust the news: Never."
    chosen = load_personas(path, map={"id": "responseid", "job": "Q1"})
    assert [one.id for one in chosen] == ["R_1", "R_2"]
    assert chosen[0].attributes["job"] == "Nurse"
    assert chosen[0].attributes["I trust the news"] == "Never"


@pytest.mark.parametrize(
    ("written", "handle", "portrait"),
    [
        (
            (
                "# SOUL.md - Who You Are\n\nYou're **Mira**. You restore clocks.\n\n## Habits\n"
                "- Winds them\n- Sings, badly\n"
            ),
            "Mira",
            "You're Mira. You restore clocks. Habits: Winds them. Sings, badly. name: Mira.",
        ),
        (
            "---\nname: mira\nage: 52\n---\n\nRestores clocks, in Ulm.\n",
            "mira",
            "Restores clocks, in Ulm. name: mira. age: 52.",
        ),
        ("\ufeff# Mira\n\n- **Name:** Mira Holt\n", "Mira_Holt", None),
    ],
)
def test_a_text_in_markdown_is_one_person(tmp_path, written, handle, portrait):
    path = tmp_path / "any.md"
    path.write_text(written)
    [one] = load_personas(path)
    assert (one.id, one.source.format) == (handle, "soul")
    assert portrait in {None, one.portrait()}


def test_game_masters_are_no_people(tmp_path):
    master = {"prefab": "generic__GameMaster", "role": "GAME_MASTER", "params": {"name": "rules"}}
    entity = FAMILIES["concordia"][0]
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"default_premise": "Ulm", "instances": [master, entity]}))
    assert [one.id for one in load_personas(path)] == ["Mira_Holt"]


def test_an_agent_in_a_configuration_of_agentsociety_is_read(tmp_path):
    profile = {"name": "Mira Holt", "background_story": MIRA, "age": 52, "home": {"aoi_id": 5}}
    agents = [
        {"agent_id": 3, "agent_type": "PersonAgent", "kwargs": {"id": 3, "profile": profile}},
        {"agent_id": 4, "agent_type": "PersonAgent", "kwargs": {"id": 4, "profile": MIRA}},
    ]
    path = tmp_path / "init_config.json"
    path.write_text(json.dumps({"env_modules": [], "agents": agents}))
    one, other = load_personas(path)
    assert (one.id, one.portrait()) == ("Mira_Holt", f"{MIRA} name: Mira Holt. age: 52.")
    assert (other.id, other.portrait(), other.source.format) == ("4", MIRA, "agentsociety")


@pytest.mark.parametrize(
    ("row", "what", "advice"),
    [
        ({"respondent_id": 1, "age": 52}, "people without a column that names", "id=respondent_id"),
        ({"Participant id": "5f1", "Sex": "f"}, "without a column that", "'id=Participant id'"),
        (
            {"\u59d3\u540d": "Mira", "\u7b80\u4ecb": MIRA},
            "",
            "id=\u59d3\u540d,description=\u7b80\u4ecb",
        ),
        ({"name": "Mira", "Beschreibung": MIRA}, "", "id=name,description=Beschreibung"),
        ({"personality": ["I sing"], "utterances": [{"history": ["Hi"]}]}, "conversations", ""),
        ({}, "an empty object", ""),
    ],
)
def test_what_is_refused_is_named_with_the_columns_that_may_help(tmp_path, row, what, advice):
    path = tmp_path / "people.json"
    path.write_text(json.dumps([row]))
    with pytest.raises(PersonaError) as refused:
        load_personas(path)
    assert what in str(refused.value)
    assert advice in str(refused.value)


def test_a_type_that_is_no_text_is_no_crash(tmp_path):
    path = tmp_path / "people.json"
    path.write_text(json.dumps([{"type": [], "persona": {"name": "Mira"}}]))
    with pytest.raises(PersonaError):
        load_personas(path)


def test_what_a_recorded_portrait_leaves_out_stays_untold_beside_a_longer_name(write):
    attributes = {"age": 40, "language": "Dutch", "first language": "Frisian", "note": "x"}
    one = Persona(id="ann", description="Sails!", attributes=attributes, untold=("age", "language"))
    row = {
        "id": "ann",
        "cohort": "crew",
        "description": "Sails!",
        "attributes": json.dumps(attributes),
        "portrait": one.portrait(),
        "position": 0,
    }
    (again,) = load_personas(write("crew.json", [row]))
    assert again.untold == ("age", "language")
    assert again.portrait() == one.portrait()
