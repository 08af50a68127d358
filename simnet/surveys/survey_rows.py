"""Makes rows of the table of answers from what a job brought."""

from math import inf

from simnet.questions.answer_files import as_json
from simnet.questions.answer_rows import AnswerRow
from simnet.questions.put import Put
from simnet.questions.question import Value
from simnet.synthesis.asking.asker import Answer


def answer_row(put: Put, survey: str, answer: Answer[Value], model: str) -> AnswerRow:
    """Make a row of the answer that `model` gave in the end."""
    one, value = put.respondent, answer.value
    return AnswerRow(
        survey=survey,
        time=None if one.at == inf else one.at,
        who=one.who,
        cohort=one.cohort,
        question=put.question.name,
        kind=put.question.kind,
        text=put.question.text,
        answer=as_json(value),
        reason=answer.why if value is None else None,
        model=model,
        seed=answer.seed,
        prompt=put.digest,
        probabilities=put.probabilities,
    )
