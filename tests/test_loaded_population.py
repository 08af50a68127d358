"""Populations out of files: personas with their ties, first posts and rhythms."""

import json
from pathlib import Path

import pytest
from made_worlds import drive

from simnet import DAY, HOUR, Cohort, Diurnal, Exponential, Never, Scenario, load_population, silent
from simnet.errors import InputError, PersonaError, ScenarioError
from simnet.rhythms import ByPersona, OnPost, TakingTurns
from simnet.scenario.forecast.expected_turns import expected_turns

DATA = Path(__file__).parents[2] / "shared" / "data"
TWITTER = (
    ",user_id,name,username,following_agentid_list,previous_tweets,user_char\n"
    "0,11,Ada,ada,\"[1, 2]\",\"['The ferry is late.', 'Still late.']\",Sails.\n"
    "1,12,Ben,ben,[0],[],Mends engines.\n"
    "2,13,Cy,cy,[],[],\n"
)
PROFILES = [
    {"user_id": 7, "username": "mia", "bio": "b", "persona": "Runs a cafe.", "created_at": "x"},
    {"user_id": 8, "username": "leo", "bio": "b", "persona": "Reads news.", "created_at": "x"},
]
CONFIG = {
    "agent_configs": [
        {
            "agent_id": 8,
            "stance": "opposing",
            "active_hours": [9, 10],
            "posts_per_hour": 0.5,
            "comments_per_hour": 1.5,
            "activity_level": 0.3,
        },
    ],
    "event_config": {"initial_posts": [{"content": "We open.", "poster_agent_id": 7}]},
}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def town(people, **fields):
    cohort = Cohort("people", people.personas, behaviour=silent, rhythm=people.rhythm)
    return Scenario("town", [cohort], people.first_posts, ties=people.ties, **fields)


def test_oasis_profiles_become_a_scenario_with_its_ties_and_first_posts(write):
    people = load_population(write("a.csv", TWITTER))
    assert people.ties == [("ada", "ben"), ("ada", "cy"), ("ben", "ada")]
    played = drive(town(people, lasts=HOUR))
    first = [
        (event.time, event.who, event.text) for event in played.events if event.verb == "write"
    ]
    assert first == [(0.0, "ada", "The ferry is late."), (0.0, "ada", "Still late.")]
    followers, followees = played.kernel.world.network.edge_arrays()
    assert (followers.tolist(), followees.tolist()) == ([0, 0, 1], [1, 2, 0])


def test_a_position_of_nobody_is_told_with_line_and_field_or_skipped(write):
    path = write("a.csv", TWITTER.replace("[0],", "[0 , 9],").replace("[0 , 9]", '"[0, 9]"'))
    with pytest.raises(
        PersonaError, match=r"line 3: field `following_agentid_list`: 9 is no agent"
    ):
        load_population(path)
    with pytest.warns(UserWarning, match="line 3: field"):
        people = load_population(path, skip_bad=True)
    assert len(people.personas) == 3
    assert ("ben", "ada") in people.ties
    assert [place for place, _ in people.skipped] == ["line 3"]
    assert len(load_population(path, limit=2).ties) == 2  # those beyond were not read


def test_any_file_may_name_whom_people_follow_and_what_they_said(write):
    rows = [
        {"id": "Ann Lee", "description": "A baker.", "follows": ["ben"], "first_posts": ["Hello."]},
        {"id": "ben", "description": "A cook.", "follows": ["Ann Lee", "@Ann_Lee", "ben"]},
    ]
    people = load_population(write("a.jsonl", "\n".join(map(json.dumps, rows))))
    assert people.ties == [("Ann_Lee", "ben"), ("ben", "Ann_Lee")]
    assert [(cue.at, cue.who, cue.does.text) for cue in people.first_posts] == [
        (0, "Ann_Lee", "Hello.")
    ]
    assert people.among(people.personas[:1]).ties == []


def test_a_name_of_nobody_is_told_with_line_and_field(write):
    rows = [{"id": "ann", "description": "A baker."}, {"id": "ben", "follows": ["anne"], "age": 3}]
    path = write("a.jsonl", "\n".join(map(json.dumps, rows)))
    says = r"line 2: field `follows`: names 'anne', who is not in this file; did you mean 'ann'\?"
    with pytest.raises(PersonaError, match=says):
        load_population(path)


