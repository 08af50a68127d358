"""A scenario is a value: people, ways of ranking, a script and a length of time.

An arm of an experiment is another value; `dataclasses.replace` and function parameters make
them. Everything that can be wrong with a scenario is found when it is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simnet.agents.formats.spotlighting import Spotlighting
from simnet.clock import DAY, Seconds
from simnet.foundation.arguments import checked
from simnet.questions.survey_schedule import SurveySchedule
from simnet.scenario.checks import check
from simnet.scenario.cohort import Cohort, Cue, handles_of
from simnet.scenario.interventions.intervention_checks import check_interventions
from simnet.scenario.interventions.original_names import with_handles
from simnet.scenario.interventions.schedule import At, When
from simnet.scenario.making import note_maker
from simnet.scenario.networks.arrays import TieBuilder, Ties
from simnet.scenario.networks.files import file_ties
from simnet.scenario.original_ids import Roster, as_handles
from simnet.scenario.respondent_choice import check_surveys
from simnet.scenario.text_alarms import Health
from simnet.world.feeds.feed import Feed

SETTING = "You are on a social network as the person described below. Never step out of the role."


@checked
@dataclass(frozen=True)
class Scenario:
    """People, feeds, cues, ties, seed and length: everything a run depends on but its model.

    Raises ScenarioError, which says what to change, if its parts do not fit together, such as a cue
    of somebody whom no cohort has.
    """

    name: str
    """Its name, of which those of runs are made."""
    cohorts: Sequence[Cohort]
    """The people; each handle is in one cohort."""
    cues: Sequence[Cue] = ()
    """What somebody does at a set time."""
    lasts: Seconds = DAY
    """Nobody wakes later; what was begun still lands."""
    seed: int = 0
    """Decides all draws, and the seeds of model calls."""
    feed: Feed = field(default_factory=Feed)
    """How the feed is made of each cohort that does not say so itself."""
    ties: Ties | TieBuilder = ()
    """Who follows whom, in addition to what the cohorts' `follows` draws."""
    setting: str = SETTING
    """What platform this is; at the beginning of every prompt."""
    spotlighting: Spotlighting = "delimit"
    """How prompts mark what others wrote: `delimit` (in quotation marks), `datamark` or `none`."""
    most_turns: int | None = None
    """A run of which more turns are expected is not started."""
    interventions: Sequence[At | When] = ()
    """What is changed from outside: at set times, or when a measure crosses a level."""
    surveys: Sequence[SurveySchedule] = ()
    """What is asked at set times while the scenario runs, and of whom."""
    health: Health = field(default_factory=Health)
    """What is watched of the texts of each cohort that does not say so itself, with alarms."""

    def __post_init__(self) -> None:
        self._resolve_original_ids()
        note_maker(self)
        check(
            self.name,
            self.cohorts,
            self.cues,
            lasts=self.lasts,
            feed=self.feed,
            ties=self.ties,
            spotlighting=self.spotlighting,
            most_turns=self.most_turns,
        )
        check_interventions(self.name, self.interventions, self.cohorts)
        check_surveys(self.name, self.surveys, self.cohorts, self.lasts, self.seed)
        for file in file_ties(self.ties):
            file(Roster(self.handles(), self.cohorts), self.seed)

    def _resolve_original_ids(self) -> None:
        """Replace ids from before an import by handles; the file of `edges` does so itself."""
        resolved = as_handles(self.cohorts, self.ties, self.cues)
        for name, value in zip(("cohorts", "ties", "cues"), resolved, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "interventions", with_handles(self.interventions, self.cohorts))

    def handles(self) -> list[str]:
        """List everybody, cohort by cohort."""
        return [handle for cohort in self.cohorts for handle in handles_of(cohort.personas)]

    def feed_of(self, cohort: Cohort) -> Feed:
        """How a cohort's feed is made."""
        return cohort.feed or self.feed

    def health_of(self, cohort: Cohort) -> Health:
        """Say what is watched of a cohort's texts."""
        return cohort.health or self.health
