"""What a model writes before its reply is recorded as reasoning and goes nowhere else."""

import asyncio
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from made_worlds import decide, shown, view
from stub_endpoint import StubEndpoint, reply
from test_openai import ask

import simnet
from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Feed,
    Like,
    OnPost,
    Persona,
    Reply,
    Scenario,
    Steps,
    Write,
)
from simnet.agents.hosted_agent import HostedAgent
from simnet.behaviours import Recall, by_policy, enforce
from simnet.errors import ModelError, UsageError
from simnet.export.training_sets.sft import export_sft
from simnet.feeds import reported
from simnet.inference.replies.reasoning import message_parts, separate_reasoning, without_reasoning
from simnet.models import Completion, FakeModel, Prompt
from simnet.personas.generate import persona_to_persona
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runs.repeats.resample import Asked, ask_again
from simnet.verbs import MEMBER, Dismiss, Remove

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*nobody in poster follows anyone:simnet.errors.ScenarioWarning"
)

SECRET = "They want me to be polite"
WAYS = {
    "closed": "<think>{}.</think>\n\n{}",
    "no opening": "{}.\n</think>\n\n{}",
    "another tag": "<THINKING>{}.</THINKING> {}",
    "brackets": "[THINK]{}.[/THINK]{}",
    "channels": "<|channel|>analysis<|message|>{}.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>{}",
    "in a fence": "```\n<think>{}.</think>\n{}\n```",
    "a fence of its own": "```reasoning\n{}.\n```\n{}",
    "twice": "<think>{}.</think><think>I am sure.</think>{}",
    "after": "{1}\n<think>{0}",
}


def chat(seed=0):
    """Make a scenario of a poster, who writes, and a crowd that answers with text alone."""
    people = [Persona(id="ann"), Persona(id="bob")]
    return Scenario(
        "chat",
        [
            Cohort("poster", [Persona(id="author")], rhythm=Steps(10 * MINUTE), verbs=MEMBER),
            Cohort("crowd", people, rhythm=OnPost(MINUTE), verbs=(Reply,), follows={"poster": 1.0},
                   feed=Feed(size=1), memory=Recall(reflect_every=1)),
        ],
        cues=[Cue(0.0, "author", Write("Good morning."))],
        lasts=HOUR,
        seed=seed,
    )  # fmt: skip


def run_with(way, tmp_path):
    def say(prompt):
        alone = prompt.system.find("what you say alone") + prompt.system.find("your reply alone")
        text = "write: Tacos tonight!" if alone == -2 else "Tacos tonight!"
        return WAYS[way].format(SECRET, text)

    return simnet.run(chat(), model=FakeModel(say), out=tmp_path, ray=False)


@pytest.mark.parametrize("way", WAYS)
def test_reasoning_reaches_no_table_but_calls(way, tmp_path):
    run = run_with(way, tmp_path)
    calls = run.read("calls").to_pylist()
    assert calls
    assert all(SECRET in call["reasoning"] and SECRET not in call["completion"] for call in calls)
    assert not any(SECRET in call["user"] or SECRET in call["prompt_hash"] for call in calls)
    events = run.read("events").to_pylist()
    made = [event for event in events if event["who"] != "author" or event["cue"] is None]
    assert any(event["verb"] == "reply" and event["outcome"] == "done" for event in made)
    assert all(event["text"] in {None, "Tacos tonight!"} for event in made)
    assert all("reasoning" in event["marks"] for event in made)


def test_reasoning_is_not_in_a_training_set(tmp_path):
    run = run_with("closed", tmp_path)
    export_sft(run, tmp_path / "sft")
    (path,) = (tmp_path / "sft").rglob("*.parquet")
    rows = pq.read_table(path).to_pylist()
    assert {row["messages"][-1]["content"] for row in rows} == {"Tacos tonight!"}


def test_a_run_with_reasoning_is_replayed_to_the_same_tables(tmp_path):
    run = run_with("closed", tmp_path)
    timeline = ScenarioTimeline(chat())
    assert replay(run, timeline).differences == ()


def test_a_reply_that_is_only_reasoning_makes_no_post_and_no_training_set(tmp_path):
    run = simnet.run(
        chat(),
        model=FakeModel(lambda _: f"<think>{SECRET} and"),
        out=tmp_path,
        ray=False,
        accept_failures=True,
    )
    events = run.read("events").to_pylist()
    turns = [event for event in events if event["cue"] is None]
    assert {tuple(event["marks"]) for event in turns} == {("empty", "reasoning_only", "reasoning")}
    assert {event["outcome"] for event in turns} == {"failed"}
    with pytest.raises(UsageError, match="no replies"):
        export_sft(run, tmp_path / "sft")


