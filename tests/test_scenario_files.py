"""What the shipped scenarios take from files of their users."""

import json
from pathlib import Path

import pytest
from made_worlds import drive

from simnet import Never
from simnet.errors import InputError, UsageError
from simnet.scenario.files.loading import load_scenario
from simnet.scenario.files.text_files import read_lists, read_rows, read_text

FOLDER = Path(__file__).parent.parent / "scenarios"
PEOPLE = (
    '{"id": "ines", "description": "Ines keeps bees."}\n'
    '{"id": "jorge", "description": "Jorge drives the tram."}\n'
    '{"id": "kaya", "description": "Kaya sells stamps."}\n'
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


def scenario(target, *sets, seed=None):
    return load_scenario(str(FOLDER / target), sets, seed).scenario


def cohorts(made):
    return {cohort.name: cohort for cohort in made.cohorts}


# -- social_ai ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.txt", "Is soup a drink?\n\n  Who took my umbrella?  \n"),
        ("posts.jsonl", '{"post": "Is soup a drink?"}\n{"text": "Who took my umbrella?"}\n'),
        ("posts.csv", "n,Text\n1,Is soup a drink?\n2,Who took my umbrella?\n"),
    ],
)
def test_posts_come_from_a_file(name, content):
    made = scenario("social_ai.py", f"posts={write(name, content)}", "personas=2")
    assert [cue.does.text for cue in made.cues] == ["Is soup a drink?", "Who took my umbrella?"]
    replies = [event for event in drive(made).events if event.verb == "reply"]
    assert len(replies) == 2 * 2 * 3


def test_traits_name_the_follower_types_and_the_system_text_begins_their_prompts():
    traits = write("traits.json", '{"poet": ["Rhymes"], "clerk": ["Quotes rules", "Is brief"]}')
    system = write("system.txt", "Answer as people in a tram do.\n")
    made = scenario("social_ai.py", f"traits={traits}", f"setting={system}")
    assert list(cohorts(made)) == ["authors", "poet", "clerk"]
    assert "- Quotes rules\n- Is brief" in cohorts(made)["clerk"].manner
    assert made.setting == "Answer as people in a tram do."
    assert scenario("social_ai.py", "setting=Be kind.").setting == "Be kind."


def test_each_type_may_ask_an_adapter():
    made = cohorts(scenario("social_ai.py", "adapters=troll, alarmist=worrier"))
    found = {name: cohort.adapter for name, cohort in made.items()}
    assert found == {"authors": None, "supporter": None, "troll": "troll", "alarmist": "worrier"}
    with pytest.raises(InputError, match="no type 'bully'; there are supporter, troll, alarmist"):
        scenario("social_ai.py", "adapters=bully")


def test_several_models_share_the_followers_of_each_type_evenly():
    made = cohorts(scenario("social_ai.py", "personas=10", "models=default,big,small", seed=4))
    trolls = [made[f"troll_{model}"] for model in ("default", "big", "small")]
    assert [cohort.model for cohort in trolls] == [None, "big", "small"]
    assert sorted(len(cohort.personas) for cohort in trolls) == [3, 3, 4]
    assert len({one.id for cohort in trolls for one in cohort.personas}) == 10
    other = cohorts(scenario("social_ai.py", "personas=10", "models=default,big,small", seed=5))
    mixes = [{one.id for one in each["troll_big"].personas} for each in (made, other)]
    assert mixes[0] != mixes[1]
    with pytest.raises(InputError, match="name each model once"):
        scenario("social_ai.py", "models=big,big")


# -- discussion ---------------------------------------------------------------------------------


def test_people_context_and_instructions_of_a_discussion_come_from_files():
    made = scenario(
        "discussion.py",
        f"file={write('people.jsonl', PEOPLE)}",
        "personas=2",
        f"context={write('context.txt', 'A thread about stamps.')}",
        f"instructions={write('say.txt', 'Say little.')}",
        "moderator=true",
        "oversees=Keep order.",
    )
    users, moderators = made.cohorts
    assert [one.id for one in users.personas] == ["ines", "jorge"]
    assert (made.setting, users.manner, moderators.manner) == (
        *("A thread about stamps.", "Say little.", "Keep order."),
    )


