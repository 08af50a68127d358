"""Puts questions to respondents: prompts, and what a second try says about the first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simnet.inference.model import Completion, Prompt
from simnet.inference.usable_reply import INVALID, UnusableReplyError, without_its_reasoning
from simnet.questions import AnswerError, Question, read_answer
from simnet.questions.forms import Value
from simnet.surveys.respondents import Respondent
from simnet.text import neutralise


@dataclass
class Put:
    """One question put to one respondent. Its reader repairs: a second prompt says what was wrong.

    Tries come one after the other, so what a prompt says of the try before does not depend on the
    order in which replies arrive.
    """

    respondent: Respondent
    question: Question
    introduction: str
    model: str
    before: Sequence[tuple[str, str]] = ()
    """Questions and answers before it, oldest first."""
    digest: str = field(default="", init=False)
    """Hash of the last prompt."""
    _wrong: str | None = field(default=None, init=False)

    def prompt(self, seed: int) -> Prompt:
        """Build the prompt: the persona, what it remembers, the question."""
        one = self.respondent
        lines = [one.state] if one.state else []
        for question, answer in self.before:
            lines += [f"Question: {question}", f"You answered: {answer}"]
        lines.append(f"Question: {self.question.prompt()}")
        if self._wrong is not None:
            lines.append(f"You answered before, but {self._wrong}. Answer once more as asked.")
        prompt = Prompt(
            system=neutralise(f"{one.system}\n\n{self.introduction}"),
            user=neutralise("\n".join(lines)),
            pattern=self.question.pattern,
            seed=seed,
            temperature=one.temperature,
            max_tokens=self.question.max_tokens,
            adapter=one.adapter,
            routing_key=one.who,
        )
        self.digest = prompt.digest()
        return prompt

    def read(self, completion: Completion, seed: int) -> Value:
        """Read the answer in a reply. Raises UnusableReplyError if there is none."""
        text = without_its_reasoning(completion, self.model).text
        try:
            return read_answer(self.question, text, self.respondent.names)
        except AnswerError as error:
            self._wrong = str(error)
            raise UnusableReplyError(self._wrong, INVALID) from None


def spoken(value: Any) -> str:
    """Return an answer as text, for the prompts of later questions."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