def test_the_token_limit_in_the_middle_of_reasoning_has_a_mark_of_its_own():
    persona = Persona(id="ann")
    agent = HostedAgent(persona, Cohort("c", [persona]).profile("A town.", Feed()))
    decision = decide(agent, view(shown(1)), lambda _: Completion("<think>So", "length"))
    assert decision.marks == ("empty", "reasoning_only", "reasoning")
    assert decision.failure == "the model was still reasoning when it ended, so there is no reply"
    decision = decide(agent, view(shown(1)), lambda _: Completion("", "length", reasoning="So"))
    assert decision.marks == ("empty", "reasoning_only", "reasoning")
    decision = decide(agent, view(shown(1)), lambda _: Completion("", "stop"))
    assert decision.marks == ("empty",)


def test_a_cohort_gives_room_for_reasoning():
    ann = [Persona(id="ann")]
    usual = Cohort("c", ann).profile("", Feed()).max_tokens
    assert Cohort("c", ann, reasoning_tokens=500).profile("", Feed()).max_tokens == usual + 500
    with pytest.raises(simnet.errors.ScenarioError, match="reasoning_tokens=-1"):
        Cohort("c", ann, reasoning_tokens=-1)


def test_a_reflection_is_remembered_without_reasoning_and_quotation_marks():
    persona = Persona(id="ann")
    cohort = Cohort("c", [persona], memory=Recall(reflect_every=1))
    agent = HostedAgent(persona, cohort.profile("A town.", Feed()))
    said = {True: "like 1", False: f'<think>{SECRET}</think>\nAnn: "I care about water."'}
    decide(agent, view(shown(1)), lambda p: said["Answer with" in p.system])
    thoughts = [entry.text for entry in agent.memory.entries if entry.kind == "reflection"]
    assert thoughts == ["I care about water."]


@pytest.mark.parametrize(
    ("says", "actions", "marks"),
    [
        ("yes", (Remove(1),), ()),
        ("**Yes.**", (Remove(1),), ()),
        ("<think>no?</think>Answer: yes", (Remove(1),), ("reasoning",)),
        ("No, it is fine.", (Dismiss(1),), ()),
    ],
)
def test_a_moderator_reads_free_replies(says, actions, marks):
    persona = Persona(id="mod")
    cohort = Cohort("mods", [persona], behaviour=enforce("Be kind."), feed=Feed(reads=reported),
                    verbs=(Remove, Dismiss))  # fmt: skip
    agent = HostedAgent(persona, cohort.profile("A town.", Feed()))
    decision = decide(agent, view(shown(1)), lambda _: says)
    assert (decision.actions, decision.marks) == (actions, marks)


def test_a_moderator_who_says_neither_yes_nor_no_decides_the_other_posts():
    persona = Persona(id="mod")
    cohort = Cohort("mods", [persona], behaviour=enforce("Be kind."), verbs=(Remove, Dismiss))
    agent = HostedAgent(persona, cohort.profile("A town.", Feed()))
    says = iter(["It depends.", "no"])
    decision = decide(agent, view(shown(1), shown(2)), lambda _: next(says))
    assert (decision.actions, decision.marks) == ((Dismiss(2),), ("garbled",))
    decision = decide(agent, view(shown(1)), lambda _: "It depends.")
    assert decision.failure == "the reply is neither yes nor no: 'It depends.'"
    assert decision.marks == ("garbled",)


@pytest.mark.parametrize("judges", [enforce("Be kind."), by_policy("Be kind.")])
def test_a_moderator_who_refuses_is_marked_so(judges):
    persona = Persona(id="mod")
    cohort = Cohort("mods", [persona], behaviour=judges, verbs=(Remove, Dismiss))
    agent = HostedAgent(persona, cohort.profile("A town.", Feed()))
    says = iter(["I can't help with that.", "dismiss" if judges.__name__ == "judging" else "no"])
    decision = decide(agent, view(shown(1), shown(2)), lambda _: next(says))
    assert (decision.actions, decision.marks) == ((Dismiss(2),), ("garbled", "refusal"))
    decision = decide(agent, view(shown(1)), lambda _: "I can't help with that.")
    assert decision.marks == ("garbled", "refusal")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "after"])
def test_reasoning_never_becomes_the_text_of_a_persona(way):
    text = WAYS[way].format(SECRET, "A nurse who works at night.")
    model = FakeModel(lambda _: text)
    one = asyncio.run(persona_to_persona(Persona(id="ann", description="A cook."), model))
    assert one.description == "A nurse who works at night."


def test_a_persona_that_is_only_reasoning_is_a_model_error():
    ann = Persona(id="ann", description="A cook.")
    with pytest.raises(ModelError, match="still reasoning"):
        asyncio.run(persona_to_persona(ann, FakeModel(lambda _: f"<think>{SECRET}")))