def test_a_discussion_begins_with_the_opinions_of_a_file_and_the_first_speaker_sees_them():
    table = "who,text\nines,Bees first.\nlena,Trams first.\n"
    made = scenario(
        "discussion.py",
        f"file={write('people.jsonl', PEOPLE)}",
        f"opinions={write('opinions.csv', table)}",
        "turns=3",
    )
    assert isinstance(cohorts(made)["openers"].rhythm, Never)
    played = drive(made)
    said = [(event.who, event.text) for event in played.events[:2]]
    assert said == [("ines", "Bees first."), ("lena", "Trams first.")]
    first = next(event for event in played.events if event.cue is None)
    assert (first.who, first.shown) == ("ines", (0, 1))
    lines = write("opinions.txt", "Bees first.\nTrams first.\n")
    shared = scenario("discussion.py", "file=people.jsonl", f"opinions={lines}")
    assert [cue.who for cue in shared.cues] == ["ines", "jorge"]


@pytest.mark.parametrize("speakers", ["random", "respond"])
def test_who_speaks_next_depends_on_the_seed(speakers):
    file = write("people.jsonl", PEOPLE)

    def order(seed):
        given = (f"file={file}", f"speakers={speakers}", "turns=30")
        events = drive(scenario("discussion.py", *given, seed=seed)).events
        return [event.who for event in events]

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) == 5


def test_a_discussion_is_made_of_the_settings_of_syndisco():
    settings = {
        "context": "A post about trams.",
        "user_names": ["ines", "jorge b"],
        "user_attributes": [["beekeeper"], ["driver", "calm"]],
        "user_instructions": "Comment.",
        "conv_len": 6,
        "history_ctx_len": 2,
        "moderator_name": "mod",
        "moderator_attributes": ["just"],
        "moderator_instructions": "Oversee.",
        "seed_opinions": ["Trams are loud."],
        "seed_opinion_usernames": ["ines"],
    }
    made = scenario("discussion.py", f"settings={write('one.json', json.dumps(settings))}")
    users, moderators = made.cohorts
    assert [one.id for one in users.personas] == ["ines", "jorge_b"]
    assert "driver, calm" in users.personas[1].portrait()
    assert [one.id for one in moderators.personas] == ["mod"]
    assert (made.setting, users.manner, moderators.manner) == (
        *("A post about trams.", "Comment.", "Oversee."),
    )
    assert (users.rhythm.rooms[0].turns, users.feed.size) == (6, 2)
    assert [(cue.who, cue.does.text) for cue in made.cues] == [("ines", "Trams are loud.")]
    del settings["user_attributes"][1]
    write("one.json", json.dumps(settings))
    with pytest.raises(InputError, match=r"one\.json, line 1: field `user_attributes` has 1 entr"):
        scenario("discussion.py", "settings=one.json")


# -- files that do not hold what they should -------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "name", "content", "message"),
    [
        (read_text, "none.txt", None, "none.txt: No such file"),
        (lambda file: read_rows(file, ("post",)), "none.csv", None, "none.csv: No such file"),
        (lambda file: read_rows(file, ("post",)), "a.csv", "n,said\n1,hello\n", "`post`; there is"),
        (lambda file: read_rows(file, ("post",)), "a.txt", "\n \n", "a.txt is empty"),
        (read_lists, "a.json", '{"troll": "mocks"}', "'troll' is no list of texts"),
        (read_lists, "a.json", "[1]", "not a JSON object"),
        (read_lists, "a.json", '{"troll": [\n', "a.json, line 2: no JSON"),
        (read_lists, "a.json", "{}", "holds no lists"),
    ],
)
def test_a_file_that_holds_something_else_is_named(read, name, content, message):
    if content is not None:
        write(name, content)
    with pytest.raises((InputError, UsageError), match=message):
        read(name)


def test_a_text_is_not_taken_for_a_file():
    assert read_text("Read readme.txt first.") == "Read readme.txt first."
    assert read_text("One line.\nend.txt") == "One line.\nend.txt"
