"""Tables of answers to the surveys that a run puts, made from its calls.

What somebody answered follows from the recorded replies, so the tables can be made again at any
time: a crash before they are written loses nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from simnet.agents.formats.lenient_reader import own_names
from simnet.inference.model import Completion
from simnet.personas.persona import Persona
from simnet.questions.answer_files import as_json
from simnet.questions.answer_rows import FOLDER, AnswerRow, add_answers
from simnet.questions.put import Given, put_all
from simnet.questions.respondent import Respondent
from simnet.recording.reading.run import Run
from simnet.scenario.scenario import Scenario
from simnet.scenario.waves import Wave, waves_of
from simnet.scheduler.continuing.continuation import Continuation

Row = dict[str, Any]
_REPLY = ("completion", "finish", "reasoning", "constrained")
_COLUMNS = ("who", "turn", "call", "model", "seed", "prompt_hash", *_REPLY)


def answer_tables(record: Continuation, scenario: Scenario) -> list[Path]:
    """Write the answers that a run has so far into a table for each survey; return the tables.

    `scenario` is the first of the run. Answers of earlier calls of `simnet survey` stay. Raises
    DiskError, RecordError.
    """
    run = record.run
    waves = {wave.turn: wave for wave in waves_of(scenario, record.switches)}
    if not waves:
        return []
    place = {handle: number for number, handle in enumerate(scenario.handles())}
    turns = _turns(run)
    rows: defaultdict[str, list[AnswerRow]] = defaultdict(list)
    for (turn, who), calls in sorted(turns.items(), key=lambda one: (-one[0][0], place[one[0][1]])):
        if (wave := waves.get(turn)) is not None:
            rows[wave.plan.survey.name] += _rows(wave, _person(scenario, place[who]), calls)
    return [add_answers(run.path / FOLDER / name, found) for name, found in rows.items()]


def _turns(run: Run) -> dict[tuple[int, str], list[Row]]:
    """Read the calls of surveys, by turn and handle, in order."""
    turns: defaultdict[tuple[int, str], dict[int, Row]] = defaultdict(dict)
    for part in run.batches("calls", _COLUMNS):
        for row in part.filter(pc.field("turn") < 0).to_pylist():
            turns[row["turn"], row["who"]].setdefault(row["call"], row)
    return {key: [calls[n] for n in sorted(calls)] for key, calls in turns.items()}


def _person(scenario: Scenario, place: int) -> tuple[str, Persona]:
    """Return the cohort and the persona at a place among all."""
    for cohort in scenario.cohorts:
        if place < len(cohort.personas):
            return cohort.name, cohort.personas[place]
        place -= len(cohort.personas)
    raise IndexError(place)


def _rows(wave: Wave, person: tuple[str, Persona], calls: Sequence[Row]) -> Iterator[AnswerRow]:
    """Read the replies of one person in one wave again; yield a row for each question."""
    cohort, persona = person
    survey = wave.plan.survey
    one = Respondent(persona.id, cohort, wave.at, own_names(persona), "", "", None, None, 0.0)
    for question, value, why, reply in _given(wave, one, calls):
        row = calls[reply]
        yield AnswerRow(
            survey=survey.name,
            time=wave.at,
            who=persona.id,
            cohort=cohort,
            question=question.name,
            kind=question.kind,
            text=question.text,
            answer=as_json(value),
            reason=why if value is None else None,
            model=row["model"],
            seed=row["seed"],
            prompt=row["prompt_hash"],
        )


def _given(wave: Wave, one: Respondent, calls: Iterable[Row]) -> list[Given]:
    given: list[Given] = []
    model = next((row["model"] for row in calls), "")
    putting = put_all(wave.plan.survey, one, wave.seed, model, given)
    next(putting, None)
    for row in calls:
        text, finish, reasoning, constrained = (row[name] for name in _REPLY)
        reply = Completion(text, finish, reasoning=reasoning, constrained=constrained)
        try:
            putting.send(reply)
        except StopIteration:
            break
    return given
