"""A survey: questions that are put to each of several personas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.questions.question import Question

INTRODUCTION = (
    "You take part in a survey. Answer each question as the person described here would, from "
    "what you remember, and truthfully. Say nothing but the answer."
)


@checked
@dataclass(frozen=True)
class Survey:
    """A name, which is that of the table of answers, and questions.

    Raises ScenarioError without questions, for a name that is none, and two questions of one name.
    """

    name: str
    """At most 64 letters, digits, `_`, `.` and `-`."""
    questions: Sequence[Question]
    """What is asked; their names are unique."""
    introduction: str = INTRODUCTION
    """What respondents are told before the question; at the end of the system prompt."""
    shows_feed: bool = True
    """Whether a respondent has in front of it what it was shown last, besides what it remembers."""
    carries_answers: bool = False
    """Whether each question comes after the questions and answers before it, as on a form that one
    fills in; else each is put by itself, all at once."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w.-]{0,63}", self.name):
            raise ScenarioError(
                f"survey {self.name!r}: name it with at most 64 letters, digits, `_`, `.`, `-`"
            )
        if not self.questions:
            raise ScenarioError(f"survey {self.name!r} has no questions; give one or more")
        names = [question.name for question in self.questions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ScenarioError(
                f"survey {self.name!r}: several questions are called {twice[0]!r}; the name of a "
                "question is the key of its answers"
            )
