"""The commands that ask: survey, interview and annotate."""

import json

import pytest
from typer.testing import CliRunner

from simnet.analysis import reliability
from simnet.cli.app import app

FILE = """
from simnet import HOUR, Cohort, Exponential, Scenario, Write, sample
from simnet.annotation import Annotation, Annotator
from simnet.feeds import everything
from simnet import Feed
from simnet.questions import FreeText, YesNo
from simnet.surveys import Survey

cycling = Survey("cycling", [YesNo("cycles", "Do you cycle?"), FreeText("why", "Why?")])
other = Survey("other", [YesNo("cycles", "Do you cycle?")])
kind = Annotation("kind", [YesNo("kind", "Is it kind?")], [Annotator("ann"), Annotator("ben")])

def town() -> Scenario:
    people = Cohort("people", sample(3), verbs=(Write,), rhythm=Exponential(HOUR),
                    feed=Feed(reads=everything))
    return Scenario("town", [people], lasts=4 * HOUR)
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asking")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "town.py").write_text(FILE)
        result = CliRunner().invoke(app, ["run", "town.py:town", "--backend", "fake", "--no-ray"])
        assert result.exit_code == 0, result.output
        yield folder


def simnet(*arguments, **options):
    return CliRunner().invoke(app, list(arguments), **options)


def test_a_survey_is_put_and_its_answers_are_summed_up(here):
    arguments = ("survey", "latest", "--by", "town.py:cycling", "--trust", "--backend", "fake")
    shown = simnet(*arguments, "--at", "2h", "--sample", "2")
    assert shown.exit_code == 0, shown.output
    assert "2 personas asked at 02:00:00" in shown.stdout
    told = json.loads(simnet(*arguments, "--json").stdout)
    assert len(told["answers"]) == 6
    assert told["counts"]["default"]["asked"] == 6
    assert {type(row["answer"]) for row in told["answers"]} == {bool, str}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--by", "town.py"), "holds 2 values that are a survey; name one: town.py:cycling"),
        (("--by", "town.py:cyclin"), "has no survey 'cyclin'; did you mean 'cycling'"),
        (("--by", "nope.py"), "there is no scenario file nope.py"),
        (("--by", "town.py:other", "--at", "soon"), "--at"),
        (("--by", "town.py:other", "--who", "nobody"), "there is nobody of that name"),
    ],
)
def test_a_survey_that_cannot_be_put_is_told_in_one_line(here, arguments, problem):
    result = simnet("survey", "latest", *arguments, "--trust", "--backend", "fake")
    assert result.exit_code != 0
    assert problem in result.stderr
    assert "Traceback" not in result.stderr


def test_the_code_of_a_record_is_not_run_without_trust(here):
    result = simnet("survey", "latest", "--by", "town.py:other", "--backend", "fake")
    assert result.exit_code == 2
    assert "read it and add --trust" in result.stderr


def test_a_talk_with_a_persona_keeps_what_was_said(here):
    arguments = ("interview", "latest", "--who", "mariam", "--trust", "--backend", "fake")
    result = simnet(*arguments, "--at", "2h", input="What do you do?\nWhy?\n\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("@mariam: ") == 2
    assert "kept in" in result.stderr
    (path,) = (here / "runs").rglob("surveys/interview*/answers.parquet")
    pq = pytest.importorskip("pyarrow.parquet")
    assert pq.read_table(path)["text"].to_pylist() == ["What do you do?", "Why?"]
    # Another talk adds to it, the same one again does not; empty lines of a pipe are left out.
    again = simnet(*arguments, "--at", "2h", input="What do you do?\n\n  \nAnd then?")
    assert again.stdout.splitlines()[0] == result.stdout.splitlines()[0]
    texts = ["What do you do?", "Why?", "And then?"]
    assert pq.read_table(path)["text"].to_pylist() == texts


def test_a_question_can_be_given_with_the_command(here):
    arguments = ("--who", "mariam", "--trust", "--backend", "fake", "--at", "3h")
    result = simnet("ask", "latest", "What do you do?", *arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("@mariam: ") == 1
    assert "Ctrl-D" not in result.stderr


def test_posts_are_annotated_and_agreement_is_told(here):
    result = simnet("annotate", "latest", "--by", "town.py", "--backend", "fake")
    assert result.exit_code == 0, result.output
    assert "Krippendorff's alpha (nominal)" in result.stdout
    told = json.loads(simnet("annotate", "latest", "--by", "town.py", "--json").stdout)
    assert told["counts"]["default"]["asked"] == 0
    assert {row["annotator"] for row in told["annotations"]} == {"ann", "ben"}
    (agreed,) = told["agreement"]
    assert set(agreed) >= {"alpha", "kappas", "items"}


def test_annotations_are_written_and_shown_where_agreement_cannot_be_computed(here, monkeypatch):
    known = reliability.find_spec
    found = lambda name: None if name == "krippendorff" else known(name)  # noqa: E731
    monkeypatch.setattr(reliability, "find_spec", found)
    result = simnet("annotate", "latest", "--by", "town.py", "--backend", "fake")
    assert result.exit_code == 0, result.output
    assert "written to " in result.stdout
    assert "agreement is computed with krippendorff; install it" in result.stderr


def test_one_question_needs_no_file_and_files_of_texts_can_be_annotated(here):
    question = ("--question", "What is its tone?", "--choices", "friendly, hostile")
    told = json.loads(simnet("annotate", "latest", *question, "--json").stdout)
    assert {row["answer"] for row in told["annotations"]} <= {"friendly", "hostile"}
    (here / "texts.jsonl").write_text('{"body": "Nice!"}\n{"body": "Awful!"}\n')
    arguments = ("annotate", "texts.jsonl", "--text", "body", *question, "--backend", "fake")
    assert "give --out DIR" in simnet(*arguments).stderr
    result = simnet(*arguments, "--out", "judged")
    assert result.exit_code == 0, result.output
    assert (here / "judged" / "annotations.parquet").is_file()


def test_an_annotation_without_a_question_is_told(here):
    result = simnet("annotate", "latest", "--backend", "fake")
    assert "give --by FILE with an annotation, or one --question" in result.stderr
    result = simnet("annotate", "latest", "--by", "town.py", "--choices", "a,b")
    assert "--choices belongs to --question" in result.stderr
