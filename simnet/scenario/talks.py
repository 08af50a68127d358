"""Talks that a persona remembers from a time on, as interventions."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.scenario.interventions.on_people import Remember
from simnet.scenario.interventions.schedule import At
from simnet.scenario.scenario import Scenario


class Talk(NamedTuple):
    """What a persona remembers of a talk."""

    at: Seconds
    who: str
    lines: tuple[str, ...]
    """One for each question that was answered."""


def with_talks(scenario: Scenario, talks: Iterable[Talk]) -> Scenario:
    """Return a scenario in which talks are remembered from their times on."""
    added = [At(talk.at, [Remember(talk.who, line) for line in talk.lines]) for talk in talks]
    if not added:
        return scenario
    return replace(scenario, interventions=(*scenario.interventions, *added))
