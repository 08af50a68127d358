"""Puts questions to respondents, and makes rows of their answers."""

from collections.abc import Sequence
from math import inf
from typing import Any

from simnet.inference.model import Completion, Prompt
from simnet.questions import Question
from simnet.questions.answer_files import as_json
from simnet.questions.attempts import Attempts
from simnet.questions.question import Value
from simnet.surveys.answers import AnswerRow
from simnet.surveys.respondents import Respondent
from simnet.synthesis.asking.asker import Answer
from simnet.text import neutralise


class Put:
    """One question put to one respondent, at most twice."""

    def __init__(
        self,
        respondent: Respondent,
        question: Question,
        introduction: str,
        model: str,
        before: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Take what the prompt is made of; `before` are earlier questions and their answers."""
        self.respondent = respondent
        self.question = question
        self.digest = ""
        """Hash of the last prompt."""
        self._introduction = introduction
        self._before = before
        self._attempts = Attempts(question, model, respondent.names)

    def prompt(self, seed: int) -> Prompt:
        """Build the prompt: the persona, what it remembers, the question."""
        one = self.respondent
        lines = [one.state] if one.state else []
        for question, answer in self._before:
            lines += [f"Question: {question}", f"You answered: {answer}"]
        lines += [f"Question: {self.question.prompt()}", *self._attempts.repair]
        prompt = Prompt(
            system=neutralise(f"{one.system}\n\n{self._introduction}"),
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
        return self._attempts.read(completion)

    def row(self, survey: str, answer: Answer[Value], model: str) -> AnswerRow:
        """Make a row of the answer that `model` gave in the end."""
        one, value = self.respondent, answer.value
        return AnswerRow(
            survey=survey,
            time=None if one.at == inf else one.at,
            who=one.who,
            cohort=one.cohort,
            question=self.question.name,
            kind=self.question.kind,
            text=self.question.text,
            answer=as_json(value),
            reason=answer.why if value is None else None,
            model=model,
            seed=answer.seed,
            prompt=self.digest,
        )


def spoken(value: Any) -> str:
    """Return an answer as text, for the prompts of later questions."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
