"""Flawed replies are asked for again, if the cohort says so."""

import asyncio

import pytest
from made_worlds import decide, shown, view

from simnet import Cohort, Feed, Persona
from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.errors import ScenarioError
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Completion
from simnet.verbs import MEMBER

REFUSAL = "write: I can't help with that."
SEEN = view(shown(1, "ben", "The council forgot Elm Street again, and nobody on the bus cared."))


def agent(resamples=2, **fields):
    persona = Persona(id="ana")
    cohort = Cohort("people", [persona], verbs=MEMBER, resamples=resamples, **fields)
    return HostedAgent(persona, cohort.profile("A town.", Feed()))


def say(*replies, me=None):
    """Decide with these replies, one after the other; returns the decision and the prompts."""
    asked, left = [], list(replies)

    def answer(prompt):
        asked.append(prompt)
        return left.pop(0)

    return decide(me or agent(), SEEN, answer), asked


@pytest.mark.parametrize(
    "flawed",
    [
        REFUSAL,
        "write: <|im_end|>",
        "no action at all",
        "",
        "write: so so so so so so so so",
        "reply 1: The council forgot Elm Street again, and nobody on the bus cared.",
        "reply 1: The council forgot Elm Street again and we know nobody on the bus cared.",
        Completion("took too long", "deadline"),
    ],
)
def test_a_flawed_reply_is_asked_for_again_with_another_seed_and_hotter(flawed):
    decision, asked = say(flawed, "write: Fine by me.")
    assert decision.actions[0].text == "Fine by me."
    assert decision.marks == ("resampled",)
    assert asked[0].seed != asked[1].seed
    assert [prompt.temperature for prompt in asked] == [0.8, pytest.approx(1.1)]
    assert {(p.system, p.user, p.pattern) for p in asked} == {
        (asked[0].system, asked[0].user, asked[0].pattern)
    }


def test_a_good_reply_is_asked_for_once():
    decision, asked = say("write: Fine by me.")
    assert (len(asked), decision.marks) == (1, ())


def test_the_marks_are_those_of_the_last_text():
    decision, asked = say(REFUSAL, "write: <|im_end|>", REFUSAL)
    assert len(asked) == 3
    assert decision.marks == ("refusal", "resampled")


def test_a_reply_that_can_be_used_is_kept_when_the_next_cannot():
    decision, _ = say(REFUSAL, "nonsense", "")
    assert decision.actions[0].text == "I can't help with that."
    assert "resampled" in decision.marks


def test_the_marks_of_a_reply_that_does_not_count_are_dropped():
    decision, _ = say(f"{REFUSAL}\nlike 1", "write: Fine by me.")
    assert decision.marks == ("resampled",)
    decision, _ = say(REFUSAL, "nonsense", Completion("more nonsense", "length"))
    assert decision.marks == ("refusal", "resampled")
    me = agent(text_limit=40)
    decision, _ = say(f"{REFUSAL} It is a long story. It is too long.", "nonsense", "", me=me)
    assert decision.marks == ("at_limit", "refusal", "resampled")


def test_nothing_to_use_is_a_failure():
    decision, _ = say("", "", "")
    assert decision.failure == "the reply is empty"
    assert decision.marks == ("empty", "resampled")


def test_a_bare_refusal_is_marked_when_all_replies_are_one():
    decision, asked = say(*["I'm sorry, but I can't help with that."] * 3)
    assert len(asked) == 3
    assert decision.marks == ("garbled", "refusal", "resampled")


def test_by_default_nothing_is_asked_again():
    decision, asked = say(REFUSAL, me=agent(resamples=0))
    assert (len(asked), decision.marks) == (1, ("refusal",))


def test_it_never_gets_hotter_than_two():
    _, asked = say(REFUSAL, REFUSAL, "pass", me=agent(temperature=1.9))
    assert [prompt.temperature for prompt in asked] == [1.9, 2.0, 2.0]


def test_both_calls_are_recorded_under_their_numbers():
    replies = iter([REFUSAL, "like 1"])
    host = Host(lambda _: agent(), FakeModel(lambda _: next(replies)))

    async def think():
        return [thoughts async for thoughts in host.think([SEEN])]

    calls = [call for thoughts in asyncio.run(think()) for call in thoughts.calls]
    assert [(call.call, call.completion) for call in calls] == [(0, REFUSAL), (1, "like 1")]


def test_a_near_repeat_of_an_own_text_is_marked():
    me = agent(resamples=0)
    say("write: We should all meet at the river on Sunday and bring some bread.", me=me)
    decision, _ = say(
        "write: We should all meet at the river on Monday and bring some bread!", me=me
    )
    assert decision.marks == ("near_repeat",)


def test_a_negative_number_is_refused():
    with pytest.raises(ScenarioError, match="resamples=-1; 0 is never"):
        Cohort("people", [Persona(id="ana")], resamples=-1)
