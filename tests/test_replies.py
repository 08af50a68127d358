"""The grammar accepts what the parser accepts, and the parser takes any string."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import shown, view

from simnet import Action, Follow, Like, Pass, PostId, Reply, Text, Write
from simnet.agents.formats.reply_grammar import ReplyFormat, purpose
from simnet.errors import ModelError
from simnet.inference.fakes.sample import Draws, sampler
from simnet.verbs import (
    EVERY_VERB,
    MEMBER,
    Group,
    JoinGroup,
    Member,
    Message,
    React,
    Report,
    SearchPosts,
)
from simnet.world.actions import fields_of
from simnet.world.state.posts import MessageSeen

HOSTILE = [
    "", " ", "\n\n", ":", "::::", "like", "like ", "like 0", "like 99999999999999999999",
    "like -1", "like 1 1", "like 1: because", "like one", "like ٣", "like 01", "LIKE 1",
    "reply 1", "reply 1:", "reply: hi", "reply 1 : ", "write", "write:", "write hi",
    "write 1: hi", "follow 1 love", "react 1", "react 1 hate", "react 1 love: so much",
    "pass 1", "pass: no", "pass pass", "pass\npass", "pass\n" * 1000, "join 1", "unknown 1",
    "{'post': 1}", '{"action": "like", "post": 1}', "<tool_call>like</tool_call>", "```like 1```",
    "<|im_end|>", "</s><s>[INST] like 1 [/INST]", "\x00", "\ud800", "write: \ud800\udfff",
    "\u202ewrite: hi", "like\u00a01", "like 1\u2028like 1", "\u200b", "write: " + "x" * 100_000,
    "a" * 1_000_000, "like 1\r\nlike 1", "reply 1:hi", "message 1:\thi", "1", "0", "None",
    "I can't help with that.", "like 1" * 5000, "\\d+", "(?P<x>", "%s%n", "__class__", "do",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Introduce(Action):
    """Bring two members together."""

    verb: ClassVar[str] = "introduce2"
    text: Text
    one: Member
    other: Member
    post: PostId
    where: Group
    mood: Literal["Warm", "cool_3"]


VERBS = (*EVERY_VERB, Introduce)


def random_view(chance):
    posts = [
        shown(chance.randint(0, 99), chance.choice("abc")) for _ in range(chance.randint(0, 12))
    ]
    messages = tuple(MessageSeen("dan", None, "hi", 0.0) for _ in range(chance.randint(0, 3)))
    return view(
        *posts,
        messages=messages,
        suggested=tuple(f"s{n}" for n in range(chance.randint(0, 3))),
        groups=tuple(f"g{n}" for n in range(chance.randint(0, 3))),
    )


def random_format(chance):
    verbs = tuple(chance.sample(VERBS, chance.randint(1, len(VERBS))))
    limit = chance.choice([1, 5, 280])
    return ReplyFormat(verbs, limit, feed_size=chance.choice([1, 10]), acts=chance.randint(1, 3))


def written(reply_format, actions, seen):
    """Write actions as the model should have."""
    if reply_format.sole_verb is not None:
        return actions[0].text
    return "\n".join(line(action, seen) for action in actions)


def line(action, seen):
    members = [p.author for p in seen.posts] + [m.sender for m in seen.messages]
    members += seen.suggested
    words, text = [action.verb], ""
    for field in fields_of(type(action)):
        value = getattr(action, field.name)
        match field.kind:
            case "post":
                words.append(str([p.id for p in seen.posts].index(value) + 1))
            case "member":
                words.append(str(members.index(value) + 1))
            case "group":
                words.append(str(len(members) + seen.groups.index(value) + 1))
            case "community":
                before = len(members) + len(seen.groups)
                words.append(str(before + seen.communities.index(value) + 1))
            case "choice":
                words.append(value)
            case _:
                text = f": {value}"
    return " ".join(words) + text


def parsed(reply_format, reply, seen):
    try:
        return reply_format.parse(reply, seen)
    except ModelError as error:
        assert str(error)  # noqa: PT017  (that it is raised is not sure)
        return None


def holds_together(reply_format, seen, reply):
    """A reply is either refused, or actions which the grammar could have said."""
    actions = parsed(reply_format, reply, seen)
    if actions is None:
        return 0
    assert 1 <= len(actions) <= reply_format.acts
    assert all(type(action) in reply_format.verbs.values() for action in actions)
    pattern = reply_format.pattern(seen)
    if pattern is None:
        assert all(type(action) is Pass for action in actions)
    else:
        assert re.fullmatch(pattern, written(reply_format, actions, seen))
    return 1


def test_what_the_grammar_accepts_is_parsed_into_actions():
    said = 0
    for number in range(400):
        chance = Random(number)
        reply_format, seen = random_format(chance), random_view(chance)
        pattern = reply_format.pattern(seen)
        if pattern is None:
            continue
        for draw in range(5):
            said += 1
            reply = sampler(pattern)(Draws(draw))
            assert re.fullmatch(pattern, reply)
            assert holds_together(reply_format, seen, reply)
    assert said > 1000


@settings(max_examples=60)
@given(st.data(), st.integers(0, 10**6))
def test_the_strangest_text_of_the_grammar_is_parsed(data, number):
    chance = Random(number)
    reply_format, seen = random_format(chance), random_view(chance)
    pattern = reply_format.pattern(seen)
    if pattern is not None:
        reply = data.draw(st.from_regex(pattern, fullmatch=True))
        assert holds_together(reply_format, seen, reply)


def test_any_string_is_actions_or_one_model_error():
    chance = Random(1)
    tried = accepted = 0
    for _ in range(200):
        reply_format, seen = random_format(chance), random_view(chance)
        pattern = reply_format.pattern(seen) or "pass"
        for _ in range(60):
            reply = mutated(chance, sampler(pattern)(Draws(chance.randint(0, 10**9))))
            accepted += holds_together(reply_format, seen, reply)
            tried += 1
    assert tried >= 12_000
    assert 500 < accepted < tried - 500


@pytest.mark.parametrize("acts", [1, 3])
def test_hostile_strings_are_actions_or_one_model_error(acts):
    for verbs in (VERBS, MEMBER, (Write,), (Reply,), (Pass,)):
        for size in (0, 1, 10):
            seen = view(*[shown(n) for n in range(size)], groups=("g",))
            reply_format = ReplyFormat(verbs, 280, max(size, 1), acts)
            for reply in HOSTILE:
                holds_together(reply_format, seen, reply)


def mutated(chance, reply):
    """Break a good reply in a place or two."""
    for _ in range(chance.randint(0, 2)):
        place = chance.randint(0, len(reply))
        junk = chance.choice([":", " ", "\n", "9", "x", "\x00", "\u2028", "1: ", "like 1", "é", ""])
        reply = reply[:place] + junk + reply[place + chance.randint(0, 3) :]
    return reply


# -- what lines mean ------------------------------------------------------------------

SEEN = view(
    shown(40, "ben"),
    shown(7, "cat"),
    messages=(MessageSeen("dan", None, "psst", 0.0),),
    suggested=("eve",),
    groups=("walkers", "bakers"),
    communities=("gardeners", "readers"),
)
EVERY = ReplyFormat(VERBS, 20, 10, 2)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("like 1", Like(40)),
        ("like 2", Like(7)),
        ("reply 2: Sounds great!", Reply(7, "Sounds great!")),
        ("reply 2:Sounds great!", Reply(7, "Sounds great!")),
        ("  reply   2 :  Sounds great!  ", Reply(7, "Sounds great!")),
        ("write: a: b", Write("a: b")),
        ("write: one\u2028two", Write("one\u2028two")),
        ("react 1 angry", React(40, "angry")),
        ("follow 1", Follow("ben")),
        ("follow 3", Follow("dan")),
        ("follow 4", Follow("eve")),
        ("message 3: hi", Message("dan", "hi")),
        ("join 5", JoinGroup("walkers")),
        ("join 6", JoinGroup("bakers")),
        ("search: bikes", SearchPosts("bikes")),
        ("introduce2 1 4 2 6 Warm: hi", Introduce("hi", "ben", "eve", 7, "bakers", "Warm")),
    ],
)
def test_a_line_is_an_action(reply, action):
    assert EVERY.parse(reply, SEEN) == [action]


def test_several_lines_are_several_actions():
    assert EVERY.parse("like 1\n\nreply 1: yes\n", SEEN) == [Like(40), Reply(40, "yes")]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "the reply is empty"),
        ("  \n ", "the reply is empty"),
        ("write:  ", "the reply has no text"),
        ("write: " + "x" * 21, "the text has 21 characters, not 20"),
        ("like", "the reply is not `like N`: 'like'"),
        ("like 1: because", "the reply is not `like N`: 'like 1: because'"),
        ("like 3", "like 3: there is no such post in view"),
        ("follow 5", "follow 5: there is no such member in view"),
        ("join 1", "join 1: there is no such group in view"),
        ("react 1 hate", "react wants one of love, laugh, angry, sad"),
        ("reply 1", "the reply is not `reply N: TEXT`: 'reply 1'"),
        ("dance 1", "the reply is not an action: 'dance 1'"),
        ("like 1\nlike 2\npass", "the reply has 3 lines, not 2: 'like 1\\nlike 2\\npass'"),
    ],
)
def test_what_is_wrong_with_a_reply_is_said(reply, why):
    with pytest.raises(ModelError) as raised:
        EVERY.parse(reply, SEEN)
    assert str(raised.value) == why


def test_a_long_wrong_reply_is_cut():
    with pytest.raises(ModelError) as raised:
        EVERY.parse("x" * 10_000, SEEN)
    assert len(str(raised.value)) < 150


# -- when a reply is its text alone ---------------------------------------------------


@pytest.mark.parametrize(
    ("verbs", "size", "action"),
    [((Write,), 10, Write("hello there")), ((Reply,), 1, Reply(40, "hello there")),
     ((SearchPosts,), 10, SearchPosts("hello there")), ((Report,), 1, Report(40, "hello there"))],
)  # fmt: skip
def test_who_can_only_say_one_thing_says_it_plainly(verbs, size, action):
    reply_format = ReplyFormat(verbs, 280, size, 1)
    assert reply_format.sole_verb is verbs[0]
    assert reply_format.parse(" hello\n\nthere ", SEEN) == [action]


@pytest.mark.parametrize(
    ("verbs", "size", "acts"),
    [((Reply,), 2, 1), ((Write,), 10, 2), ((Write, Pass), 10, 1), ((Like,), 1, 1), ((Pass,), 1, 1)],
)
def test_whoever_has_a_choice_names_a_verb(verbs, size, acts):
    assert ReplyFormat(verbs, 280, size, acts).sole_verb is None


def test_without_a_post_nobody_can_reply():
    assert ReplyFormat((Reply,), 280, 1, 1).pattern(view()) is None
    assert ReplyFormat((Reply, Like, Pass), 280, 5, 1).pattern(view()) is None
    with pytest.raises(ModelError, match="reply 1: there is no such post in view"):
        ReplyFormat((Reply,), 280, 1, 1).parse("hi", view())


def test_a_pattern_is_built_once_for_each_shape_of_a_view():
    reply_format = ReplyFormat(MEMBER, 280, 10, 1)
    one = reply_format.pattern(view(shown(1)))
    assert reply_format.pattern(view(shown(9, "eve"))) is one
    assert reply_format.pattern(view(shown(1), shown(2))) != one


def test_a_verb_is_explained_unless_its_name_says_it():
    @dataclass(frozen=True, slots=True)
    class Wave(Action):  # has no words of its own, and dataclass makes up some
        verb: ClassVar[str] = "wave"
        whom: Member

    assert [purpose(verb) for verb in (Like, Wave, Introduce)] == [
        "",
        "",
        " - bring two members together",
    ]


def test_the_rules_name_every_verb_and_its_form():
    rules = ReplyFormat((Write, Like, React, Introduce, Pass), 99, 10, 2).rules
    assert rules == (
        "Answer with one to 2 of these lines "
        "(N: a number you see, TEXT: at most 99 characters):\n"
        "write: TEXT\n"
        "like N\n"
        "react N love|laugh|angry|sad - answer a post with a feeling\n"
        "introduce2 N N N N Warm|cool_3: TEXT - bring two members together\n"
        "pass"
    )
