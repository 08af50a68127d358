"""Reads the replies to one question, and says in a second prompt what was wrong with the first."""

import json
from collections.abc import Sequence

from simnet.inference.model import Completion
from simnet.inference.replies.usable_reply import INVALID, UnusableReplyError, without_its_reasoning
from simnet.questions.question import Question, Value
from simnet.questions.reading import AnswerError, read_answer


class Attempts:
    """The attempts to answer one question.

    They come one after the other, so what a prompt says of the attempt before does not depend on
    the order in which replies to other questions arrive.
    """

    def __init__(self, question: Question, model: str, names: Sequence[str] = ()) -> None:
        """Take the question, the name of the model, and what a reply may begin with."""
        self._question = question
        self._model = model
        self._names = names
        self._wrong: str | None = None
        self.probabilities: str | None = None
        """How probable the model found each answer, as JSON; None if it did not tell."""

    @property
    def repair(self) -> list[str]:
        """What was wrong with the attempt before: a line, or none at the first attempt."""
        if self._wrong is None:
            return []
        return [f"You answered before, but {self._wrong}. Answer once more as asked."]

    def read(self, completion: Completion) -> Value:
        """Read the answer in a reply. Raises UnusableReplyError if there is none."""
        text = without_its_reasoning(completion, self._model).text
        try:
            value = read_answer(self._question, text, self._names)
        except AnswerError as error:
            self._wrong = str(error)
            raise UnusableReplyError(self._wrong, INVALID) from None
        self.probabilities = as_object(self._question.allowed, completion.probabilities)
        return value


def as_object(allowed: Sequence[str], probabilities: Sequence[float] | None) -> str | None:
    """Write the probabilities of the answers as a JSON object; None without them."""
    if not allowed or probabilities is None:
        return None
    return json.dumps(dict(zip(allowed, probabilities, strict=True)), ensure_ascii=False)
