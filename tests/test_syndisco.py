"""SynDisco's settings, logs and annotations, of all its releases; files are as it writes them."""

import json
import re

import pytest
import yaml

from simnet import FakeModel, Persona, run
from simnet.annotation import (
    agreement,
    annotate,
    annotations_of_logs,
    items_of_logs,
    read_annotation_settings,
)
from simnet.discussions import (
    Comment,
    Discussion,
    DiscussionLog,
    RandomSpeaker,
    RespondsWith,
    RoundRobin,
    discussions,
    logged_discussions,
    read_discussion_settings,
    read_log,
    read_logs,
)
from simnet.errors import InputError
from simnet.exports import export_syndisco
from simnet.questions import Likert
from simnet.recording.checking.verify import verify

FIRST = {
    "context": "A post about trams.",
    "user_names": ["ines", "jorge b"],
    "user_attributes": [["beekeeper"], ["driver", "calm"]],
    "user_instructions": "Comment.",
    "turn_manager_type": "random_weighted",
    "turn_manager_config": {"respond_probability": 0.4},
    "conv_len": 6,
    "history_ctx_len": 2,
    "moderator_name": "mod",
    "moderator_attributes": ["just"],
    "moderator_instructions": "Oversee.",
}
"""Settings before release 1."""


def actor(name, **fields):
    """An actor of release 1 or 2, whose persona is in `attributes` or in `persona`."""
    return {"name": name, "context": "A thread.", "instructions": "Comment.", **fields}


SECOND = {
    "users": [
        actor("ann", attributes=["age: 30", "calm"]),
        actor("ben", attributes=["age: 40"]),
        actor("cleo", attributes=["age: 50"]),
    ],
    "seed_opinions": ["Cats.", "Dogs."],
    "moderator": actor("mod", attributes=["just"], instructions="Keep order."),
    "next_turn_manager": "RandomWeighted",
    "num_turns": 4,
    "num_discussions": 6,
}
"""Arguments of DiscussionExperiment of release 1."""
THIRD = {
    "users": [
        actor("ann", persona={"username": "ann", "age": 30, "traits": ["calm"]}),
        actor("ben", persona={"username": "ben", "special_instructions": ""}),
    ],
    "seed_opinions": [["Cats.", "No."], ["Dogs."]],
    "turn_manager": {"type": "RespondTurnManager", "p_respond": 0.7},
    "history_ctx_len": 4,
    "num_discussions": 8,
}
"""Arguments of DiscussionExperiment of release 2."""


