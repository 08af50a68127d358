"""The cues of a run by number. Whatever is done from outside gets a number of the same series."""

from collections.abc import Mapping
from copy import copy, deepcopy
from itertools import count
from typing import Any

from simnet.clock import rounded
from simnet.kernel.heap import Agenda
from simnet.kernel.switches import cues_after
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.world.actions import Action


class CuePlan:
    """The cues of the scenario in use, in the heap with which a kernel begins."""

    def __init__(self, scenario: Scenario, index: Mapping[str, int]) -> None:
        """Take the first scenario, and the position of each handle."""
        self._index = index
        self._cues = dict(enumerate(scenario.cues))
        self._numbers = count(len(self._cues))
        self.agenda = Agenda([(rounded(cue.at), index[cue.who]) for cue in scenario.cues])
        self.agenda.drop_cues({n for n, cue in self._cues.items() if cue.at > scenario.lasts})

    def __deepcopy__(self, memo: dict[int, Any]) -> "CuePlan":
        fresh = copy(self)
        numbers = copy(self._numbers)
        vars(fresh).update(_cues=self._cues.copy(), _numbers=numbers)
        fresh.agenda = deepcopy(self.agenda, memo)
        return fresh

    def action(self, number: int) -> Action:
        """Return what a cue does."""
        return self._cues[number].does

    def next_number(self) -> int:
        """Return a number that nothing has yet."""
        return next(self._numbers)

    def switch(self, switch: ScenarioSwitch) -> None:
        """Have the cues of another scenario; those that both have keep their numbers."""
        pending = {number: self._cues[number] for number in self.agenda.cues()}
        dropped, added = cues_after(pending, switch)
        for cue in added:
            number = self.next_number()
            self.agenda.push(rounded(cue.at), number, self._index[cue.who])
            self._cues[number] = cue
        self.agenda.drop_cues(dropped)
