"""Questions with a form of answer: what surveys, interviews and annotators ask."""

from simnet.questions.forms import (
    Choice,
    FreeText,
    Likert,
    MultipleChoice,
    Number,
    Ranking,
    YesNo,
)
from simnet.questions.question import Question
from simnet.questions.reading import AnswerError, read_answer

__all__ = [
    "AnswerError",
    "Choice",
    "FreeText",
    "Likert",
    "MultipleChoice",
    "Number",
    "Question",
    "Ranking",
    "YesNo",
    "read_answer",
]
