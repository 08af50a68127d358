"""Reads replies as answers, strictly where a grammar held and leniently where none did.

A reply that is read has one meaning. One that could mean several things, or nothing, raises
`AnswerError`, whose text can be put to the model in a second attempt.
"""

import re
from collections.abc import Sequence
from functools import singledispatch

from simnet.agents.formats.fitted_reply import fitted
from simnet.errors import ModelError
from simnet.foundation.numbers.written_numbers import NUMBER, exactly, meanings
from simnet.foundation.text import cut, one_line
from simnet.questions.forms import (
    Choice,
    FreeText,
    Likert,
    MultipleChoice,
    Number,
    Ranking,
    YesNo,
)
from simnet.questions.question import Question, Value

_ENDS = " \t\n.,;:!*_`\"'()[]\u3002\uff0c\uff1a"
_WHOLE = re.compile(r"(?<![\w.])\d+(?![\w]|\.\d)")
_NUMBERS = re.compile(r"[^\w\n]*\d+(?:(?:[^\w\n.]|\band\b)+\d+)+(?!\w)|[^\w\n]*\d+[^\w\n]*(?:\n|$)")
"""Several numbers at the start of a text, or one on a line of its own."""
_SHARE = re.compile(r"\d\s*(?:/|out of)\s*\d")
"""A number of another scale, or a date."""
_YES = frozenset(
    {
        "yes",
        "y",
        "yeah",
        "yep",
        "true",
        "definitely",
        "absolutely",
        "ja",
        "oui",
        "s\xed",
        "si",
        "sim",
    }
)
_NO = frozenset({"no", "n", "nope", "false", "nein", "non", "nee", "n\xe3o", "never"})

_BEFORE_NOUNS = frozenset({"no", "si", "true", "false", "never"})
"""Words that answer, but not in `no opinion`, `no reason to object` and `si tuviera ...`."""
_ALONE = re.compile(
    r"[*_\"'\u201d\u2019)\]]*(?:\s*(?:$|[^\w\s-]|-(?!\w))|\s+(?:i|we|you|he|she|it|they|this|"
    r"that|these|those|there|my|not|never|way|thanks|thank|because|since|as|for|on|to|in|at|with|"
    r"if|unless|when|and|or|but|so|actually|absolutely|definitely|really|sorry|please|sir)\b)"
)
"""What follows one of these words where it is an answer."""
_NOT = re.compile(r"\b(?:not|never|cannot|without)\b|n['\u2019]t\b")
_NOT_AFTER = re.compile(
    r"[\s*_\"'\u201d\u2019]*(?:\s(?:is|are|was|were|do|does|did|has|have|will|would|wo|can|ca|"
    r"could|should))?(?:n['\u2019]t|not|\s+(?:not|never))\b"
)
"""What takes back the words before it: `red is not ...`, `red isn't ...`."""
_NONE = re.compile(r"0|\[\]|none(?: of (?:them|these|those|the above|the choices))?")
"""What says that none of several choices is chosen; anything else without a choice says nothing."""
_NAMED = "\0"
"""Stands for the words of a choice that was found in a text."""


class AnswerError(ModelError):
    """A reply is no answer to the question; says what an answer is."""


def read_answer(question: Question, reply: str, names: Sequence[str] = ()) -> Value:
    """Return the answer in a reply. Raises AnswerError if it has none, or more than one meaning.

    `names` are those of the persona, which a reply may begin with.
    """
    text = fitted(reply, None, names).strip()
    if not text:
        raise AnswerError("the reply is empty")
    return _read(question, text)


def _refuse(text: str, wanted: str) -> AnswerError:
    return AnswerError(f"{cut(one_line(text), 80)!r} is not {wanted}")


@singledispatch
def _read(question: Question, text: str) -> Value:
    raise NotImplementedError(type(question).__name__)


@_read.register
def _(question: FreeText, text: str) -> Value:
    return cut(text, question.longest)


@_read.register
def _(question: YesNo, text: str) -> Value:
    folded = text.casefold()
    words = list(re.finditer(r"\w+", folded))
    known = [one for one in words if one[0] in {"yes", "no"}]
    if words and words[0][0] in _YES | _NO:
        known.insert(0, words[0])
    said = [w for w in known if w[0] not in _BEFORE_NOUNS or _ALONE.match(folded, w.end())]
    found = {one[0] in _YES for one in said}
    if len(found) != 1 or _negated(folded[: said[0].start()]):
        raise _refuse(text, "yes or no")
    if found == {True} and re.match(r"[\s,]*(?:not|never)\b", folded[said[0].end() :]):
        raise _refuse(text, "yes or no")
    return found.pop()


@_read.register
def _(question: Choice, text: str) -> Value:
    place = _choice(question.choices, text)
    if place is None:
        raise _refuse(text, f"one of: {'; '.join(question.choices)}")
    return question.choices[place]


@_read.register
def _(question: Likert, text: str) -> Value:
    place = _choice(question.labels, _without_top(text, str(len(question.labels))))
    if place is None:
        raise _refuse(text, f"one number from 1 to {len(question.labels)}")
    return place + 1


