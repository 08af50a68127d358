"""Puts the questions of a task to its annotators."""

from simnet.agents.formats.spotlighting import STYLES
from simnet.agents.prompting.prompts import introduction
from simnet.annotation.items import Item, Said
from simnet.annotation.task import Annotator
from simnet.foundation.text import neutralise, one_line
from simnet.inference.model import Completion, Prompt
from simnet.questions import Question
from simnet.questions.attempts import Attempts
from simnet.questions.question import Value

_STYLE = STYLES["delimit"]


class Judgement:
    """One question about one item, put to one annotator, at most twice."""

    def __init__(self, annotator: Annotator, item: Item, question: Question, model: str) -> None:
        """Take what the prompt is made of and the name of the model."""
        self.annotator = annotator
        self.item = item
        self.question = question
        self.digest = ""
        """Hash of the last prompt."""
        self._attempts = Attempts(question, model)

    def prompt(self, seed: int) -> Prompt:
        """Build the prompt: instructions and persona, context, the text, the question.

        The questions of an item differ at the end alone, so they share what a prefix cache keeps.
        """
        one = self.annotator
        persona = "" if one.persona is None else introduction(one.persona)
        lines = ["Context:", *map(_line, self.item.before)] if self.item.before else []
        lines += ["Text to judge:", *map(_line, self.item.said)]
        lines += [f"Question: {self.question.prompt()}", *self._attempts.repair]
        prompt = Prompt(
            system=neutralise("\n\n".join(filter(None, [one.instructions, _STYLE.note, persona]))),
            user=neutralise("\n".join(lines)),
            pattern=self.question.pattern,
            seed=seed,
            temperature=one.temperature,
            max_tokens=self.question.max_tokens,
            routing_key=self.item.key,
            labels=self.question.allowed,
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


def _line(said: Said) -> str:
    text = _STYLE.quote(one_line(said.text))
    return text if said.who is None else f"@{one_line(said.who)}: {text}"
