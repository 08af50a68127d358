"""Which keys of the terminal page give which answers."""

from collections.abc import Sequence
from string import ascii_letters
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simnet.review import Question

COMMANDS = {
    "enter": "submit", "d": "discard", "e": "correct", "c": "comment", "r": "rank", "u": "undo",
    "/": "search", "s": "similar", "f": "filter", "x": "all", "n": "next", "p": "back",
    "?": "help", "q": "quit",
}  # fmt: skip
"""Keys that are the same in every review, with what they do."""


class Choice(NamedTuple):
    """An answer that one key gives."""

    question: "Question"
    label: str


def label_keys(questions: "Sequence[Question]") -> dict[str, Choice]:
    """Give each label a letter: one of its own that is free, else any that is free.

    Labels beyond the number of free letters have none.
    """
    keys: dict[str, Choice] = {}
    for question in questions:
        if question.kind not in {"label", "multi-label"}:
            continue
        for label in question.labels:
            own = [letter for letter in label.lower() + label.upper() if letter in ascii_letters]
            free = (key for key in [*own, *ascii_letters] if key not in keys | COMMANDS)
            if key := next(free, None):
                keys[key] = Choice(question, label)
    return keys


def rating_keys(question: "Question") -> dict[str, int]:
    """Give each rating a digit; ten is 0, or * on a scale that begins with 0."""
    ten = "*" if 0 in question.ratings else "0"
    return {ten if rating == 10 else str(rating): rating for rating in question.ratings}
