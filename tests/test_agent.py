"""One turn of one persona."""

import re

import pytest
from made_worlds import decide, shown, view

from simnet import Cohort, Feed, Like, Persona, Reply, Write
from simnet.agents.behaviours.standard import converse
from simnet.agents.hosted_agent import REMEMBERED_GISTS, HostedAgent
from simnet.errors import UserCodeError
from simnet.models import Completion
from simnet.verbs import MEMBER

DECLINED = "I can't help with that."
SEEN = view(shown(1, "ben", "Bike lanes are fine by me."), shown(2, "cat", "No."))


def agent(behaviour=converse, verbs=MEMBER, **fields):
    persona = Persona(id="ana")
    cohort = Cohort("people", [persona], behaviour=behaviour, verbs=verbs, **fields)
    return HostedAgent(persona, cohort.profile("A town.", Feed()))


def say(*replies, **fields):
    """Let an agent say things, one a turn, and return the last decision."""
    me = agent(**fields)
    for turn, reply in enumerate(replies):
        decision = decide(me, SEEN._replace(turn=turn), lambda _, reply=reply: reply)
    return decision


def test_a_decision_is_what_the_reply_says():
    decision = say("like 2")
    assert (decision.who, decision.turn, decision.actions) == ("ana", 0, (Like(2),))
    assert (decision.marks, decision.failure) == ((), None)


def test_a_prompt_carries_the_cohorts_means():
    asked = []
    decide(
        agent(temperature=0.3, text_limit=100, acts=2, adapter="poet"),
        SEEN,
        lambda prompt: asked.append(prompt) or "pass",
    )
    (prompt,) = asked
    assert (prompt.temperature, prompt.adapter, prompt.max_tokens) == (0.3, "poet", 2 * 66)
    assert prompt.system.endswith("You are @ana.")
    assert prompt.user.startswith("Your feed:\n1 @ben")
    assert prompt.pattern is not None


def test_seeds_differ_between_calls_and_views_alone():
    def seeds(**fields):
        asked = []

        async def twice(me, seen, ask):
            await ask("a", "b")
            await ask("a", "b")
            return []

        decide(agent(twice), SEEN._replace(**fields), lambda p: asked.append(p.seed) or "x")
        return asked

    assert seeds() == seeds(turn=9)
    assert len({*seeds(), *seeds(seed=8)}) == 4
    assert all(0 <= seed < 2**63 for seed in seeds())


def test_a_view_that_leaves_nothing_to_do_costs_no_call():
    decision = decide(agent(verbs=(Reply, Like)), view(), lambda _: pytest.fail("asked"))
    assert (decision.actions, decision.failure) == ((), None)


@pytest.mark.parametrize(
    ("reply", "marks", "failure"),
    [
        ("", ("empty",), "the reply is empty"),
        ("write: ", ("empty",), "the reply has no text"),
        ("write: <|im_end|>", ("empty",), "the reply has no text"),
        ("empty words", ("garbled",), "the reply is not an action: 'empty words'"),
        (DECLINED, ("garbled", "refusal"), f'the reply is not an action: "{DECLINED}"'),
        (Completion(DECLINED, "error"), (), f"error: {DECLINED}"),
        (Completion("took too long", "deadline"), (), "deadline: took too long"),
        (Completion("the queue is empty", "error"), (), "error: the queue is empty"),
        (Completion("", "abort"), (), "abort: "),
    ],
)
def test_a_reply_that_cannot_be_used_is_a_failure_with_its_cause(reply, marks, failure):
    decision = say(reply)
    assert (decision.actions, decision.marks, decision.failure) == ((), marks, failure)


def test_a_refusal_in_an_earlier_turn_marks_no_later_one():
    assert say(DECLINED, "empty words").marks == ("garbled",)


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("write: A calm word.", ()),
        ("write: I can't help with that.", ("refusal",)),
        ("write: <unk><pad>", ("garbled",)),
        ("write: " + "xyz " * 4 + "a" * 264, ("at_limit", "repetition")),
        ("write: " + "".join(map(str, range(130)))[:280], ("at_limit",)),
        ("write: so good, so good, so good, so good, so good", ("repetition",)),
        (Completion("write: same", "repetition"), ("repetition",)),
        (Completion("write: cut", "length"), ("at_limit",)),
        ("reply 2: bike lanes are fine by me", ("repeat",)),
    ],
)
def test_what_is_remarkable_about_a_text_is_marked(reply, marks):
    assert say(reply).marks == marks