def saved(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(value) if path.suffix == ".yml" else json.dumps(value, indent=2)
    path.write_text(value if isinstance(value, str) else text, encoding="utf-8")
    return path


# -- settings -----------------------------------------------------------------------------


def test_settings_before_release_1_are_one_discussion(tmp_path):
    read = read_discussion_settings(saved(tmp_path, "one.json", FIRST))
    assert [one.id for one in read.users] == ["ines", "jorge_b"]
    assert read.users[1].attributes == {"attributes": ["driver", "calm"]}
    assert (read.speakers, read.turns, read.history) == (RespondsWith(0.4), 6, 2)
    assert (read.moderator.id, read.moderation, read.discussions) == ("mod", "Oversee.", 1)
    older = {key.replace("user_", "actor_"): value for key, value in FIRST.items()}
    assert read_discussion_settings(older) == read
    made = read.scenario(seed=3)
    assert [cohort.name for cohort in made.cohorts] == ["participants", "moderators"]
    assert (made.setting, made.cohorts[0].manner) == ("A post about trams.", "Comment.")


def test_an_experiment_of_release_1_draws_users_and_opinions(tmp_path):
    read = read_discussion_settings(saved(tmp_path, "two.json", SECOND))
    assert (read.speakers, read.turns, read.history, read.active) == (RespondsWith(), 4, 3, 2)
    assert (read.context, read.instructions, read.moderation) == (
        "A thread.", "Comment.", "Keep order.",
    )  # fmt: skip
    made = run(read.scenario(seed=1), model=FakeModel(), out=tmp_path / "runs")
    rows = made.read("events").to_pylist()
    threads = {}
    for row in rows:
        threads.setdefault(row["root"], []).append(row)
    assert len(threads) == 6
    assert {thread[0]["text"] for thread in threads.values()} == {"Cats.", "Dogs."}
    for thread in threads.values():
        said = [row["who"].partition("-")[0] for row in thread if row["cue"] is None]
        assert said.count("mod") == 4
        assert len(set(said) - {"mod"}) == 2


def test_an_experiment_of_release_2_has_personas_of_any_attributes(tmp_path):
    read = read_discussion_settings(saved(tmp_path, "three.yml", THIRD))
    assert read.users[0].attributes == {"age": 30, "traits": ["calm"]}
    assert read.users[1].attributes == {}
    assert (read.speakers, read.turns, read.history) == (RespondsWith(0.7), 10, 4)
    cues = [[cue.does.text for cue in read.scenario(seed=seed).cues] for seed in range(4)]
    assert {text for one in cues for text in one} == {"Cats.", "No.", "Dogs."}
    assert read.scenario(seed=1).cues == read.scenario(seed=1).cues


def test_users_may_be_in_a_file_and_have_instructions_of_their_own(tmp_path):
    saved(tmp_path, "people.json", [{"username": "ann", "age": 3}, {"username": "bo", "age": 4}])
    read = read_discussion_settings(
        saved(tmp_path, "one.json", {"users": "people.json", "turn_manager": "RandomTurnManager"})
    )
    assert ([one.id for one in read.users], read.turns) == (["ann", "bo"], 5)
    assert read.speakers == RandomSpeaker()
    users = [actor("ann", instructions="Be kind."), actor("bo", instructions="Be rude.")]
    own = read_discussion_settings({"users": users})
    assert [one.description for one in own.users] == ["Be kind.", "Be rude."]
    assert own.speakers == RoundRobin()


def test_settings_in_yaml_name_their_files(tmp_path):
    saved(tmp_path, "people.json", [{"username": "ann", "age": 3}, {"username": "bo", "age": 4}])
    saved(tmp_path, "topics/one.txt", "Cats.\n")
    saved(tmp_path, "say.txt", "Comment.\n")
    saved(tmp_path, "judges.json", [{"username": "judge", "age": 9}, {"username": "judge"}])
    config = {
        "logging": {"level": "debug"},
        "discussions": {
            "files": {
                "topics_dir": "topics",
                "user_persona_path": "people.json",
                "user_instructions_path": "say.txt",
                "mod_instructions_path": "say.txt",
                "output_dir": "out",
            },
            "experiment_variables": {
                "include_mod": True,
                "num_experiments": 2,
                "num_users": 2,
                "context_prompt": "A chat.",
                "moderator_attributes": ["just"],
            },
            "turn_taking": {"num_turns": 4, "history_ctx_len": 3, "respond_probability": 0.4},
        },
        "annotation": {
            "files": {"annotator_persona_path": "judges.json", "instruction_path": "say.txt"},
            "experiment_variables": {"include_mod_comments": False, "history_ctx_len": 1},
        },
    }
    file = saved(tmp_path, "config.yml", config)
    read = read_discussion_settings(file)
    assert (read.discussions, read.active, read.turns, read.context) == (2, 2, 4, "A chat.")
    assert (read.opinions, read.instructions) == ([["Cats."]], "Comment.")
    assert (read.moderator.id, read.speakers) == ("moderator", RespondsWith(0.4))
    task, moderators = read_annotation_settings(file)
    assert [one.name for one in task.annotators] == ["judge", "judge-2"]
    assert (task.history, moderators, task.annotators[0].instructions) == (1, False, "Comment.")


def test_settings_in_yaml_may_have_the_names_of_files_of_earlier_releases(tmp_path):
    saved(tmp_path, "people/bo.json", {"username": "bo", "age": 4})
    saved(tmp_path, "people/ann.json", {"username": "ann", "age": 3})
    saved(tmp_path, "calm.txt", "Keep calm.\n")
    files = {"user_persona_dir": "people", "mod_instruction_path": "calm.txt"}
    config = {"discussions": {"files": files, "experiment_variables": {"include_mod": True}}}
    read = read_discussion_settings(saved(tmp_path, "config.yml", config))
    assert [one.id for one in read.users] == ["ann", "bo"]
    assert read.moderation == "Keep calm."


def test_actors_with_models_of_their_own_have_them(tmp_path):
    users = [actor("ann", persona={}, model="big"), actor("ben", persona={}, model="small")]
    chair = actor("chair", persona={}, model="big")
    read = read_discussion_settings({"users": users, "moderator": chair, "conv_len": 2})
    assert read.models == {"ann": "big", "ben": "small", "chair": "big"}
    models = {name: FakeModel(lambda _, name=name: f"I am {name}.") for name in ("big", "small")}
    made = run(read.scenario(), models=models, model=FakeModel(), out=tmp_path / "runs")
    said = [(row["who"], row["text"]) for row in made.read("events").to_pylist()]
    assert said == [
        ("ann", "I am big."), ("chair", "I am big."), ("ben", "I am small."), ("chair", "I am big.")
    ]  # fmt: skip
    export_syndisco(made, tmp_path / "logs")
    (log,) = read_logs(tmp_path / "logs/discussions")
    assert (log.moderator, log.users) == ("chair", ["ann", "ben"])
    hub = [actor("ann", model="meta-llama/Llama-3.2"), actor("bo", model="big")]
    assert read_discussion_settings({"users": hub}).models["ann"] == "meta-llama-Llama-3-2"
    one = read_discussion_settings({"users": [actor("ann", model="big"), actor("bo", model="big")]})
    assert [cohort.model for cohort in one.scenario().cohorts] == [None]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"user_attributes": [["x"]]}, "line 7: field `user_attributes` has 1 entries, and user_n"),
        ({"user_attributes": [["x"], "y"]}, "field `user_attributes[1]` is no list"),
        ({"user_names": ["ines", 3]}, "line 5: field `user_names[1]` is a number, not a text"),
        ({"user_names": []}, "field `user_names` is missing or empty"),
        ({"conv_len": "6"}, "field `conv_len` is '6'; give a whole number, 1 or more"),
        ({"conv_lenn": 6}, "`conv_lenn` is none that SynDisco has here; did you mean 'conv_len'"),
        ({"turn_manager_type": "raffle"}, "is 'raffle'; SynDisco has QueueTurnManager"),
        (
            {"turn_manager_config": {"p_respond": 7}},
            "config.p_respond` is 7; give a probability",
        ),
        ({"seed_opinions": ["a"], "seed_opinion_usernames": ["b", "c"]}, "has 2 names, and"),
        ({"moderator": "mod"}, "field `moderator` is a text, not an object in braces"),
        ({"users": [{"name": " "}]}, "`users[0].name` is empty"),
        ({"users": [3]}, "`users[0]` is a number, not an object"),
        ({"users": "none.json"}, "there is no such file"),
        ({"num_active_users": 3}, "is 3, and there are 2 users"),
    ],
)
def test_what_is_wrong_in_settings_is_told_with_file_line_and_field(tmp_path, change, problem):
    file = saved(tmp_path, "one.json", {**FIRST, **change})
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read_discussion_settings(file)
    assert str(caught.value).startswith(f"{file}, line ")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", '{"context": "x",\n oops}', r"a.json, line 2: no JSON"),
        ("a.yml", "discussions:\n  files: [", r"a.yml, line 2: no YAML"),
        ("a.json", "[1]", r"a.json holds a list, not an object"),
        ("none.json", None, r"none.json: No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_of(tmp_path, name, text, problem):
    if text is not None:
        saved(tmp_path, name, text)
    for read in (read_discussion_settings, read_annotation_settings, read_log):
        with pytest.raises(InputError, match=problem):
            read(tmp_path / name)


# -- logs ---------------------------------------------------------------------------------

SAID = [("ann", "Cats."), ("ben", "No."), ("mod", "Be kind."), ("ann", "@ben why?")]
HEAD = {"id": "7f5a", "timestamp": "24-07-19-13-36", "users": ["ann", "ben"]}
TRAITS = (
    "username: ann, age: 30, special_instructions: , "
    "personality_characteristics: ['calm', \"odd's\"]"
)
TOLD = {
    "user_prompts": [
        f"A chat. Your name is ann. Your traits: {TRAITS} Your instructions: Comment.",
        "A chat. Your name is ben. Your traits: just, strict Your instructions: Comment.",
    ],
    "moderator_prompt": "You are mod. Your instructions: Oversee.",
    "ctx_length": 3,
}
PROMPT = json.dumps({"context": "", "type": "user", "persona": {"username": "ann", "age": 30}})


def entry(name, text, **more):
    return {"name": name, "text": text, "model": "toy", **more}


LOGS = {
    "0.x": {
        **HEAD,
        "user_types": ["LLMUser", "LLMUser"],
        "moderator": "mod",
        "moderator_type": "LLMUser",
        **TOLD,
        "logs": [list(one) for one in SAID],
    },
    "1.x": {**HEAD, "moderator": "mod", **TOLD, "logs": [entry(*one) for one in SAID]},
    "2.x": {
        "timestamp": "26-05-04-10-00",
        "logs": [
            {"name": "ann", "text": "Cats.", "model": "hardcoded", "prompt": '{"persona": {}}'},
            *(entry(*one, prompt=PROMPT if one[0] == "ann" else "") for one in SAID[1:]),
        ],
    },
}
"""A log of each release."""


@pytest.mark.parametrize("release", LOGS)
def test_a_log_is_written_as_it_was_read(tmp_path, release):
    log = read_log(saved(tmp_path, "log.json", LOGS[release]))
    assert (log.release, [one[:2] for one in log.comments]) == (release, SAID)
    log.write(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8")) == LOGS[release]
    for other, like in LOGS.items():
        log.write(tmp_path / "other.json", other)
        read = read_log(tmp_path / "other.json")
        assert (read.release, [one[:2] for one in read.comments]) == (other, SAID)
        assert read.to_json().keys() == like.keys()


@pytest.mark.parametrize("release", LOGS)
def test_a_log_becomes_a_run_that_is_exported_as_a_log_again(tmp_path, release):
    saved(tmp_path, "logs/a/log.json", LOGS[release])
    saved(tmp_path, "logs/log.json", LOGS[release])
    made = run(logged_discussions(read_logs(tmp_path / "logs")), out=tmp_path / "runs")
    assert [check for check in verify(made) if check.problems] == []
    assert made.read("calls").num_rows == 0
    people = {row["id"]: json.loads(row["attributes"]) for row in made.read("personas").to_pylist()}
    assert people.keys() == {"ann", "ben", "mod", "ann-2", "ben-2", "mod-2"}
    assert people["ann"]["age"] == 30
    if release == "1.x":
        assert people["ann"]["personality_characteristics"] == ["calm", "odd's"]
        assert people["ben"]["attributes"] == ["just", "strict"]
        assert people["ann"]["model"] == "toy"
    for other in LOGS:
        export_syndisco(made, tmp_path / other, moderator="mod", release=other)
        first, second = read_logs(tmp_path / other / "discussions")
        assert (first.release, [one[:2] for one in first.comments]) == (other, SAID)
        assert [one.text for one in second.comments] == [text for _, text in SAID]
        assert first.moderator == (None if other == "2.x" else "mod")
        if other != "0.x":
            assert {one.model for one in first.comments} == {"hardcoded"}
        assert '"age": 30' in first.prompt_of("ann") or "age: 30" in first.prompt_of("ann")


@pytest.mark.parametrize("given", [None, "chair"])
def test_each_discussion_is_exported_with_its_own_moderator(tmp_path, given):
    people = [Persona(id="ann"), Persona(id="ben")]
    chair = Persona(id="chair", description="Calm.")
    held = [Discussion(people, ["Hi."], one, turns=2) for one in (chair, None, chair)]
    made = run(discussions(held), model=FakeModel(), out=tmp_path / "runs")
    export_syndisco(made, tmp_path / "logs", moderator=given)
    logs = {one.users[0]: one for one in read_logs(tmp_path / "logs/discussions")}
    assert {who: (one.moderator, one.users) for who, one in logs.items()} == {
        "ann": ("chair", ["ann", "ben"]),
        "ann-2": (None, ["ann-2", "ben-2"]),
        "ann-3": ("chair-3", ["ann-3", "ben-3"]),
    }
    assert "Calm." in logs["ann-3"].prompt_of("chair-3")
    export_syndisco(made, tmp_path / "newer", release="2.x")
    told = [
        json.loads(comment.prompt)["instructions"]
        for log in read_logs(tmp_path / "newer/discussions")
        for comment in log.comments
        if comment.name == "chair-3"
    ]
    assert len(told) == 2
    assert all("Oversee the conversation." in one and "Calm." in one for one in told)


def test_a_moderator_whom_a_log_of_2_x_shows_by_name_alone_is_one_in_its_run(tmp_path):
    said = [Comment("ann", "Hi."), Comment("Moderator", "Be kind."), Comment("ben", "Yes.")]
    made = run(logged_discussions([DiscussionLog(said, "2.x")]), out=tmp_path / "runs")
    people = {row["id"]: row["cohort"] for row in made.read("personas").to_pylist()}
    assert people == {"ann": "participants", "ben": "participants", "Moderator": "moderators"}
    export_syndisco(made, tmp_path / "logs", release="1.x")
    (log,) = read_logs(tmp_path / "logs/discussions")
    assert (log.users, log.moderator) == (["ann", "ben"], "Moderator")


def test_comments_without_text_are_left_out_of_a_run(tmp_path):
    log = DiscussionLog([Comment("ann", "Hi."), Comment("mod", " "), Comment("mod!", "Yes.")])
    rows = run(logged_discussions([log]), out=tmp_path).read("events").to_pylist()
    assert [(row["who"], row["text"]) for row in rows] == [("ann", "Hi."), ("mod_", "Yes.")]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"logs": None}, "field `logs` is missing, so this is no log of SynDisco"),
        ({"logs": "x"}, "field `logs` is a text, not a list"),
        ({"logs": [["a", "b"], ["c"]]}, "field `logs[1]` is no pair of two texts"),
        ({"logs": [{"name": "a", "text": "b"}]}, "field `logs[0].model` is missing"),
        ({"logs": [{"name": 1, "text": "b", "model": "c"}]}, "`logs[0].name` is a number, not a"),
        ({"logs": [7]}, "field `logs[0]` is a number; a comment is an object or a pair"),
        ({"users": "ann"}, "field `users` is a text, not a list"),
        ({"moderator": ["mod"]}, "field `moderator` is a list, not a text"),
    ],
)
def test_what_is_wrong_in_a_log_is_told_with_file_line_and_field(tmp_path, change, problem):
    file = saved(tmp_path, "log.json", {**LOGS["1.x"], **change})
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read_log(file)
    assert str(caught.value).startswith(f"{file}, line ")