@_read.register
def _(question: Number, text: str) -> Value:
    whole = question.decimals == 0
    told = _without_top(text, exactly(question.high))
    found = [meanings(one, whole) for one in NUMBER.findall(told)]
    fit = {
        value
        for value in set().union(*found)
        if question.low <= value <= question.high and (value == int(value) or not whole)
    }
    if len(fit) == 1 and all(fit <= one for one in found):
        return int(fit.pop()) if whole else round(fit.pop(), question.decimals)
    raise _refuse(text, question.form.removeprefix("Answer with ").rstrip("."))


@_read.register
def _(question: MultipleChoice, text: str) -> Value:
    least, most = max(question.least, 1), question.upper
    places = _several(question.choices, text)
    bare = (text.strip(_ENDS) or text).casefold()
    if not places and question.least == 0 and _NONE.fullmatch(bare):
        return []
    if len(set(places)) != len(places) or not least <= len(places) <= most:
        none = ", or 0 for none" if question.least == 0 else ""
        raise _refuse(text, f"{least} to {most} different numbers of the list{none}")
    return [question.choices[place] for place in sorted(places)]


@_read.register
def _(question: Ranking, text: str) -> Value:
    places = _several(question.items, text)
    if sorted(places) != list(range(len(question.items))):
        raise _refuse(text, f"all {len(question.items)} numbers of the list, each once")
    return [question.items[place] for place in places]


def _without_top(text: str, top: str) -> str:
    """Leave the end of a scale out of a text such as `4 out of 5` or `4/5`."""
    return re.sub(rf"(?<=\d)\s*(?:/|out of)\s*{re.escape(top)}(?![\w/]|[.,]\d)", "", text)


def _choice(choices: Sequence[str], text: str) -> int | None:
    """Return the position of the one choice that a text names by its words or its number."""
    bare = text.strip(_ENDS).casefold()
    folded = [one.casefold() for one in choices]
    for place, one in enumerate(folded):
        if bare in {one, one.strip(_ENDS)}:
            return place
    named = _named(folded, bare)
    numbers = set() if _SHARE.search(text) else {int(one) for one in _WHOLE.findall(text)}
    places = named or {one - 1 for one in numbers if 1 <= one <= len(choices)}
    if named and numbers and {one - 1 for one in numbers} != named:
        return None
    return places.pop() if len(places) == 1 else None


def _named(folded: Sequence[str], text: str) -> set[int]:
    """Find the choices whose words are in a text; one within a longer one does not count.

    Of `agree` and `strongly agree`, a text that says the second names that alone. One that says
    `not agree` names neither, nor does one that says `red is not my choice`.
    """
    found = set()
    for place in sorted(range(len(folded)), key=lambda at: -len(folded[at])):
        pattern = rf"(?<!\w){re.escape(folded[place])}(?!\w)"
        text, count = re.subn(pattern, _NAMED, text)
        if count:
            found.add(place)
    before, *after = text.split(_NAMED)
    taken_back = any(_NOT_AFTER.match(one) for one in after)
    return set() if taken_back or _negated(before) else found


def _negated(before: str) -> bool:
    """Tell whether the sentence that begins in a text, and goes on after it, has a negation."""
    return negates(re.split(r"[.!?;\n]", before)[-1])


def negates(text: str) -> bool:
    """Tell whether a text has a negation."""
    return _NOT.search(text.casefold()) is not None


def _several(items: Sequence[str], text: str) -> list[int]:
    """List the positions that a text names, in its order, by numbers or by words.

    Numbers that come first count alone. Else they have to name what the words name, or to count
    it, as in `1. blue 2. red`. A text that negates something besides, such as `I don't like red`,
    names none by words.
    """
    listed = _NUMBERS.match(text)
    numbers = [int(one) for one in _WHOLE.findall(listed[0])] if listed else []
    if numbers and all(1 <= one <= len(items) for one in numbers):
        return [one - 1 for one in numbers]
    named, rest = _named_in_order(items, text.casefold())
    numbers = [int(one) for one in _WHOLE.findall(rest)]
    if not named:
        return [one - 1 for one in numbers] if all(1 <= n <= len(items) for n in numbers) else []
    counted = numbers in ([], [place + 1 for place in named], [*range(1, len(named) + 1)])
    return named if counted and not negates(rest) else []


def _named_in_order(items: Sequence[str], folded: str) -> tuple[list[int], str]:
    """List the positions of the items whose words are in a text, in its order; and the rest of it.

    One within a longer one does not count.
    """
    spots = {}
    for place in sorted(range(len(items)), key=lambda at: -len(items[at])):
        pattern = rf"(?<!\w){re.escape(items[place].casefold())}(?!\w)"
        found = re.search(pattern, folded)
        if found:
            spots[place] = found.start()
            folded = folded[: found.start()] + " " * len(found[0]) + folded[found.end() :]
    return sorted(spots, key=spots.__getitem__), folded