# -- endpoints ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "text", "reasoning"),
    [
        ({"content": "like 1"}, "like 1", None),
        ({"content": "like 1", "reasoning_content": "Hm."}, "like 1", "Hm."),
        ({"content": "like 1", "reasoning": "Hm."}, "like 1", "Hm."),
        ({"content": None, "reasoning_content": "Hm."}, "", "Hm."),
        ({"content": "like 1", "reasoning": "Hm.", "reasoning_content": "Hm."}, "like 1", "Hm."),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                         {"type": "text", "text": "like 1"}]},
            "like 1", "Hm.",
        ),
        ({"content": "yes", "reasoning_details": [{"text": "Hm"}, {"text": "."}]}, "yes", "Hm."),
        ({"content": None, "refusal": "I cannot."}, "I cannot.", None),
    ],
)  # fmt: skip
def test_reasoning_in_a_field_of_its_own_is_read(fields, text, reasoning):
    assert message_parts(SimpleNamespace(**fields)) == (text, reasoning)


def test_a_message_without_a_text_is_malformed():
    with pytest.raises(TypeError, match="its text is 7"):
        message_parts(SimpleNamespace(content=7))


PROMPT = Prompt(system="be Ann", user="hi", pattern="like [12]", seed=1)


@pytest.mark.parametrize(
    ("constrains", "text", "constrained"),
    [(True, "like 1", True), (True, "Like 1.", False), (False, "like 1", False)],
)
def test_an_endpoint_that_ignores_the_pattern_has_not_constrained(constrains, text, constrained):
    stub = StubEndpoint(lambda *_: (200, {}, reply(text)))
    (done,), _ = ask(stub, [PROMPT], constrains=constrains)
    assert (done.text, done.constrained) == (text, constrained)


def test_a_constrained_reply_may_come_after_reasoning():
    stub = StubEndpoint(lambda *_: (200, {}, reply(f"<think>{SECRET}</think>\n\nlike 1")))
    (done,), _ = ask(stub, [PROMPT], constrains=True)
    assert without_reasoning(done)[:1] == ("like 1",)
    assert (done.constrained, without_reasoning(done).reasoning) == (True, SECRET)


# -- completions ----------------------------------------------------------------------


def test_a_completion_without_reasoning_is_the_same_object():
    done = Completion("like 1")
    assert without_reasoning(done) is done
    failed = Completion("<think>no reply", "error")
    assert without_reasoning(failed) is failed


def test_reasoning_in_the_text_is_added_to_that_of_the_field():
    done = without_reasoning(Completion("<think>Two.</think>like 1", reasoning="One."))
    assert (done.text, done.reasoning) == ("like 1", "One.\n\nTwo.")


@pytest.mark.parametrize(
    "text",
    ["I <3 tacos", "a < b and c > d", "[thinking] Hm, tacos.", "Analysis: tacos\nare good.",
     "analysis of it", "I thought about it", "x = a[think]", "<b>Tacos</b>"],
)  # fmt: skip
def test_a_text_that_only_looks_a_little_like_reasoning_is_left_alone(text):
    assert separate_reasoning(text) == (text, None)


def test_a_call_asked_again_is_compared_without_its_reasoning():
    async def generate(prompts):
        yield [(0, Completion("<think>Hm, again.</think>like 1"))]

    asked = Asked("ann", 0, 0, PROMPT, Completion("like 1", reasoning="Hm."))
    assert asyncio.run(ask_again(generate, [asked])).same == 1


def test_a_free_reply_is_read_leniently_and_a_constrained_one_strictly():
    persona = Persona(id="ann")
    agent = HostedAgent(persona, Cohort("c", [persona]).profile("A town.", Feed()))
    seen = view(shown(1))
    assert decide(agent, seen, lambda _: Completion("**LIKE #1**")).actions == (Like(1),)
    strict = decide(agent, seen, lambda _: Completion("**LIKE #1**", constrained=True))
    assert strict.marks == ("garbled",)
    older = decide(agent, seen, lambda _: Completion("**LIKE #1**", constrained=None))
    assert older.marks == ("garbled",)


def test_what_a_free_reply_has_too_much_is_marked():
    persona = Persona(id="ann")
    cohort = Cohort("c", [persona], text_limit=20)
    agent = HostedAgent(persona, cohort.profile("A town.", Feed()))
    seen = view(shown(1))
    decision = decide(agent, seen, lambda _: "write: It is late. We should all go home.")
    assert (decision.actions, decision.marks) == ((Write("It is late."),), ("at_limit",))
    decision = decide(agent, seen, lambda _: "like 1\nwrite: Good night.")
    assert (decision.actions, decision.marks) == ((Like(1),), ("surplus",))
