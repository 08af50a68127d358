"""People are found by the ids they were imported with: in files of ties, ties, cues and turns."""

import json
import pickle

import pytest
from typer.testing import CliRunner

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Follow,
    Never,
    Scenario,
    TakingTurns,
    Write,
    load_personas,
)
from simnet.cli.app import app
from simnet.errors import InputError, ScenarioError
from simnet.networks import edges, random_followees, together
from simnet.scenario.initial_network import network_of

ROWS = [
    {"id": "Ada Lane", "description": "Sails."},
    {"id": "ben@example.org", "description": "Rows."},
    {"id": "e\u0301lan", "description": "Swims."},
]
HANDLES = ["Ada_Lane", "ben_example.org", "\u00e9lan"]


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    return load_personas(path)


def town(people, **fields):
    return Scenario("town", [Cohort("c", people, rhythm=Never())], lasts=HOUR, **fields)


def pairs(scenario):
    handles = scenario.handles()
    ties = zip(*network_of(scenario, handles), strict=True)
    return [(handles[follower], handles[followee]) for follower, followee in ties]


def test_a_file_of_ties_may_name_people_as_their_own_file_does(tmp_path, people):
    path = tmp_path / "ties.csv"
    path.write_text(
        "follower,followee\nAda Lane,ben@example.org\n@Ada_Lane,e\u0301lan\n", encoding="utf-8"
    )
    assert pairs(town(people, ties=edges(path))) == [
        ("Ada_Lane", "ben_example.org"),
        ("Ada_Lane", "\u00e9lan"),
    ]


@pytest.mark.parametrize("several", [False, True])
def test_a_name_that_nobody_has_is_found_when_the_scenario_is_made(tmp_path, people, several):
    path = tmp_path / "ties.csv"
    path.write_text("Ada Lane,Ben Lane\n", encoding="utf-8")
    ties = together(random_followees(1), edges(path)) if several else edges(path)
    with pytest.raises(InputError, match=r"ties\.csv: line 1: there is no @Ben Lane"):
        town(people, ties=ties)


def test_ties_cues_and_turns_may_name_people_as_their_file_does(people):
    rhythm = TakingTurns(["ben@example.org", "Ada Lane"], every=10 * MINUTE)
    scenario = Scenario(
        "town",
        [Cohort("c", people, rhythm=rhythm)],
        lasts=HOUR,
        ties=[("Ada Lane", "e\u0301lan"), ("Ada_Lane", "ben_example.org")],
        cues=[
            Cue(0, "Ada Lane", Follow("ben@example.org")),
            Cue(1, "ben_example.org", Write("Hi")),
        ],
    )
    assert scenario.cohorts[0].rhythm.order == ["ben_example.org", "Ada_Lane"]
    assert list(scenario.ties) == [("Ada_Lane", "\u00e9lan"), ("Ada_Lane", "ben_example.org")]
    assert scenario.cues[0] == Cue(0, "Ada_Lane", Follow("ben_example.org"))
    assert scenario.cues[1].who == "ben_example.org"


def test_a_handle_goes_before_an_original_id_and_two_of_one_id_are_nobody(people):
    (ada, ben, elan) = people
    taken = ben.model_copy(update={"id": "Ada Lane".replace(" ", "."), "attributes": {}})
    other = elan.model_copy(update={"attributes": {"original_id": "Ada_Lane"}})
    assert town([ada, taken, other], ties=[("Ada_Lane", "\u00e9lan")]).ties == [
        ("Ada_Lane", "\u00e9lan")
    ]
    twin = ben.model_copy(update={"attributes": {"original_id": "Ada Lane"}})
    with pytest.raises(ScenarioError, match="names @Ada Lane"):
        town([ada, twin], ties=[("Ada Lane", "ben_example.org")])


def test_a_name_that_one_persona_alone_has_is_enough(tmp_path):
    path = tmp_path / "agents.json"
    rows = [{"id": n, "name": f"Ann {n}", "background_story": "Sails."} for n in (1, 2)]
    path.write_text(json.dumps(rows), encoding="utf-8")
    people = load_personas(path)
    assert pairs(town(people, ties=[("1", "Ann 2")])) == [("Ann_1", "Ann_2")]


def test_what_nobody_is_called_is_still_told_of(people):
    with pytest.raises(ScenarioError, match=r"cue 0 .* is by @Ann Lane, who is in no cohort"):
        town(people, cues=[Cue(0, "Ann Lane", Write("Hi"))])


def test_a_scenario_with_a_file_of_ties_needs_the_file_no_more(tmp_path, people):
    path = tmp_path / "ties.csv"
    path.write_text("Ada Lane,ben@example.org\n", encoding="utf-8")
    sent = pickle.dumps(town(people, ties=edges(path)))
    path.unlink()
    assert pairs(pickle.loads(sent)) == [("Ada_Lane", "ben_example.org")]


@pytest.mark.slow
def test_the_command_line_finds_people_by_the_ids_of_their_own_file(tmp_path, monkeypatch):
    (tmp_path / "people.json").write_text(json.dumps(ROWS), encoding="utf-8")
    (tmp_path / "town.py").write_text(
        "from simnet import HOUR, MINUTE, Cohort, Scenario, Steps, load_personas\n"
        "people = load_personas('people.json')\n"
        "cohort = Cohort('c', people, rhythm=Steps(20 * MINUTE), follows={'c': 1.0})\n"
        "town = Scenario('town', [cohort], lasts=HOUR)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    def shown(*words):
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        return done.stdout

    shown("run", "town.py", "--backend", "fake", "--quiet")
    explain = ("explain", "town.py", "--backend", "fake", "--who")
    show = ("show", "latest", "--events", "--who")
    for original, handle in zip(ROWS, HANDLES, strict=True):
        for name in (original["id"], f"@{original['id']}", f"@{handle}"):
            assert shown(*explain, name) == shown(*explain, handle)
            assert shown(*show, name) == shown(*show, handle)
    for words in ((*explain, "Ada"), (*show, "Ada"), (*show, ""), (*explain, "@")):
        refused = CliRunner().invoke(app, [*words])
        assert refused.exit_code == 2, refused.output
