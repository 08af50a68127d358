"""Annotations of discussions, written and read as SynDisco's logs, from logs and from runs."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simnet import FakeModel, Persona, run
from simnet.annotation import (
    Annotation,
    Annotator,
    annotate,
    annotation_logs,
    annotations_of_logs,
    items_of_logs,
    items_of_run,
)
from simnet.annotation.annotation_rows import AnnotationRow
from simnet.cli.app import app
from simnet.discussions import (
    Comment,
    Discussion,
    DiscussionLog,
    logged_discussions,
    read_log,
    read_logs,
)
from simnet.discussions import discussions as discussions_of
from simnet.errors import InputError, UsageError
from simnet.exports import export_syndisco
from simnet.questions import Choice, FreeText, Likert, MultipleChoice, Number, YesNo
from simnet.questions.answer_files import as_json

SAID = [("ann", "Cats."), ("mod", "Be kind."), ("ben", "No."), ("ann", "Why?")]
FACTS = {"id": "7f5a", "timestamp": "24-07-19-13-36", "users": ["ann", "ben"], "moderator": "mod"}
FORMS = Annotation(
    "forms",
    [
        YesNo("toxic", "Is it toxic?"),
        Likert("civil", "It is civil."),
        Number("score", "How good is it?", low=0, high=1, decimals=2),
        Choice("tone", "What is its tone?", ["kind", "hostile = rude"]),
        MultipleChoice("topics", "Which topics?", ["cats", "dogs"]),
        FreeText("why", "Why?", longest=80),
    ],
    [
        Annotator("strict", Persona(id="strict", attributes={"age": 60, "likes": ["tea", "cats"]})),
        Annotator("judge.v2"),
    ],
    history=2,
)
REPLIES = {
    "toxic": "yes", "civil": "4", "score": "0.25", "tone": "hostile = rude", "topics": "cats",
    "why": "It is short.",
}  # fmt: skip
RELEASES = ("0.x", "1.x", "2.x")


def discussions(release="1.x"):
    facts = FACTS if release != "2.x" else {"timestamp": FACTS["timestamp"]}
    entries = [Comment(who, text, "toy", "" if release == "2.x" else None) for who, text in SAID]
    other = [Comment("cleo", "Dogs.", "toy"), Comment("ann", "Cats.", "toy")]
    return [
        DiscussionLog(entries, release, facts),
        DiscussionLog(other, release, {**facts, **({"id": "8b"} if "id" in facts else {})}),
    ]


def reply(prompt):
    question = next(one for one in FORMS.questions if one.text in prompt.user)
    return REPLIES[question.name]


def judged(folder, logs, task=FORMS, model=None):
    items = items_of_logs(logs, task.history)
    return annotate(items, task, model=model or FakeModel(reply), out=folder).rows


def said(rows):
    return {(row.item, row.annotator, row.question): row.value for row in rows}


@pytest.mark.parametrize("release", RELEASES)
def test_answers_of_all_forms_are_read_from_the_logs_that_are_written_of_them(tmp_path, release):
    logs = discussions(release)
    rows = judged(tmp_path / "out", logs)
    written = annotation_logs(logs, rows, FORMS.annotators, history=2, release=release)
    assert len(written) == 4
    for number, log in enumerate(written):
        log.write(tmp_path / f"{number}.json")
    read = [read_log(tmp_path / f"{number}.json") for number in range(4)]
    assert [one.comments for one in read] == [one.comments for one in written]
    assert {one.release for one in read} == {release}
    assert said(annotations_of_logs(read, logs)) == said(rows)


def test_the_fields_of_each_release_are_those_of_syndisco(tmp_path):
    logs = discussions()[:1]
    task = Annotation("one", [FreeText("annotation", "What do you think?")], FORMS.annotators[:1])
    rows = judged(tmp_path, logs, task, FakeModel(lambda _: "Fine.\nReally."))

    def written(release):
        (log,) = annotation_logs(
            logs, rows, task.annotators, release=release, timestamp="26-01-02-03-04"
        )
        return log.to_json()

    pairs = [[text, "Fine.\nReally."] for _, text in SAID]
    first = written("1.x")
    prompt = first.pop("annotator_prompt")
    assert re.search(
        r"^Your name is strict\. Your traits: username: strict, age: 60, likes: \['tea', 'cats'\], "
        r'special_instructions: "" Your instructions: You annotate texts',
        prompt,
    )
    assert first == {
        "conv_id": "7f5a", "timestamp": "26-01-02-03-04", "annotator_model": "fake",
        "ctx_length": 3, "logs": pairs,
    }  # fmt: skip
    assert written("0.x")["annotator_type"] == "LLMAnnotator"
    later = written("2.x")
    assert later.keys() == {"timestamp", "logs"}
    assert [(one["name"], one["text"]) for one in later["logs"]] == [
        (who, "Fine.\nReally.") for who, _ in SAID
    ]
    actor = json.loads(later["logs"][0]["prompt"])
    assert (actor["type"], actor["persona"]["age"]) == ("annotator", 60)


def test_moderators_of_logs_that_name_none_are_known_by_their_names():
    said = [Comment("ann", "Hi."), Comment("Moderator1", "Be kind."), Comment("ben", "No.")]
    log = DiscussionLog(said, "2.x", {"timestamp": ""})
    assert [one.key for one in items_of_logs([log], moderators=False)] == ["0", "2"]
    named = DiscussionLog(said, "1.x", {"id": "a", "moderator": "ben"})
    assert [one.key for one in items_of_logs([named], moderators=False)] == ["0", "1"]


def row(item, answer, question="annotation", annotator="judge"):
    return AnnotationRow(
        "a", item, annotator, question, "", as_json(answer), None if answer else "x", "toy", 0, ""
    )


def test_a_comment_without_an_answer_is_empty_in_the_log_and_none_when_it_is_read():
    logs = discussions()[:1]
    (written,) = annotation_logs(logs, [row("0", None), row("3", 2)])
    assert [tuple(one[:2]) for one in written.comments] == [("Cats.", ""), ("Why?", "2")]
    read = annotations_of_logs([written], logs)
    assert [(one.item, one.value, one.reason) for one in read] == [
        ("0", None, "the log has no answer"), ("3", 2.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize("history", [0, 1, 5])
def test_a_comment_comes_with_as_many_before_it_as_the_history_says(history):
    log = DiscussionLog([Comment("ann", str(place)) for place in range(8)])
    before = [[said.text for said in item.before] for item in items_of_logs([log], history=history)]
    told = [str(place) for place in range(8)]
    assert before == [told[max(0, place - history) : place] for place in range(8)]


def test_annotations_of_other_discussions_are_refused():
    logs = discussions()
    with pytest.raises(InputError, match=r"of item 6, and the discussions have 6 comments"):
        annotation_logs(logs, [row("6", "x")])
    (written,) = annotation_logs(logs[1:], [row("0", "x")])
    with pytest.raises(InputError, match="is of none of the discussions"):
        annotations_of_logs([written], logs[:1])


def test_a_run_is_exported_with_the_logs_of_its_annotations(tmp_path):
    logs = discussions()
    made = run(logged_discussions(logs), out=tmp_path / "runs")
    rows = annotate(made, FORMS, model=FakeModel(reply)).rows
    for release in RELEASES:
        out = tmp_path / release
        export_syndisco(made, out, moderator="mod", release=release, annotations="forms")
        found = annotations_of_logs(read_logs(out / "annotations"), read_logs(out / "discussions"))
        assert len(found) == len(rows) == 6 * 2 * 6
        assert {one.annotator for one in found} == {"strict", "judge.v2"}
        assert {one.value for one in found if one.question == "score"} == {0.25}
    export_syndisco(made, out, force=True)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "discussions"]
    with pytest.raises(UsageError, match=r"no annotations called 'form'; did you mean 'forms'"):
        export_syndisco(made, tmp_path / "none", annotations="form")
    file = made.path / "annotations" / "forms" / "annotations.parquet"
    table = pq.read_table(file)
    texts = pa.array([f"text {number}" for number in range(len(table))])
    pq.write_table(table.set_column(table.column_names.index("item"), "item", texts), file)
    with pytest.raises(UsageError, match=r"annotations.parquet: the item 'text 0' is no id of a"):
        export_syndisco(made, tmp_path / "none", annotations="forms")
    assert not (tmp_path / "none").exists()


# -- the command line ---------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def folder(tmp_path):
    for number, log in enumerate(discussions()):
        (tmp_path / "logs").mkdir(exist_ok=True)
        log.write(tmp_path / "logs" / f"{number}.json")
    return tmp_path


def test_the_command_annotates_a_folder_of_logs_and_writes_logs(folder):
    ask = ("--question", "Is it toxic?", "--backend", "fake", "--out", folder / "out")
    done = invoke("annotate", folder / "logs", *ask)
    assert done.exit_code == 0, done.output
    assert "logs of SynDisco are in" in done.output
    logs = read_logs(folder / "out" / "logs")
    assert [len(one.comments) for one in logs] == [4, 2]
    assert {one.facts["conv_id"] for one in logs} == {"7f5a", "8b"}
    again = invoke("annotate", folder / "logs" / "1.json", *ask[:-1], folder / "b", "--json")
    assert [one["item"] for one in json.loads(again.stdout)["annotations"]] == ["0", "1"]
    assert len(read_logs(folder / "b" / "logs")) == 1


def test_the_command_takes_settings_of_syndisco_and_leaves_moderators_out(folder):
    settings = {
        "annotators": [{"persona": {"username": "judge"}, "instructions": "Rate it."}],
        "history_ctx_len": 1,
    }
    (folder / "judges.json").write_text(json.dumps(settings), encoding="utf-8")
    done = invoke(
        "annotate", folder / "logs", "--by", folder / "judges.json", "--backend", "fake",
        "--without-moderators", "--release", "2.x", "--out", folder / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    first, _ = read_logs(folder / "out" / "logs")
    assert [one.name for one in first.comments] == ["ann", "ben", "ann"]
    assert first.release == "2.x"


def test_moderators_of_a_run_are_left_out_of_what_is_judged_and_shown(tmp_path):
    people = [Persona(id="ann"), Persona(id="ben")]
    given = Discussion(people, ["Cats."], Persona(id="chair"), turns=2)
    scenario = discussions_of([given], model={"chair": "large"})
    models = {"large": FakeModel(lambda _: "Be kind.")}
    made = run(scenario, model=FakeModel(), models=models, out=tmp_path / "runs")
    assert [item.said[0].who for item in items_of_run(made)] == [
        "ann", "ann", "chair", "ben", "chair",
    ]  # fmt: skip
    items = items_of_run(made, history=2, moderators=False)
    assert [(item.key, item.said[0].who) for item in items] == [
        ("0", "ann"), ("1", "ann"), ("3", "ben"),
    ]  # fmt: skip
    assert [said.who for said in items[-1].before] == ["ann", "ann"]
    (thread,) = items_of_run(made, "threads", moderators=False)
    assert [said.who for said in thread.said] == ["ann", "ann", "ben"]
    settings = {"annotators": [{"persona": {"username": "judge"}, "instructions": "Rate it."}]}
    settings["include_mod_comments"] = False
    (tmp_path / "judges.json").write_text(json.dumps(settings), encoding="utf-8")
    told = invoke("annotate", made.path, "--by", tmp_path / "judges.json", "--backend", "fake",
                  "--json")  # fmt: skip
    assert {one["item"] for one in json.loads(told.stdout)["annotations"]} == {"0", "1", "3"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["logs", "--question", "Toxic?"], "annotations of a file or of logs need a folder"),
        (["logs", "--question", "Toxic?", "--out", "o", "--release", "9"], "give one of 0.x, 1.x"),
        (["logs", "--by", "task.py", "--out", "o"], "of logs, single comments are judged"),
        (["texts.csv", "--question", "Toxic?"], "name its column of texts with --text"),
        (["none.json", "--question", "Toxic?"], "there is no file none.json"),
        (["nothing", "--question", "Toxic?", "--out", "o"], "nothing holds no .json files"),
        (["out.json", "--question", "Toxic?", "--out", "o"], "out.json is a log of annotations"),
        (["bad.json", "--question", "Toxic?", "--out", "o"], "field `logs` is missing"),
        (["empty.json", "--question", "Toxic?", "--out", "o"], "there is nothing to annotate"),
    ],
)
def test_what_cannot_be_annotated_is_told_before_a_model_starts(
    folder, monkeypatch, arguments, problem
):
    monkeypatch.chdir(folder)
    (folder / "texts.csv").write_text("text\nHi\n", encoding="utf-8")
    (folder / "bad.json").write_text('{"timestamp": "x"}', encoding="utf-8")
    (folder / "empty.json").write_text('{"timestamp": "x", "logs": []}', encoding="utf-8")
    (folder / "out.json").write_text('{"conv_id": "x", "logs": [["a", "b"]]}', encoding="utf-8")
    (folder / "nothing").mkdir()
    (folder / "task.py").write_text(
        "from simnet.annotation import Annotation\nfrom simnet.questions import YesNo\n"
        'task = Annotation("a", [YesNo("x", "X?")], items="threads")\n',
        encoding="utf-8",
    )
    done = invoke("annotate", *arguments, "--backend", "fake")
    assert done.exit_code in {2, 3}, done.output
    assert problem in " ".join(done.output.split())
