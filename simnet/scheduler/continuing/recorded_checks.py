"""What measures were when a run checked them; a run that is repeated does not measure again."""

from collections.abc import Iterable

from simnet.kernel.intervening import CHECK, NO_CHECKS, KnownChecks, checks_in
from simnet.recording.reading.events_of_verb import events_of_verb
from simnet.recording.reading.run import Run
from simnet.scenario.interventions.schedule import When
from simnet.scenario.scenario import Scenario


def recorded_checks(run: Run, scenarios: Iterable[Scenario]) -> KnownChecks:
    """Read the checks of a run; its events are read only if one of its scenarios has a When."""
    entries = (entry for scenario in scenarios for entry in scenario.interventions)
    if not any(isinstance(entry, When) for entry in entries):
        return NO_CHECKS
    return checks_in(events_of_verb(run, CHECK))
