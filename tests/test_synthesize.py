"""Texts made with personas: tasks, tool definitions, examples, and the folder they end in."""

import asyncio
import json
import re

import pyarrow.parquet as pq
import pytest

from simnet import FakeModel
from simnet.errors import InputError, RunError, UsageError
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.usable_reply import UnusableReplyError
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.composing.composition import Composition
from simnet.synthesis.composing.demonstrations import read_demonstrations
from simnet.synthesis.composing.tasks import TASKS, read_problem, read_text, task_named
from simnet.synthesis.composing.text_folder import write_texts
from simnet.synthesis.composing.text_job import TextJob, synthesize
from simnet.synthesis.composing.tool_definitions import PATTERN, ToolError, read_tool, tool

PEOPLE = [
    Persona(id="ann", description="Ann keeps bees.", source=Source("hub", "personahub", "MIT")),
    Persona(id="bob", description="Bob mends clocks."),
]
TOOL = {
    "name": "hive_log",
    "description": "Keeps a log of hives.",
    "parameters": {"type": "object", "properties": {"hive": {"type": "string"}}},
}


def made(plan, folder, model=None, out=None, file_format="parquet", **options):
    job = TextJob(personas=PEOPLE, plan=plan)
    rows = []

    def publish(result, counts):
        rows.extend(result.rows())
        if out is not None:
            write_texts(out, job, result, file_format)

    options = JobOptions(work=folder / "work", **options)
    counts = asyncio.run(synthesize(job, model or FakeModel(), options, publish))
    return rows, counts


@pytest.mark.parametrize("name", TASKS)
def test_each_task_gives_texts_in_the_order_of_the_personas(tmp_path, name):
    rows, _ = made(Composition(task=task_named(name), per=2), tmp_path, near=False)
    assert [row["persona_id"] for row in rows] == ["ann", "ann", "bob", "bob"]
    first = rows[0]
    assert first["input persona"] == "Ann keeps bees."
    assert first["description"] == TASKS[name].description
    assert (first["source"], first["licence"], first["model"]) == ("hub", "MIT", "fake")
    assert len({row["synthesized text"] for row in rows}) == 4
    if name == "tool":
        for row in rows:
            assert set(json.loads(row["synthesized text"])) == {"name", "description", "parameters"}


def test_an_unknown_task_is_named_with_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean 'math'"):
        task_named("maths")


def test_a_broken_definition_of_a_tool_is_asked_for_again(tmp_path):
    def reply(prompt):
        if prompt.seed == 0:
            return '{"name": "x"'
        return json.dumps({**TOOL, "name": "hive" if "Ann" in prompt.user else "clock"})

    rows, counts = made(Composition(task=TASKS["tool"]), tmp_path, FakeModel(reply), near=False)
    assert [json.loads(row["synthesized text"])["name"] for row in rows] == ["hive", "clock"]
    assert all(row["seed"] != 0 for row in rows)
    assert counts.unusable == {"invalid": 2}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TOOL),
        f"Sure! Here it is:\n```json\n{json.dumps(TOOL, indent=2)}\n```",
        json.dumps({"type": "function", "function": TOOL}),
    ],
)
def test_definitions_of_tools_are_taken_out_of_replies(text):
    assert json.loads(read_tool(Completion(text))) == TOOL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "two words"}, "name is"),
        ({"name": None}, "name is"),
        ({"description": " "}, "description has to be"),
        ({"parameters": []}, "parameters has to be an object"),
        ({"parameters": {"properties": {}}}, '"type": "object"'),
        ({"parameters": {"type": "object", "properties": {"a": 1}}}, "properties.a has to be"),
        ({"parameters": {"type": "object", "properties": {"a": {"type": "text"}}}}, "type 'text'"),
        ({"parameters": {"type": "object", "properties": {"a": {}}}}, "of type None"),
        ({"parameters": {"type": "object", "properties": {}, "required": ["a"]}}, "required has"),
    ],
)
def test_a_definition_that_breaks_the_schema_says_what_is_wrong(change, message):
    with pytest.raises(ToolError, match=message):
        tool(json.dumps({**TOOL, **change}))