def test_settings_of_mirofish_become_stance_rhythm_and_first_posts(write):
    people = load_population(write("p.json", PROFILES), config=write("c.json", CONFIG))
    mia, leo = people.personas
    assert leo.portrait().endswith("stance: opposing.")
    assert "hours" not in leo.portrait()
    assert people.first_posts[0].who == mia.id
    rhythm = people.rhythms["leo"]
    assert rhythm.mean == DAY / 4  # two hours of two actions each
    assert [hour for hour, weight in enumerate(rhythm.profile) if weight] == [9, 10]
    assert isinstance(people.rhythm.of("mia"), Exponential)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"agent_configs": [{"agent_id": 99}]}, r"agent_configs, item 1: field `agent_id`: is 99"),
        ({"agent_configs": None}, "has no list `agent_configs`"),
        (
            {"agent_configs": [{"agent_id": 8, "active_hours": [25]}]},
            "field `active_hours`: '25' is no hour of the day",
        ),
        (
            {"event_config": {"initial_posts": [{"poster_agent_id": 7, "content": 5}]}},
            r"initial_posts, item 1: field `content`: is no text",
        ),
    ],
)
def test_settings_that_do_not_fit_are_told_of(write, change, says):
    path = write("p.json", PROFILES)
    with pytest.raises(PersonaError, match=says):
        load_population(path, config=write("c.json", CONFIG | change))


def test_a_population_of_ysimulator_takes_its_network_from_the_file_beside_it(write):
    agents = [
        {"name": name, "age": 30, "round_actions": 3, "daily_activity_level": level}
        for name, level in [("Ann Lee", 12), ("ben", 0)]
    ]
    path = write("agent_population.json", {"agents": agents})
    people = load_population(path, ties=write("network.csv", "Ann Lee,ben\n"))
    assert people.ties == [("Ann_Lee", "ben")]
    assert people.rhythms["Ann_Lee"].mean == 2 * HOUR
    assert isinstance(people.rhythms["ben"], Never)
    with pytest.raises(InputError, match="line 1: there is no @zoe in the scenario"):
        load_population(path, ties=write("network.csv", "Ann Lee,zoe\n"))


def test_weights_of_oasis_keep_their_proportions_between_hours_and_people(write):
    rows = [
        {"username": f"u{n}", "user_char": "x", "activity_level_frequency": [n] * 12 + [0] * 12}
        for n in (1, 3)
    ]
    people = load_population(write("a.json", rows))
    often, seldom = people.rhythms["u3"].mean, people.rhythms["u1"].mean
    assert seldom == pytest.approx(3 * often)
    assert DAY / often + DAY / seldom == pytest.approx(2 * 6)
    rows[0]["activity_level_frequency"] = [1, 2]
    with pytest.raises(PersonaError, match="`activity_level_frequency`: has 2 numbers"):
        load_population(write("a.json", rows))


def test_each_persona_wakes_by_their_own_rhythm(write):
    people = load_population(write("p.json", PROFILES), config=write("c.json", CONFIG))
    rhythm = ByPersona(people.rhythms, otherwise=Never())
    cohort = Cohort("people", people.personas, behaviour=silent, rhythm=rhythm)
    scenario = Scenario("town", [cohort], lasts=20 * DAY)
    turns = [event for event in drive(scenario).events if event.turn is not None]
    assert {event.who for event in turns} == {"leo"}
    woken = [event.woke for event in turns]
    assert {int(at % DAY // HOUR) for at in woken} == {9, 10}
    assert len(turns) == pytest.approx(expected_turns(scenario), rel=0.35)


def test_rhythms_of_one_cohort_are_triggered_by_the_same_events():
    mixed = {"ann": OnPost(), "ben": Diurnal(triggered_by=frozenset({"reply"}))}
    with pytest.raises(ScenarioError, match="one rhythm is triggered by post, another by reply"):
        ByPersona(mixed)
    with pytest.raises(ScenarioError, match="TakingTurns"):
        ByPersona({}, otherwise=TakingTurns(["ann"]))
    each = ByPersona({"ann": OnPost(5.0)}, otherwise=Exponential())
    assert each.triggered_by == {"post"}
    assert each.triggered("ann", 10.0, None) == 15.0
    assert each.triggered("ben", 10.0, None) == float("inf")


def test_the_oasis_twitter_file_gives_its_ties_and_first_posts():
    path = DATA / "oasis_twitter_profiles.csv"
    if not path.exists():
        pytest.skip("the file is not here")
    people = load_population(path)
    assert (len(people.personas), len(people.ties), len(people.first_posts)) == (111, 85, 1)
    assert ("user1", "user32") in people.ties
    assert people.first_posts[0].who == "user32"
