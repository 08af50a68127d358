"""Puts questions to respondents and reads their replies, within a run and outside of one."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from simnet.foundation.text import neutralise
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.usable_reply import FAILED, UnusableReplyError
from simnet.questions.attempts import Attempts
from simnet.questions.question import Question, Value
from simnet.questions.questionnaire import Survey
from simnet.questions.respondent import Respondent, question_seed, repeat_seed

TRIES = 2
"""A reply that is no answer is repaired once; then there is no answer."""
NO_ANSWER = "(no answer)"


class Put:
    """One question put to one respondent, at most twice."""

    def __init__(
        self,
        respondent: Respondent,
        question: Question,
        introduction: str,
        model: str,
        before: Sequence[tuple[str, str]] = (),
        *,
        scored: bool = False,
    ) -> None:
        """Take what the prompt is made of; `before` are earlier questions and their answers.

        `scored` asks how probable the model finds each answer.
        """
        self.respondent = respondent
        self.question = question
        self.digest = ""
        """Hash of the last prompt."""
        self._introduction = introduction
        self._before = before
        self._labels = question.allowed if scored else ()
        self._attempts = Attempts(question, model, respondent.names)

    def prompt(self, seed: int, version: int = 0) -> Prompt:
        """Build the prompt: the persona, what it remembers, the question.

        Of what it remembers, version 0 has all, 1 the first half, 2 a quarter, and so on.
        """
        one = self.respondent
        state = one.state[: len(one.state) >> version]
        lines = [state] if state else []
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
            labels=self._labels,
        )
        self.digest = prompt.digest()
        return prompt

    @property
    def probabilities(self) -> str | None:
        """How probable the model found each answer, as JSON."""
        return self._attempts.probabilities

    def read(self, completion: Completion, seed: int) -> Value:
        """Read the answer in a reply. Raises UnusableReplyError if there is none."""
        return self._attempts.read(completion)


class Given(NamedTuple):
    """What came of a question that was put."""

    question: Question
    value: Value | None
    why: str | None
    """Why there is no answer."""
    reply: int
    """Number of the last reply to it, among all replies to the survey."""


def put_all(
    survey: Survey, one: Respondent, seed: int, model: str, given: list[Given]
) -> Generator[tuple[Put, int], Completion, None]:
    """Put the questions of a survey one after the other; add what came of each to `given`.

    Yields a question that is put, with the seed of the reply, and takes the reply.
    """
    before: list[tuple[str, str]] = []
    replies = 0
    for question in survey.questions:
        said = tuple(before) if survey.carries_answers else ()
        put = Put(one, question, survey.introduction, model, said)
        first = question_seed(seed, survey.name, one, question.name)
        value, why = None, None
        for attempt in range(TRIES):
            seed_now = repeat_seed(first, attempt)
            completion = yield put, seed_now
            replies += 1
            try:
                value, why = put.read(completion, seed_now), None
                break
            except UnusableReplyError as error:
                why = str(error)
                if error.kind == FAILED:
                    break
        given.append(Given(question, value, why, replies - 1))
        before.append((question.text.strip(), NO_ANSWER if value is None else spoken(value)))


def spoken(value: Any) -> str:
    """Return an answer as text, for the prompts of later questions."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
