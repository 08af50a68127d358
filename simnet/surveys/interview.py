"""Interviews: questions put to one persona one after the other, as they come to mind."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from simnet import draws
from simnet.clock import Seconds
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.questions import FreeText
from simnet.questions.answer_rows import ANSWERS, AnswerRow, add_answers, read_answer_rows
from simnet.questions.interview_names import interview_of
from simnet.questions.put import NO_ANSWER, TRIES, Put, spoken
from simnet.questions.question import Value
from simnet.questions.respondent import Respondent
from simnet.recording.reading.run import Run
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.surveys.answers import REPLIES, survey_folder
from simnet.surveys.respondents import respondents
from simnet.surveys.survey_rows import answer_row
from simnet.synthesis.asking.asker import Asker, Question
from simnet.synthesis.asking.job import JobOptions, Reporter, run_job
from simnet.synthesis.asking.reply_log import Facts

INTRODUCTION = (
    "Somebody interviews you. Answer as the person described here would, in the first person, from "
    "what you remember. Say nothing but the answer."
)


def respondent_at(run: Run, timeline: ScenarioTimeline, who: str, at: Seconds) -> Respondent:
    """Replay a run and return a persona as it was at a time; infinity is after the end.

    Raises what `respondents` raises.
    """
    (found,) = respondents(run, timeline, [who], [at])
    return found


def interview_folder(run: Run, one: Respondent) -> Path:
    """Return the folder of the interviews of a persona at a time."""
    return survey_folder(run, interview_name(one))


def interview_name(one: Respondent) -> str:
    """Return the name of the interviews of a persona at a time, as the column `survey` has it."""
    return interview_of(one.who, one.at)


async def interview(
    run: Run,
    one: Respondent,
    model: Backend | Model,
    questions: AsyncIterator[str],
    answered: Callable[[str], None],
    *,
    seed: int = 0,
    reporter: Reporter,
) -> list[AnswerRow]:
    """Put questions to a persona as they come, and hand each answer to `answered`.

    The persona is told all questions and answers before, and forgets them afterwards: the run
    does not change. Returns and writes the rows of the table, each as soon as its question is
    answered; questions of earlier talks with the same persona at that time stay in it. Raises
    RunError if the model is gone, DiskError if an answer cannot be kept.
    """
    folder, rows = interview_folder(run, one), []
    table = {row.question: row for row in read_answer_rows(folder / ANSWERS)}
    names = _Names(list(table.values()))

    async def talk(asker: Asker) -> list[AnswerRow]:
        before: list[tuple[str, str]] = []
        async for text in questions:
            question = FreeText(names.next_for(text), text)
            put = Put(one, question, INTRODUCTION, asker.model.name, tuple(before))
            async for answer in asker.ask([_question(put, seed)]):
                rows.append(answer_row(put, interview_name(one), answer, asker.model.name))
                table[rows[-1].question] = rows[-1]
                add_answers(folder, [table[name] for name in sorted(table)])  # whatever ends it
                said = NO_ANSWER if answer.value is None else spoken(answer.value)
                before.append((text, said))
                answered(said if answer.why is None else f"(no answer: {answer.why})")
        return rows

    job = JobOptions(work=folder / REPLIES, tries=TRIES, stop_on_failures=False)
    await run_job(model, job, reporter, talk, lambda *_: None)
    return rows


class _Names:
    """Names of questions: numbers, of which those of earlier talks stay theirs."""

    def __init__(self, earlier: Sequence[AnswerRow]) -> None:
        self._texts = {row.question: row.text for row in earlier}
        self._number = 0

    def next_for(self, text: str) -> str:
        """Name the next question; the same talk held again gives the same names."""
        while True:
            self._number += 1
            name = f"q{self._number:03}"
            if self._texts.get(name, text) == text:
                return name


def _question(put: Put, seed: int) -> Question[Value]:
    name = put.question.name
    return Question(
        facts=Facts("interview", put.respondent.who, relation=name),
        seed=draws.sampling_seed(seed, "interview", put.respondent.who, put.question.text, name),
        prompt=put.prompt,
        read=put.read,
        about=put,
    )
