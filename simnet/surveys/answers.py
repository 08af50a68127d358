"""The folders of surveys in a run directory, and their tables of answers.

The tables of the run itself are not touched. `answers.parquet` appears whole, once all have been
asked; the replies so far are in the folder `replies`, or among the calls of the run.
"""

from pathlib import Path

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.questions.answer_rows import ANSWERS, FOLDER, AnswerRow, read_answer_rows
from simnet.recording.reading.run import Run

REPLIES = "replies"


def survey_folder(run: Run, survey: str) -> Path:
    """Return the folder of a survey of a run, whether it is there or not."""
    return run.path / FOLDER / survey


def read_answers(run: Run, survey: str) -> list[AnswerRow]:
    """Read the answers to a survey of a run. Raises UsageError if it has no such answers."""
    path = survey_folder(run, survey) / ANSWERS
    if not path.is_file():
        folder = run.path / FOLDER
        known = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
        raise UsageError(
            f"{run.id} has no answers to a survey {survey!r}{did_you_mean(survey, known)}; make "
            "them with `simnet survey`"
        )
    return read_answer_rows(path)
