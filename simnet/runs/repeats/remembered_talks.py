"""Interviews of a recorded run that a fork of it remembers."""

from collections.abc import Sequence
from dataclasses import replace
from shlex import quote

from simnet.agents.memory_entries import describe_exchange
from simnet.clock import Seconds, format_time
from simnet.errors import UsageError
from simnet.foundation.text import visible
from simnet.questions.answer_rows import ANSWERS, FOLDER, read_answer_rows
from simnet.questions.interview_names import interview_of
from simnet.questions.put import spoken
from simnet.recording.reading.folders import run_words
from simnet.recording.reading.run import Run
from simnet.scenario.files.loading import Loaded
from simnet.scenario.respondent_choice import choose
from simnet.scenario.talks import Talk, with_talks


def remembering(run: Run, at: Seconds, loaded: Loaded, who: Sequence[str]) -> Loaded:
    """Return a scenario in which some personas remember the interviews of `run` at a time.

    Raises UsageError for a name that nobody has, and if there is no answer of such an interview.
    """
    if not who:
        return loaded
    scenario = loaded.scenario
    talks = [_talk(run, at, one) for one in choose(scenario.name, scenario.cohorts, who)]
    recipe = {**loaded.recipe, "remembered": tuple(talk._asdict() for talk in talks)}
    return replace(loaded, scenario=with_talks(scenario, talks), recipe=recipe)


def _talk(run: Run, at: Seconds, who: str) -> Talk:
    rows = read_answer_rows(run.path / FOLDER / interview_of(who, at) / ANSWERS)
    lines = [
        f"you {describe_exchange(row.text, spoken(row.value))}"
        for row in rows
        if row.value is not None
    ]
    if not lines:
        shown = visible(who)
        raise UsageError(
            f"{run.id} has no answer of an interview of @{shown} at {format_time(at)} that could "
            f"be remembered; hold one with: simnet interview {run_words(run.path)} "
            f"--who {quote(shown)} --at {at:g}s"
        )
    return Talk(at, who, tuple(lines))