def test_a_folder_without_logs_and_a_log_of_annotations_are_no_discussions(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.json files"):
        read_logs(tmp_path)
    annotations = {"conv_id": "7f5a", "logs": [["Cats.", "Toxicity=3"]]}
    log = read_log(saved(tmp_path, "log.json", annotations))
    with pytest.raises(InputError, match=r"log\.json is a log of annotations"):
        logged_discussions([log])
    with pytest.raises(InputError, match="there are no comments"):
        logged_discussions([DiscussionLog([])])


# -- annotations --------------------------------------------------------------------------


def test_settings_of_annotations_of_each_release_are_tasks(tmp_path):
    one = {"attributes": ["expert"], "instructions": "Say how toxic it is.", "history_ctx_len": 4}
    task, moderators = read_annotation_settings(saved(tmp_path, "one.json", one))
    assert (task.annotators[0].persona.attributes, task.history) == ({"attributes": ["expert"]}, 4)
    assert moderators
    judge = {
        "persona": {"username": "judge", "age": 3},
        "instructions": "Rate it.",
        "context": "C.",
    }
    many = {"annotators": [judge, {**judge, "is_annotator": True}], "include_mod_comments": False}
    task, moderators = read_annotation_settings(many, [Likert("toxic", "It is toxic.")])
    assert [(one.name, one.instructions) for one in task.annotators] == [
        ("judge", "C. Rate it."), ("judge-2", "C. Rate it."),
    ]  # fmt: skip
    assert not moderators
    logs = [read_log(saved(tmp_path, "log.json", LOGS["1.x"]))] * 2
    items = items_of_logs(logs, history=1, moderators=moderators)
    assert [item.key for item in items] == ["0", "1", "3", "4", "5", "7"]
    assert [(said.who, said.text) for said in items[2].before] == [("ben", "No.")]
    done = annotate(items, task, model=FakeModel(lambda _: "4"), out=tmp_path / "out")
    assert len(done.rows) == 2 * 6
    for wrong, problem in (
        ({"attributes": []}, "field `instructions` is missing"),
        ({"annotators": []}, "field `annotators` is empty"),
        ({"annotators": [judge], "history": 2}, "`history` is none that SynDisco has here"),
    ):
        with pytest.raises(InputError, match=re.escape(problem)):
            read_annotation_settings(wrong)


def annotated(conversation, annotator, *answers, **more):
    prompt = f"You annotate. Your name is {annotator}. Your traits: fair Your instructions: Rate."
    facts = {"conv_id": conversation, "annotator_model": "toy", "annotator_prompt": prompt}
    return {**facts, **more, "logs": [[f"Text {n}.", one] for n, one in enumerate(answers)]}


def test_annotators_have_the_models_that_their_actors_name(tmp_path):
    judges = [actor(name, persona={}, model=name.upper()) for name in ("ann", "ben")]
    task, _ = read_annotation_settings({"annotators": judges})
    assert [one.model for one in task.annotators] == ["ANN", "BEN"]
    models = {name: FakeModel(lambda _, name=name: f"says {name}") for name in ("ANN", "BEN")}
    items = items_of_logs([DiscussionLog([Comment("cleo", "Cats.")])])
    judged = annotate(items, task, models=models, out=tmp_path)
    assert {row.annotator: row.value for row in judged.rows} == {
        "ann": "says ANN", "ben": "says BEN",
    }  # fmt: skip
    alike, _ = read_annotation_settings({"annotators": [actor("ann", model="x")] * 2})
    assert [one.model for one in alike.annotators] == [None, None]


def test_logs_of_annotations_are_rows_of_which_agreement_is_measured(tmp_path):
    saved(tmp_path, "a/1.json", annotated("c1", "ann", "Toxicity=1\nQuality=5", "Toxicity=2", "?"))
    saved(tmp_path, "a/2.json", annotated("c1", "ben", "Toxicity: 1", "Toxicity=4", "Toxicity=5"))
    saved(tmp_path, "a/3.json", annotated("c2", "ann", "3", "4"))
    saved(tmp_path, "a/4.json", annotated("c2", "ann", "3", "4.5"))
    rows = annotations_of_logs(read_logs(tmp_path / "a"))
    found = [(row.item, row.annotator, row.question, row.value) for row in rows]
    assert found == [
        ("0", "ann", "Toxicity", 1.0), ("0", "ann", "Quality", 5.0),
        ("1", "ann", "Toxicity", 2.0), ("2", "ann", "annotation", "?"),
        ("0", "ben", "Toxicity", 1.0), ("1", "ben", "Toxicity", 4.0), ("2", "ben", "Toxicity", 5.0),
        ("3", "ann", "annotation", 3.0), ("4", "ann", "annotation", 4.0),
        ("3", "ann-2", "annotation", 3.0), ("4", "ann-2", "annotation", 4.5),
    ]  # fmt: skip
    actors = json.dumps({"persona": {"username": "judge"}})
    later = {"timestamp": "", "logs": [entry("ann", "2", prompt=actors)]}
    (row,) = annotations_of_logs([read_log(saved(tmp_path, "b.json", later))])
    assert (row.annotator, row.value, row.model) == ("judge", 2.0, "toy")


@pytest.mark.slow
def test_agreement_of_annotations_of_syndisco(tmp_path):
    saved(tmp_path, "1.json", annotated("c1", "ann", "Toxicity=1", "Toxicity=2", "Toxicity=5"))
    saved(tmp_path, "2.json", annotated("c1", "ben", "Toxicity=1", "Toxicity=2", "Toxicity=5"))
    (found,) = agreement(annotations_of_logs(read_logs(tmp_path)))
    assert (found.question, found.items, found.alpha) == ("Toxicity", 3, 1.0)
