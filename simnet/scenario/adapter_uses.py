"""The adapters that are used in a scenario: those of cohorts, and those that interventions set."""

from collections.abc import Iterator
from typing import NamedTuple

from simnet.scenario.cohort import Cohort
from simnet.scenario.interventions.directory import directory_of
from simnet.scenario.interventions.on_people import SetAdapter
from simnet.scenario.scenario import Scenario


class AdapterUse(NamedTuple):
    """An adapter with which members of a cohort speak at some time."""

    cohort: Cohort
    name: str
    folder: str | None


def adapters_in(scenario: Scenario) -> Iterator[AdapterUse]:
    """Yield the adapters of cohorts, then those that interventions set."""
    for cohort in scenario.cohorts:
        if cohort.adapter_name is not None:
            yield AdapterUse(cohort, cohort.adapter_name, cohort.adapter_folder)
    changes = [
        one
        for entry in scenario.interventions
        for one in entry.interventions
        if isinstance(one, SetAdapter)
    ]
    if not changes:
        return
    directory = directory_of(scenario.cohorts)
    cohorts = {cohort.name: cohort for cohort in scenario.cohorts}
    for one in changes:
        if one.adapter_name is not None:
            for target in directory.targets(one.who):
                yield AdapterUse(cohorts[target.cohort], one.adapter_name, one.adapter_folder)
