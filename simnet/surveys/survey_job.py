"""Asks a survey: replays the run, puts the questions, and writes the table of answers."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from simnet.clock import Seconds
from simnet.foundation.arguments import checked
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.questions import Question as Asked
from simnet.questions.answer_rows import AnswerRow, add_answers
from simnet.questions.put import NO_ANSWER, TRIES, Put, spoken
from simnet.questions.question import Value
from simnet.questions.questionnaire import Survey
from simnet.questions.respondent import Respondent, question_seed
from simnet.recording.files.lock import check_unlocked
from simnet.recording.reading.run import Run
from simnet.runs.blocking import blocking
from simnet.runs.models.model_selection import ChosenModels, choose_recorded_models
from simnet.runs.options.options import NO_ADAPTERS, NO_ENGINE, NO_MODELS, ModelChoice, ModelOptions
from simnet.runs.repeats.reload_scenario import ScenarioTimeline, timeline_from
from simnet.scenario.respondent_choice import choose
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import last_scenario
from simnet.surveys.answers import REPLIES, survey_folder
from simnet.surveys.respondents import respondents
from simnet.surveys.survey_rows import answer_row
from simnet.synthesis.asking.asker import Asker, Question
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import GuardedReporter, JobOptions, Reporter, Silent, run_job
from simnet.synthesis.asking.reply_log import Facts


class Surveyed(NamedTuple):
    """The outcome of a survey."""

    answers: Sequence[AnswerRow]
    """The rows of the table."""
    path: Path
    """The table of answers."""
    counts: Mapping[str, Counts]
    """Calls and replies by the name of the model."""


@checked
async def asurvey(
    run: Run | Path | str,
    survey: Survey,
    *,
    who: Sequence[str] = (),
    sample: int | None = None,
    at: Sequence[Seconds] = (),
    scenario: Scenario | ScenarioTimeline | None = None,
    model: ModelChoice | None = None,
    models: Mapping[str, ModelChoice] = NO_MODELS,
    backend: str | None = None,
    base_url: str | None = None,
    adapters: Mapping[str, Path | str] = NO_ADAPTERS,
    engine: Mapping[str, Any] = NO_ENGINE,
    deadline: float | None = None,
    seed: int = 0,
    in_flight: int = 256,
    accept_failures: bool = False,
    reporter: Reporter | None = None,
) -> Surveyed:
    """Put a survey to personas of a run, as they are at some times of it; `survey` blocks.

    `who` are handles, ids from before an import, or `cohort:NAME`; none is everyone. `sample` of
    them are asked, drawn from `seed`. `at` are simulated times, none is after the end: the run is
    replayed to each, so a persona answers from what it remembered then. The scenario is made
    again from the record, or is `scenario`. Models are those of the run unless others are given.
    The answers, `surveys/NAME/answers.parquet` in the run directory, are the only thing written:
    the run does not change and no persona remembers that it was asked. The same call goes on
    where an earlier one ended early, without asking anything twice.

    Raises UsageError for a name that nobody has or a time after the end of the scenario, RunError
    if the record ends before a time or if most calls fail, RecordError while a process runs the
    run, DivergenceError if the scenario is not the recorded one.
    """
    opened = run if isinstance(run, Run) else Run.open(run)
    check_unlocked(opened.path)
    timeline = timeline_from(opened, scenario)
    last = last_scenario(timeline.start, timeline.continuation(opened))
    chosen = choose(last.name, last.cohorts, who, sample, seed)
    times = sorted(set(at)) if at else [inf]
    options = ModelOptions(
        model=model,
        models=models,
        backend=backend,
        base_url=base_url,
        adapters=adapters,
        engine=engine,
        deadline=deadline,
    )
    served = choose_recorded_models(opened, last, options)
    people = list(respondents(opened, timeline, chosen, times, shows_feed=survey.shows_feed))
    folder = survey_folder(opened, survey.name)
    guarded = GuardedReporter(Silent() if reporter is None else reporter)
    rows: list[AnswerRow] = []
    counts: dict[str, Counts] = {}
    for name in dict.fromkeys(one.model for one in people):
        group = _Group(survey, [one for one in people if one.model == name], seed)
        job = JobOptions(
            work=folder / REPLIES / (name or "default"),
            in_flight=in_flight,
            tries=TRIES,
            stop_on_failures=not accept_failures,
        )
        guarded.phase(f"survey {survey.name}", group.size)
        counts[name or "default"] = await run_job(
            _model(served, name), job, guarded, group.ask, lambda made, _: rows.extend(made)
        )
    place = {handle: number for number, handle in enumerate(last.handles())}
    order = {question.name: number for number, question in enumerate(survey.questions)}
    rows.sort(key=lambda row: (row.at, place[row.who], order[row.question]))
    return Surveyed(rows, add_answers(folder, rows), counts)


survey = blocking(asurvey)


def _model(served: ChosenModels, name: str | None) -> Backend | Model:
    if name is None or name not in served.further:
        return served.default
    return served.further[name]


class _Group:
    """The respondents that one model answers for."""

    def __init__(self, survey: Survey, people: Sequence[Respondent], seed: int) -> None:
        self._survey = survey
        self._people = people
        self._seed = seed

    @property
    def size(self) -> int:
        """How many questions are put."""
        return len(self._people) * len(self._survey.questions)

    async def ask(self, asker: Asker) -> list[AnswerRow]:
        """Ask all questions; those of a survey that carries answers one after the other."""
        rows = []
        before: dict[int, list[tuple[str, str]]] = {n: [] for n in range(len(self._people))}
        questions = self._survey.questions
        carries = self._survey.carries_answers
        rounds = [[one] for one in questions] if carries else [list(questions)]
        for together in rounds:
            puts = [
                (number, self._put(one, question, asker.model.name, tuple(before[number])))
                for number, one in enumerate(self._people)
                for question in together
            ]
            async for answer in asker.ask(self._questions(puts)):
                number, put = answer.question.about
                rows.append(answer_row(put, self._survey.name, answer, asker.model.name))
                if carries:
                    text = NO_ANSWER if answer.value is None else spoken(answer.value)
                    before[number].append((put.question.text.strip(), text))
        return rows

    def _put(
        self, one: Respondent, asked: Asked, model: str, before: Sequence[tuple[str, str]]
    ) -> Put:
        return Put(one, asked, self._survey.introduction, model, before, scored=True)

    def _questions(self, puts: Iterable[tuple[int, Put]]) -> Iterable[Question[Value]]:
        for number, put in puts:
            one = put.respondent
            yield Question(
                facts=Facts(f"survey {self._survey.name}", one.who, relation=put.question.name),
                seed=question_seed(self._seed, self._survey.name, one, put.question.name),
                prompt=put.prompt,
                read=put.read,
                about=(number, put),
            )
