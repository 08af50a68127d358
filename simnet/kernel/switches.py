"""What changes when one scenario takes over from another, in the same world.

A turn under way at a switch lands by the rules of the new scenario. A member whose rhythm
differs is scheduled anew from the switch on; all others wake when they would have. A cue that
both scenarios have keeps its number.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy
from math import inf
from typing import TypeAlias

from simnet.clock import Seconds
from simnet.scenario.cohort import Cue
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch, check_switches
from simnet.world.actions import Action

Verbs: TypeAlias = Mapping[str, frozenset[type[Action]]]
"""Cohort name -> classes of verbs its members may use."""


class Switches:
    """The switches that are still to come, in order of time."""

    def __init__(self, scenario: Scenario, switches: Sequence[ScenarioSwitch]) -> None:
        """Take the first scenario and its switches.

        Raises ScenarioError if one scenario cannot become the next.
        """
        check_switches(scenario, switches)
        self._coming = deque(switches)

    def __deepcopy__(self, memo: object) -> "Switches":
        fresh = copy(self)
        vars(fresh).update(_coming=self._coming.copy())
        return fresh

    def __bool__(self) -> bool:
        """Whether any is to come."""
        return bool(self._coming)

    @property
    def next_at(self) -> Seconds:
        """When the next one is due; infinity if there is none."""
        return self._coming[0].at if self._coming else inf

    def take(self) -> ScenarioSwitch:
        """Take the next one."""
        return self._coming.popleft()


def verbs_of(scenario: Scenario, before: Verbs) -> Verbs:
    """List each cohort's verbs, with the classes `before` a switch of verbs that go on by name.

    A decision under way at the switch may use those.
    """
    after: dict[str, frozenset[type[Action]]] = {}
    for cohort in scenario.cohorts:
        names = {verb.verb for verb in cohort.verbs}
        earlier = (verb for verb in before.get(cohort.name, ()) if verb.verb in names)
        after[cohort.name] = frozenset([*cohort.verbs, *earlier])
    return after


def cues_after(pending: Mapping[int, Cue], switch: ScenarioSwitch) -> tuple[set[int], list[Cue]]:
    """Compare the cues that are still to come, by number, with those of the next scenario.

    Returns the numbers of those to drop, and the cues to add.
    """
    kept: set[int] = set()
    added: list[Cue] = []
    alike: dict[tuple[Seconds, str], list[int]] = {}
    for number, old in pending.items():
        alike.setdefault((old.at, old.who), []).append(number)
    for cue in switch.scenario.cues:
        if not switch.at <= cue.at <= switch.scenario.lasts:
            continue
        numbers = alike.get((cue.at, cue.who), [])
        same = next((one for one in numbers if pending[one] == cue and one not in kept), None)
        if same is not None:
            kept.add(same)
        else:
            added.append(cue)
    return pending.keys() - kept, added