def test_a_text_said_before_is_a_repeat():
    assert say("write: Well well.", "write: Something else.").marks == ()
    assert say("write: Well well.", "write: well, well!").marks == ("repeat",)


def test_a_cut_reply_marks_its_own_turn_alone():
    assert say(Completion("write: cut", "length"), "write: whole").marks == ()


def test_what_is_compared_stays_bounded():
    me = agent()
    for turn in range(REMEMBERED_GISTS + 50):
        decide(me, view(turn=turn), lambda _, turn=turn: f"write: number {turn}")
    assert len(me._gists) == REMEMBERED_GISTS


def test_memory_holds_the_last_actions():
    me = agent(memory=2, acts=2)
    for reply in ("write: one", "like 1\nreply 2: two", "pass"):
        decide(me, SEEN, lambda _, reply=reply: reply)
    assert me.memory.done == ['reply "two"', "pass"]
    assert decide(agent(memory=0), SEEN, lambda _: "like 1").actions == (Like(1),)


def test_a_failed_turn_is_not_remembered():
    me = agent()
    decide(me, SEEN, lambda _: "nonsense")
    assert me.memory.done == []


def test_a_behaviour_may_return_one_action_or_a_list():
    async def one(me, seen, ask):
        return Write("hi")

    async def some(me, seen, ask):
        return [Write("hi"), Like(1)]

    assert decide(agent(one), SEEN).actions == (Write("hi"),)
    assert decide(agent(some), SEEN).actions == (Write("hi"), Like(1))


@pytest.mark.parametrize("returned", [None, "like 1", ["like 1"], 3, [Like(1), None], {"a": 1}])
def test_a_behaviour_that_returns_something_else_is_named(returned):
    async def absent_minded(me, seen, ask):
        return returned

    with pytest.raises(UserCodeError, match=r"behaviour absent_minded returned .*, not actions"):
        decide(agent(absent_minded), SEEN)


@pytest.mark.parametrize(
    ("returned", "advice"),
    [
        (None, "end it with a return of actions, or of [] to do nothing"),
        (Like, "write Like(...)"),
        ([Like(1), "hello"], "put the text into an action, such as Write('hello')"),
        (3, "return an action, such as Write(text), or a list of them"),
    ],
)
def test_a_behaviour_that_returns_something_else_is_told_what_to_return(returned, advice):
    async def absent_minded(me, seen, ask):
        return returned

    with pytest.raises(UserCodeError, match=re.escape(f"not actions; {advice}")):
        decide(agent(absent_minded), SEEN)


async def _compares(me, seen, ask):
    verdict = ask(me.role, "Friendly?")
    return [] if verdict == "yes" else Like(1)


async def _adds(me, seen, ask):
    return Write("I think: " + ask(me.role, "What?"))


async def _returns(me, seen, ask):
    return ask.for_action()


async def _is_content(me, seen, ask):
    if await ask(me.role, "Well?"):
        ask.for_action()
    return []


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("behaviour", "call", "line"),
    [
        (_compares, "ask(...)", 'verdict = ask(me.role, "Friendly?")'),
        (_adds, "ask(...)", 'return Write("I think: " + ask(me.role, "What?"))'),
        (_returns, "ask.for_action()", "return ask.for_action()"),
        (_is_content, "ask.for_action()", "ask.for_action()"),
    ],
)
def test_a_reply_that_is_not_awaited_is_found_with_its_line(behaviour, call, line):
    with pytest.raises(UserCodeError) as told:
        decide(agent(behaviour), SEEN)
    assert told.value.problem == f"calls {call} without `await`; write `await {call}`"
    assert told.value.source == line


def test_a_behaviour_that_is_no_coroutine_is_named():
    def hasty(me, seen, ask):
        return [Like(1)]

    with pytest.raises(UserCodeError, match=r"behaviour hasty is not an `async def`"):
        decide(agent(hasty), SEEN)


def test_a_behaviour_may_handle_a_missing_reply_itself():
    from simnet.errors import ModelError

    async def stubborn(me, seen, ask):
        try:
            return await ask.for_action()
        except ModelError:
            return Like(1)

    assert decide(agent(stubborn), SEEN, lambda _: "nonsense").actions == (Like(1),)
