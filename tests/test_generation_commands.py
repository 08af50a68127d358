"""`simnet personas expand` and `simnet synthesize`: results, interruption, and going on."""

import json
import os
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simnet import load_personas
from simnet.cli.app import app
from simnet.cli.display.generation import GenerationDisplay
from simnet.cli.personas.generating import AskedModel
from simnet.errors import ModelGoneError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.fakes.fake import plausible
from simnet.personas.catalogue import Catalogue
from simnet.runtime.restart_policy import Restarts
from simnet.synthesis.asking.counts import Counts

PEOPLE = [{"id": f"p{n}", "description": f"Person {n} who keeps bees."} for n in range(30)]


@pytest.fixture(name="people")
def _people(tmp_path):
    path = tmp_path / "people.jsonl"
    path.write_text("\n".join(map(json.dumps, PEOPLE)), encoding="utf-8")
    return path


def command(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def expand(people, out, *options, code=0):
    words = ["personas", "expand", people, "--out", out, "--hops", 2, "--backend", "fake"]
    return command(*words, *options, code=code)


def table(out):
    return pq.read_table(out / "data" / "personas.parquet")


def test_personas_are_expanded_into_a_folder_and_a_catalogue(people, tmp_path):
    out, into = tmp_path / "out", tmp_path / "catalogue"
    printed = json.loads(expand(people, out, "--into", into, "--exact", "--json").stdout)
    assert (printed["personas"], printed["given"], printed["asked"]) == (60, 30, 60)
    assert not (tmp_path / "out.work").exists()
    rows = table(out)
    assert rows.num_rows == 60
    assert rows["hop"].to_pylist() == [1] * 30 + [2] * 30
    loaded = load_personas(out / "data" / "personas.parquet")
    catalogue = Catalogue.open(into)
    assert {one.id: one for one in loaded} == {one.persona.id: one.persona for one in catalogue}
    assert all(one.portrait() == one.description for one in loaded)
    again = expand(people, out, code=2)
    assert "exists already" in again.output


def test_personas_made_from_texts_are_loaded_from_their_folder(tmp_path):
    (tmp_path / "letter.txt").write_text("The bridge closes in May.", encoding="utf-8")
    out = tmp_path / "out"
    expand(tmp_path / "letter.txt", out, "--per", 3)
    assert [one.id for one in load_personas(out)] == table(out)["id"].to_pylist()


def test_a_catalogue_is_expanded_with_its_sources(people, tmp_path):
    folder = tmp_path / "catalogue"
    command("personas", "import", people, "--into", folder, "--license", "MIT")
    expand(folder, tmp_path / "out", "--limit", 4)
    rows = table(tmp_path / "out")
    assert set(rows["licence"].to_pylist()) == {"MIT"}
    assert set(rows["source"].to_pylist()) == {"people.jsonl"}


def test_texts_are_written_with_personas(people, tmp_path):
    out = tmp_path / "out"
    printed = command("synthesize", "tool", people, "--out", out, "--backend", "fake").stdout
    assert printed.startswith("30 texts from 30 personas")
    texts = pq.read_table(out / "data" / "tool.parquet")["synthesized text"].to_pylist()
    assert all(json.loads(text)["name"] for text in texts)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["personas", "expand", "people.jsonl"], 2, "give --out DIR"),
        (["personas", "expand", "gone.jsonl", "--out", "x"], 2, "no such file"),
        (["personas", "expand", "people.jsonl", "--out", "x", "--relation", "rivl"], 2, "'rival'"),
        (["personas", "expand", "people.jsonl", "--out", "x", "--column", "descr"], 3, "no column"),
        (["personas", "expand", ".", "--out", "x"], 2, "no personas in this folder, and no texts"),
        (["synthesize", "maht", "people.jsonl", "--out", "x"], 2, "'math'"),
        (["synthesize", "math", "people.jsonl", "--out", "x", "--mode", "few-shot"], 2, "examples"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_starts(
    people, monkeypatch, words, code, message
):
    monkeypatch.chdir(people.parent)
    result = command(*words, "--backend", "fake", code=code)
    assert message in result.output
    assert sorted(path.name for path in people.parent.iterdir()) == ["people.jsonl"]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from simnet import FakeModel, load_personas
from simnet.inference.fakes.fake import plausible
from simnet.synthesis.people.expansion import Expansion
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.people.persona_job import PersonaJob, expand
from simnet.synthesis.people.persona_folder import write_personas

people, folder = sys.argv[1:3]
folder = Path(folder)

def reply(prompt):
    with (folder / "asked.txt").open("a") as file:
        file.write(prompt.digest() + "\\n")
    if len((folder / "asked.txt").read_text().splitlines()) == 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return plausible(prompt)

job = PersonaJob(given=load_personas(people), plan=Expansion(hops=2, relations=("friend", "rival")))
options = JobOptions(work=folder / "out.work", in_flight=8, keep_work=False)
asyncio.run(expand(job, FakeModel(reply), options, lambda made, _: sys.exit("not killed")))
"""


@pytest.mark.slow  # it starts a process
def test_a_job_killed_in_the_middle_goes_on_with_equal_results_and_asks_nothing_twice(
    people, tmp_path, monkeypatch
):
    folder = tmp_path / "killed"
    folder.mkdir()
    child = subprocess.run([sys.executable, "-c", KILLED, people, folder], check=False)
    assert child.returncode == -signal.SIGKILL
    asked = (folder / "asked.txt").read_text("utf-8").splitlines()
    assert len(asked) == 40

    def reply(prompt):
        asked.append(prompt.digest())
        return plausible(prompt)

    monkeypatch.setattr(AskedModel, "choose", lambda _: FakeBackend(reply=reply))
    words = [
        "personas",
        "expand",
        people,
        "--hops",
        2,
        "--relation",
        "friend",
        "--relation",
        "rival",
    ]
    command(*words, "--out", folder / "plain")
    whole = len(asked) - 40
    del asked[40:]
    printed = json.loads(command(*words, "--out", folder / "out", "--json").stdout)
    assert printed["kept"] >= 40 - 8
    assert printed["asked"] + printed["kept"] == whole
    assert printed["asked"] == len(asked) - 40
    durable = asked[: 40 - 8]
    assert not set(durable) & set(asked[40:])
    assert table(folder / "out").equals(table(folder / "plain"))
    assert not (folder / "out.work").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_job_in_good_order_and_it_says_how_to_go_on(
    people, tmp_path, monkeypatch, number, code
):
    asked = []

    def reply(prompt):
        asked.append(prompt.digest())
        if len(asked) == 20:
            os.kill(os.getpid(), number)
        return plausible(prompt)

    backend = FakeBackend(reply=reply, delay=lambda prompt: 0.001)
    monkeypatch.setattr(AskedModel, "choose", lambda _: backend)
    out = tmp_path / "out"
    result = expand(people, out, "--in-flight", 4, code=code)
    assert f"{out}.work; the same command goes on there" in result.output
    assert not out.exists()
    first = len(asked)
    assert first < 30
    printed = json.loads(expand(people, out, "--json").stdout)
    assert printed["kept"] >= first - 4
    assert len(asked) - first == printed["asked"]
    monkeypatch.undo()
    expand(people, tmp_path / "plain")
    assert table(out).equals(table(tmp_path / "plain"))


def test_a_model_that_is_gone_is_built_again_and_asked_nothing_twice(people, tmp_path, monkeypatch):
    asked = []

    def reply(prompt):
        asked.append(prompt.digest())
        if len(asked) == 10:
            raise ModelGoneError("the engine died", "engine died")
        return plausible(prompt)

    monkeypatch.setattr(AskedModel, "choose", lambda _: FakeBackend(reply=reply))
    monkeypatch.setattr(Restarts, "failed", lambda _: 0.0)
    result = expand(people, tmp_path / "out", "--in-flight", 1)
    assert "the engine died; starting the model again in 0 s" in result.stderr
    assert len(asked) == len(set(asked)) + 1
    monkeypatch.undo()
    expand(people, tmp_path / "plain")
    assert table(tmp_path / "out").equals(table(tmp_path / "plain"))


def test_room_for_reasoning_is_added_to_every_prompt(people, tmp_path, monkeypatch):
    room = []
    backend = FakeBackend(reply=lambda prompt: room.append(prompt.max_tokens) or plausible(prompt))
    monkeypatch.setattr(AskedModel, "choose", lambda _: backend)
    expand(people, tmp_path / "out", "--reasoning-tokens", 500)
    assert set(room) == {596}


def test_a_display_that_fails_ends_nothing_but_itself(people, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("no terminal")

    for name in ("__enter__", "note", "phase", "advance"):
        monkeypatch.setattr(GenerationDisplay, name, broken)
    expand(people, tmp_path / "out")
    assert table(tmp_path / "out").num_rows > 0


def test_the_line_of_progress_says_how_far_it_is():
    now = [0.0]
    shown = GenerationDisplay(quiet=True, clock=lambda: now[0])
    shown.phase("step 1 of 2", 100)
    counts = Counts(kept=3, failed=1)
    counts.unusable["refused"] = 2
    counts.repeats["near"] = 4
    for _ in range(20):
        now[0] += 0.5
        shown.advance(counts)
    assert shown.line() == (
        "step 1 of 2: 20 of 100, 2.0/s, 2 refused, 4 repeated, 1 failed, 3 from before, "
        "about 40 s left"
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_datasets_loads_what_the_commands_write(people, tmp_path):
    datasets = pytest.importorskip("datasets")
    expand(people, tmp_path / "people", "--attribute", "age=18..90")
    command("synthesize", "math", people, "--out", tmp_path / "math", "--backend", "fake")
    words = ["synthesize", "tool", people, "--out", tmp_path / "tool", "--backend", "fake"]
    command(*words, "--format", "jsonl")
    for name, folder in [("personas", "people"), ("math", "math"), ("tool", "tool")]:
        loaded = datasets.load_dataset(
            str(tmp_path / folder), name, split="train", cache_dir=str(tmp_path / "cache")
        )
        assert len(loaded) > 0
    assert loaded.column_names[:3] == ["input persona", "synthesized text", "description"]