def test_what_constrained_backends_generate_is_a_definition():
    for seed in range(50):
        text = plausible(Prompt(system="", user="", pattern=PATTERN, seed=seed))
        assert re.fullmatch(PATTERN, text)
        assert tool(text)["parameters"]["properties"]


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        (Completion(""), "empty"),
        (Completion("<think>hm"), "reasoning only"),
        (Completion("I'm sorry, I can't do that."), "refused"),
        (Completion("Half a prob", "length"), "cut off"),
        (Completion("too slow", "deadline"), "failed"),
    ],
)
def test_replies_that_cannot_be_used_are_told_apart(completion, kind):
    with pytest.raises(UnusableReplyError) as caught:
        read_problem(completion)
    assert caught.value.kind == kind


def test_a_text_at_the_limit_ends_at_its_last_sentence_and_a_problem_is_left():
    cut = Completion("Bees dance to tell the way. They dance in the dark. And th", "length")
    assert read_text(cut) == "Bees dance to tell the way. They dance in the dark."
    with pytest.raises(UnusableReplyError):
        read_problem(cut)
    assert read_problem(Completion("**Problem:** How many bees?")) == "How many bees?"


def examples(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_prompts_show_no_examples_texts_or_texts_with_personas(tmp_path):
    rows = [{"input persona": f"P{n}", "synthesized text": f"T{n}"} for n in range(9)]
    file = examples(tmp_path / "e.jsonl", rows)
    seen = []
    model = FakeModel(lambda prompt: seen.append(prompt) or f"A text {prompt.digest()}")

    def systems(mode, path):
        seen.clear()
        chosen, shown = read_demonstrations(path, mode, 3, 1)
        plan = Composition(task=TASKS["math"], mode=chosen, demonstrations=shown)
        made(plan, tmp_path / str(mode) / str(path is None), model)
        assert len({prompt.system for prompt in seen}) == 1
        assert all("Ann" not in prompt.system for prompt in seen)
        return chosen, seen[0].system

    assert systems(None, None) == ("zero-shot", TASKS["math"].system)
    mode, system = systems(None, file)
    assert mode == "persona-few-shot"
    shown = re.findall(r"Person:\nP(\d)\n\nText:\nT(\d)", system)
    assert len(shown) == 3
    assert all(one == other for one, other in shown)
    mode, system = systems("few-shot", file)
    assert mode == "few-shot"
    assert "Person:" not in system
    assert system.count("Text:\nT") == 3


@pytest.mark.parametrize(
    ("rows", "mode", "error", "message"),
    [
        (None, "few-shot", UsageError, "give --examples FILE"),
        ([{"synthesized text": "x"}], "zero-shot", UsageError, "neither with zero-shot"),
        ([{"synthesized text": "x"}], "persona-few-shot", InputError, "'input persona' is missing"),
        ([{"text": "x"}], None, InputError, "'synthesized text' is missing; there are 'text'"),
        ([{"synthesized text": 3}], None, InputError, "is no text"),
        (None, "fewshot", UsageError, "did you mean 'few-shot'"),
    ],
)
def test_examples_that_do_not_fit_are_refused(tmp_path, rows, mode, error, message):
    path = None if rows is None else examples(tmp_path / "e.jsonl", rows)
    with pytest.raises(error, match=message):
        read_demonstrations(path, mode, 3, 0)


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_the_folder_has_the_columns_of_personahub_and_a_card(tmp_path, file_format):
    out = tmp_path / "out"
    rows, _ = made(Composition(task=TASKS["math"]), tmp_path, out=out, file_format=file_format)
    file = out / "data" / f"math.{file_format}"
    if file_format == "parquet":
        read = pq.read_table(file).to_pylist()
    else:
        read = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert read == rows
    assert list(read[0])[:3] == ["input persona", "synthesized text", "description"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"path: data/math.{file_format}" in card
    assert "1 row made of data from hub; licence MIT." in card


def test_without_any_usable_reply_no_folder_is_written(tmp_path):
    model = FakeModel(lambda prompt: "I'm sorry, I can't.")
    plan = Composition(task=TASKS["math"])
    with pytest.raises(RunError, match="no reply could be used"):
        made(plan, tmp_path, model, out=tmp_path / "out", stop_on_failures=False)
    assert not (tmp_path / "out").exists()
