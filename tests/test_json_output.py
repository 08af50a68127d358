"""Every command with --json prints one object, in which lists have names."""

import json
import re

import pytest
from docs_pages import ROOT
from made_exports import made_run
from typer.main import get_command
from typer.testing import CliRunner

from simnet.cli.app import app

STUDY = """
from simnet import Cohort, Persona, Scenario

people = [Persona(id=f"p{number}", description=f"number {number}") for number in range(3)]
crowd = Cohort(name="all", personas=people, follows={"all": 1.0})
study = Scenario(name="study", cohorts=[crowd], lasts=36000.0)
"""
ARMS = """
from simnet import Cohort, Scenario, sample
from simnet.rules import chance, likes
from simnet.studies import Study, actions

people, rule = sample(3), likes(chance(0.1))
town = [Scenario("t", [Cohort("all", people, behaviour=rule)], lasts=t) for t in (60.0, 90.0)]
arms = Study("arms", {"short": town[0], "long": town[1]}, [actions()], seeds=[0, 1])
"""
COMMANDS = {
    ("ls",): {"folder", "runs"},
    ("ps",): {"clusters"},
    ("cost",): {"run", "costs"},
    ("tables",): {"run", "tables"},
    ("tables", "latest"): {"run", "tables"},
    ("validate", "study.py"): {"scenario", "cohorts", "warnings"},
    ("verify",): {"run", "checks"},
    ("replay", "--trust"): {"run", "differences"},
    ("explain", "study.py", "--who", "p1", "--backend", "fake"): {"who", "sections"},
    ("estimate", "study.py", "--backend", "fake", "--share", "0.5"): {"whole", "cohorts"},
    ("export", "sft", "latest", "--out", "sets", "--force"): {"out", "subsets"},
    ("export", "threads", "latest", "--out", "threads", "--force"): {"out", "parts", "left_out"},
    ("export", "dpo", "made/soup", "--out", "dpo", "--min-exposures", "4"): {"out", "parts"},
    ("export", "kto", "made/soup", "--out", "kto", "--min-exposures", "4"): {"out", "parts"},
    ("export", "syndisco", "latest", "--out", "logs", "--force"): {"out", "parts", "left_out"},
    ("export", "graphs", "latest", "--out", "graphs", "--force"): {"out", "parts", "left_out"},
    ("export", "jsonl", "latest", "--out", "jsonl", "--force"): {"out", "parts", "left_out"},
    ("export", "oasis", "latest", "--out", "oasis", "--force"): {"out", "parts", "left_out"},
    ("export", "csv", "latest", "--out", "csv", "--force"): {"out", "parts", "left_out"},
    ("init",): {"written", "same", "kept"},
    ("study", "plan", "arms.py"): {"study", "runs", "turns"},
    ("study", "run", "arms.py", "--no-ray"): {"complete", "failures"},
    ("study", "resume", "arms.py", "--no-ray"): {"complete", "failures"},
    ("study", "status", "arms.py"): {"runs", "registration_intact"},
    ("study", "results", "arms.py"): {"means", "interactions", "hypotheses"},
    ("doctor",): {"can_run", "findings"},
    ("personas", "import", "people.json", "--into", "others"): {
        *("into", "new", "known", "kept", "replaced", "skipped", "look_alike", "source"),
    },
    ("personas", "update", "p0", "--set", "age=3"): {"changed", "given"},
    ("personas", "remove", "p0", "--in", "spare"): {"removed", "left"},
    ("personas", "search", "number"): {"found", "personas"},
    ("personas", "similar", "p1"): {"personas"},
    ("personas", "dedupe", "--dry-run"): {"removed", "duplicates"},
    ("personas", "sample", "2"): {"personas"},
    ("personas", "split", "--part", "all=1", "--out", "parts"): {"parts"},
    ("personas", "versions"): {"versions"},
    ("personas", "show", "p1"): {"id", "description", "source"},
    ("personas", "from-text", "a text", "--backend", "fake"): {"id", "description", "source"},
    ("personas", "from-persona", "p1", "--backend", "fake"): {"id", "description", "source"},
    ("personas", "expand", "people.json", "--out", "more", "--backend", "fake"): {
        "personas",
        "given",
        "unusable",
        "repeats",
    },
    ("synthesize", "math", "people.json", "--out", "sums", "--backend", "fake"): {
        "texts",
        "given",
        "unusable",
        "repeats",
    },
    ("review", "new", "s", "--file", "people.json", "--rating", "q"): {
        *("folder", "records", "skipped"),
    },
    ("review", "import", "r", "reviews/t", "--from", "simnet"): {"decisions"},
    ("review", "next", "r", "--as", "ada"): {"record", "questions", "progress"},
    ("review", "submit", "r", "p0", "--as", "ada", "--answer", "q=3"): {
        *("record", "status", "next", "progress"),
    },
    ("review", "discard", "r", "p1", "--as", "ada"): {"record", "status", "next", "progress"},
    ("review", "discard", "r", "--as", "ada", "--search", "number"): {
        *("records", "left", "status", "done", "progress"),
    },
    ("review", "undo", "r", "--as", "eve"): {"undone", "progress"},
    ("review", "search", "r", "number"): {"found", "records"},
    ("review", "similar", "r", "number", "--field", "description"): {"field", "records"},
    ("review", "status", "r"): {"review", "records", "questions", "annotators"},
    ("review", "agreement", "r"): {"review", "questions"},
    ("annotate", "made/soup", "--question", "Is it kind?", "--backend", "fake"): {
        "annotations",
        "path",
    },
    ("survey", "made/soup", "--by", "mini_ipip", "--scenario", "study.py", "--backend", "fake"): {
        "answers",
        "path",
    },
    ("review", "export", "r", "--out", "r.jsonl", "--status", "pending"): {"out", "rows"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a scenario, a run of it and a catalogue."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "study.py").write_text(STUDY)
    (folder / "arms.py").write_text(ARMS)
    made_run(folder / "made").path.rename(folder / "made/soup")
    people = [{"id": f"p{number}", "description": f"number {number}"} for number in range(3)]
    (folder / "people.json").write_text(json.dumps(people))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (
            ["run", "study.py", "--backend", "fake"],
            ["personas", "import", "people.json"],
            ["personas", "import", "people.json", "--into", "spare"],
            ["review", "new", "r", "--personas", "personas", "--rating", "q"],
            ["review", "submit", "r", "p2", "--as", "eve", "--answer", "q=1"],
            ["review", "new", "t", "--personas", "personas", "--rating", "q"],
        ):
            assert CliRunner().invoke(app, words).exit_code == 0
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_json_is_one_object_with_named_fields(folder, monkeypatch, words):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RAY_TMPDIR", str(folder))  # `ps` looks at no Ray of somebody else
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert COMMANDS[words] <= json.loads(line).keys()


def names(command, above=()):
    for name, one in getattr(command, "commands", {}).items():
        yield from names(one, (*above, name))
    if any("--json" in option.opts for option in command.params):
        yield above


def test_every_command_with_json_is_in_the_table_of_the_reference():
    page = ROOT / "docs/reference/command-line.md"
    table = page.read_text("utf-8").partition("| command | names |")[2].partition("\n\n")[0]
    listed = set()
    for row in table.splitlines()[2:]:
        first, *rest = re.findall(r"`([^`]+)`", row.split("|")[1])
        group = first.rpartition(" ")[0]  # which the further ones of a row lack
        listed |= {first, *(one if " " in one else f"{group} {one}".strip() for one in rest)}
    shown_above = {"run", "resume", "fork"}
    assert {" ".join(name) for name in names(get_command(app))} - listed == shown_above


def test_every_command_with_json_is_tried():
    tried = {words[:size] for words in COMMANDS for size in (1, 2)}
    elsewhere = {("run",), ("resume",), ("fork",), ("train",), ("jobs", "list")}
    elsewhere |= {("report",), ("study", "report"), ("bench", "run"), ("bench", "compare")}
    elsewhere |= {("calibrate",)}
    assert set(names(get_command(app))) - tried == elsewhere
