"""Chooses the personas that a survey is put to, and checks the surveys of a scenario."""

from collections.abc import Iterable, Sequence

from simnet import draws
from simnet.clock import Seconds
from simnet.errors import ScenarioError, UsageError
from simnet.foundation.text import did_you_mean
from simnet.questions.survey_schedule import SurveySchedule
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.original_ids import Roster

COHORT = "cohort:"


def check_surveys(
    name: str,
    surveys: Sequence[SurveySchedule],
    cohorts: Sequence[Cohort],
    lasts: Seconds,
    seed: int,
) -> None:
    """Raise ScenarioError for a survey that cannot be put: to nobody, never, or after the end."""
    seen: dict[str, SurveySchedule] = {}
    for plan in surveys:
        called = plan.survey.name
        if seen.setdefault(called, plan).survey != plan.survey:
            raise ScenarioError(
                f"{name}: two surveys are called {called!r}; rename one, as the name is that of "
                "the table of answers"
            )
        try:
            plan.due(lasts)
            choose(name, cohorts, plan.names, plan.sample, seed)
        except ScenarioError as error:
            raise ScenarioError(f"{name}: {error}") from None
        except UsageError as error:
            raise ScenarioError(f"{name}: schedule of the survey {called!r}: {error}") from None


def choose(
    name: str,
    cohorts: Sequence[Cohort],
    who: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
) -> list[str]:
    """Choose handles of a scenario: those in `who` or in `cohort:NAME`; of them a sample.

    No `who` is everyone. A sample is drawn by hash from `seed` and the handle, so it stays the
    same when others are added. Raises UsageError for a name that nobody has, or no one chosen.
    """
    everyone = [handle for cohort in cohorts for handle in handles_of(cohort.personas)]
    chosen = sorted(_wanted(name, cohorts, everyone, who)) if who else range(len(everyone))
    if sample is not None:
        if sample < 1:
            raise UsageError(f"a sample of {sample}: give 1 or more")
        ranked = sorted(chosen, key=lambda at: draws.bits(seed, "respondent", everyone[at]))
        chosen = sorted(ranked[:sample])
    if not chosen:
        raise UsageError(f"nobody is left to ask in {name}")
    return [everyone[position] for position in chosen]


def _wanted(
    name: str, cohorts: Sequence[Cohort], everyone: Sequence[str], who: Iterable[str]
) -> set[int]:
    roster = Roster(everyone, cohorts)
    wanted: set[int] = set()
    for one in who:
        called = one.removeprefix(COHORT) if one.startswith(COHORT) else one.removeprefix("@")
        if one.startswith(COHORT):
            wanted.update(_members(name, cohorts, called))
        elif (position := roster.position(called)) is not None:
            wanted.add(position)
        else:
            hint = did_you_mean(called, everyone)
            raise UsageError(f"{one}: there is nobody of that name in {name}{hint}")
    return wanted


def _members(name: str, cohorts: Sequence[Cohort], called: str) -> range:
    """Return the positions of the members of a cohort."""
    start = 0
    for cohort in cohorts:
        if cohort.name == called:
            return range(start, start + len(cohort.personas))
        start += len(cohort.personas)
    hint = did_you_mean(called, [cohort.name for cohort in cohorts])
    raise UsageError(f"{COHORT}{called}: {name} has no such cohort{hint}")
