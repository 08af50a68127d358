"""Questions and their answers: every form, its grammar, and replies of unconstrained models."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet.errors import ScenarioError
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Prompt
from simnet.questions import (
    AnswerError,
    Choice,
    FreeText,
    Likert,
    MultipleChoice,
    Number,
    Ranking,
    YesNo,
    read_answer,
)

COLOURS = ("red", "dark red", "blue")
FORMS = [
    YesNo("a", "Do you cycle?"),
    Choice("b", "Which colour?", COLOURS),
    Choice("brackets", "Which?", ("a (first)", "b+c", "d|e", "what?")),
    Likert("c", "Cars should leave the city."),
    Number("d", "How old are you?", 18, 99),
    Number("e", "How warm is it?", -20, 40, decimals=1),
]
PEOPLE = Number("people", "How many people?", 0, 5000)
WEALTH = Number("wealth", "How much do you own?", -2_000_000, 1_234_567.25, decimals=2)
AGREE = Choice("agree", "Do you agree?", ("agree", "don't agree"))
SEVERAL = [
    MultipleChoice("f", "Which do you like?", COLOURS, least=0),
    MultipleChoice("g", "Which two?", COLOURS, least=2, most=2),
    Ranking("h", "Order them.", COLOURS),
]


@pytest.mark.parametrize("question", FORMS, ids=lambda one: one.name)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**31))
def test_what_the_grammar_allows_is_read_or_out_of_range(question, seed):
    reply = plausible(Prompt(system="", user="", pattern=question.pattern, seed=seed))
    assert re.fullmatch(question.pattern, reply)
    try:
        value = read_answer(question, reply)
    except AnswerError:
        assert isinstance(question, Number)
        assert not question.low <= float(reply) <= question.high
    else:
        assert isinstance(value, bool | int | float | str)


@pytest.mark.parametrize("question", SEVERAL, ids=lambda one: one.name)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**31))
def test_lists_that_the_grammar_allows_are_read_or_repeat_something(question, seed):
    reply = plausible(Prompt(system="", user="", pattern=question.pattern, seed=seed))
    numbers = reply.split(", ")
    try:
        value = read_answer(question, reply)
    except AnswerError:
        assert len(set(numbers)) < len(numbers)
    else:
        assert len(value) == (0 if reply == "0" else len(numbers))
        assert set(value) <= set(COLOURS)


@pytest.mark.parametrize(
    ("question", "reply", "wanted"),
    [
        (FORMS[0], "Yes.", True),
        (FORMS[0], "No, I prefer the bus.", False),
        (FORMS[0], "**No**", False),
        (FORMS[0], "I would say yes", True),
        (FORMS[0], "I don't drive. Yes", True),
        (FORMS[0], "No, not really", False),
        (FORMS[0], "Nein", False),
        (FORMS[0], "No doubt, yes", True),
        (FORMS[0], "No I would not", False),
        (FORMS[0], "My answer is 'no'", False),
        (FORMS[0], "Yes cycling is great, no question", True),
        (FORMS[0], "S\xed", True),
        (FORMS[1], "Dark Red.", "dark red"),
        (AGREE, "I don't agree", "don't agree"),
        (FORMS[3], "Agree. It is not hard.", 4),
        (FORMS[1], "I like dark red best", "dark red"),
        (FORMS[1], "3", "blue"),
        (FORMS[1], '"blue"', "blue"),
        (FORMS[3], "4 (agree)", 4),
        (FORMS[3], "Strongly agree", 5),
        (FORMS[3], "disagree", 2),
        (FORMS[3], "My answer: 3", 3),
        (FORMS[3], "4/5", 4),
        (FORMS[3], "5 out of 5.", 5),
        (FORMS[4], "34 out of 99", 34),
        (FORMS[4], "I am 34 years old.", 34),
        (FORMS[5], "About -3,5 degrees", -3.5),
        (PEOPLE, "1,000", 1000),
        (PEOPLE, "2.500 people", 2500),
        (PEOPLE, "about 1 000", 1000),
        (PEOPLE, "4,000 or so (4000)", 4000),
        (WEALTH, "-1,234,567.5", -1234567.5),
        (WEALTH, "1.234", 1.23),
        (SEVERAL[0], "1 and 3", ["red", "blue"]),
        (SEVERAL[0], "None.", []),
        (SEVERAL[0], "**0**", []),
        (SEVERAL[0], "[]", []),
        (SEVERAL[0], "None of these", []),
        (MultipleChoice("n", "Which?", ("none", "some"), least=0), "None", ["none"]),
        (SEVERAL[0], "blue, dark red", ["dark red", "blue"]),
        (MultipleChoice("m", "Which?", ("not me", "all")), "Not me, all", ["not me", "all"]),
        (SEVERAL[2], "3, 1, 2", ["blue", "red", "dark red"]),
        (SEVERAL[2], "dark red, then blue, then red", ["dark red", "blue", "red"]),
        (SEVERAL[2], "1. blue\n2. red\n3. dark red", ["blue", "red", "dark red"]),
        (SEVERAL[2], "3. blue\n1. red\n2. dark red", ["blue", "red", "dark red"]),
        (SEVERAL[2], "3, 1, 2. Blue is what I saw first.", ["blue", "red", "dark red"]),
        (SEVERAL[0], "1, 3\nI am 40 and like red", ["red", "blue"]),
        (SEVERAL[0], "3\nDark red is too dark", ["blue"]),
        (MultipleChoice("ages", "Which?", ("18-25", "26 to 40")), "18-25", ["18-25"]),
        (FreeText("t", "Why?", longest=6), "Because of rain.", "Becaus"),
    ],
)
def test_replies_with_one_meaning_are_understood(question, reply, wanted):
    value = read_answer(question, reply)
    if question.kind == "free text":
        assert len(value) <= 6
    else:
        assert value == wanted
        assert type(value) is type(wanted)


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        (FORMS[0], "perhaps"),
        (FORMS[0], "It could be yes, it could be no"),
        (FORMS[0], "yes and no"),
        (FORMS[0], "I have no strong opinion on this"),
        (FORMS[0], "I see no reason to object"),
        (FORMS[0], "No comment."),
        (FORMS[0], "Si je devais choisir, je dirais non"),
        (FORMS[0], "Absolutely never"),
        (FORMS[0], "It is a no-brainer"),
        (FORMS[1], "Blue is not for me"),
        (FORMS[1], "Dark red isn\u2019t my choice"),
        (FORMS[0], "not yes"),
        (FORMS[0], "I would not say yes"),
        (FORMS[0], "I wouldn\u2019t say no"),
        (FORMS[0], "Definitely not"),
        (FORMS[1], "red or blue"),
        (FORMS[1], "I do not like red"),
        (FORMS[3], "I do not agree"),
        (FORMS[1], "green"),
        (FORMS[1], "4"),
        (FORMS[3], "6"),
        (FORMS[3], "1 or 2"),
        (FORMS[3], "4/10"),
        (FORMS[3], "4/5/2024"),
        (FORMS[4], "17"),
        (FORMS[4], "20 to 30"),
        (FORMS[4], "20.5"),
        (PEOPLE, "1.000"),
        (PEOPLE, "1,000,000"),
        (PEOPLE, "2 thousand"),
        (PEOPLE, "12.05.2024"),
        (PEOPLE, "1,2,3"),
        (PEOPLE, "2.5km"),
        (WEALTH, "1,234"),
        (SEVERAL[0], "xyzzy"),
        (SEVERAL[0], "I choose 2 of them: red and blue"),
        (SEVERAL[2], "1. blue, 2. red"),
        (SEVERAL[0], "I don't like red"),
        (SEVERAL[0], "Red, but not blue"),
        (SEVERAL[0], "7"),
        (SEVERAL[0], "I cannot help with that."),
        (SEVERAL[0], "..."),
        (SEVERAL[0], "none of your business"),
        (SEVERAL[1], "None"),
        (SEVERAL[1], "1"),
        (SEVERAL[1], "1, 1"),
        (SEVERAL[2], "1, 2"),
        (FreeText("t", "Why?"), "  "),
    ],
)
def test_replies_with_no_or_several_meanings_are_no_answer(question, reply):
    with pytest.raises(AnswerError):
        read_answer(question, reply)


def test_a_choice_of_none_has_to_be_said():
    with pytest.raises(AnswerError, match=r"'green' is not 1 to 3 different .* or 0 for none"):
        read_answer(SEVERAL[0], "green")


def test_points_may_be_labelled_with_their_own_numbers():
    assert read_answer(Likert("a", "So?", ["1", "2", "3"]), "2") == 2


def test_the_bounds_of_a_number_are_told_exactly():
    assert WEALTH.form == "Answer with one number from -2000000 to 1234567.25."
    assert Number("a", "How much?", 0.00001, 1, decimals=6).form.endswith("from 0.00001 to 1.")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: YesNo("", "Do you?"), "name it with"),
        (lambda: YesNo("a b", "Do you?"), "name it with"),
        (lambda: YesNo("a", " "), "its text is empty"),
        (lambda: Choice("a", "Which?"), "it has 0 choices; give two or more"),
        (lambda: Choice("a", "Which?", "red"), "put it into a list"),
        (lambda: Choice("a", "Which?", ["Red", "red"]), "two of its choices are the same"),
        (lambda: Choice("a", "Which?", ["red", " "]), "is empty or has several lines"),
        (lambda: Choice("a", "Which?", list(map(str, range(51)))), "at most 50"),
        (lambda: MultipleChoice("a", "Which?", COLOURS, least=4), "0 <= least <= most"),
        (lambda: MultipleChoice("a", "Which?", COLOURS, least=0, most=0), "0 <= least <= most"),
        (lambda: Likert("a", "So?", ["only"]), "it has 1 label; give two"),
        (lambda: Likert("a", "So?", list(map(str, range(11)))), "label '0' is a number"),
        (lambda: Likert("a", "So?", ["-1", "0", "1"]), "here 1; label the points with words"),
        (lambda: Number("a", "How many?", 5, 5), "low < high"),
        (lambda: Number("a", "How many?", 0, float("inf")), "low < high"),
        (lambda: Number("a", "How many?", decimals=7), "give 0 to 6"),
        (lambda: Ranking("a", "Order."), "it has 0 items"),
        (lambda: FreeText("a", "Why?", longest=0), "allow a character"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_what_to_write(make, problem):
    with pytest.raises(ScenarioError, match=problem):
        make()
