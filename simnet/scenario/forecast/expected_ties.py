"""How many ties a scenario begins with, estimated without drawing them."""

from math import log2

from simnet.scenario.networks.arrays import TieBuilder
from simnet.scenario.networks.files import file_ties
from simnet.scenario.scenario import Scenario

PROBES = (500, 1000)
"""Members for whom a builder of ties is tried, where there are more than twice as many."""


def expected_ties(scenario: Scenario) -> float:
    """Estimate how many ties there are at the start.

    What cohorts follow is counted by its chances. A builder of ties is tried with everybody, where
    they are few or it reads a file; else with few members, and the growth between two sizes is
    continued. A builder that fails counts 0, for the run tells of it with its place.
    """
    sizes = {cohort.name: len(cohort.personas) for cohort in scenario.cohorts}
    drawn = sum(
        chance * len(cohort.personas) * sizes[followed]
        for cohort in scenario.cohorts
        for followed, chance in cohort.follows.items()
    )
    if not callable(scenario.ties):
        return drawn + len(scenario.ties)
    return drawn + _built(scenario, scenario.ties, sum(sizes.values()))


def _built(scenario: Scenario, build: TieBuilder, members: int) -> float:
    handles = scenario.handles()
    try:
        if members <= 2 * PROBES[-1] or any(file_ties(build)):
            return float(len(build(handles, scenario.seed)[0]))
        few, more = (len(build(handles[:size], scenario.seed)[0]) for size in PROBES)
    except BaseException:  # noqa: BLE001  (the run tells of it, with its place)
        return 0.0
    growth = log2(more / few) if few and more else 0.0
    return float(more * (members / PROBES[-1]) ** min(2.0, max(0.0, growth)))
