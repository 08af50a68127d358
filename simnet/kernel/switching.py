"""A kernel whose scenario becomes another one at set times."""

from collections import deque
from collections.abc import Sequence
from math import inf

from simnet.clock import Seconds
from simnet.kernel.kernel import Kernel, Status
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch, check_switches
from simnet.world.actions import Action


class SwitchingKernel(Kernel):
    """Plays one scenario until the first change, then the next, in the same world.

    A turn that is under way at a change lands by the rules of the new scenario. Someone whose
    rhythm is another afterwards gets a new alarm, from the moment of the change on; all others
    wake when they would have. A cue that both scenarios have keeps its number.
    """

    def __init__(self, scenario: Scenario, changes: Sequence[ScenarioSwitch]) -> None:
        """Take the first scenario and the changes in order of time.

        Raises ScenarioError when one scenario cannot become the next.
        """
        check_switches(scenario, changes)
        self._changes = deque(changes)
        self._beyond: dict[int, Seconds] = {}
        """When members would wake next, had the scenario not ended before."""
        super().__init__(scenario)
        self._until = self._next_change()

    def advance(self, most_views: int) -> Status:
        """Let time pass until views pile up, a decision is missing or all is done."""
        status = super().advance(most_views)
        while status is Status.DONE and self._changes:
            self._change(self._changes.popleft())
            status = super().advance(most_views)
        return status

    def _take_scenario(self, scenario: Scenario) -> None:
        """Take it over; what is under way may use its classes of verbs that go on by name."""
        before: dict[str, frozenset[type[Action]]] = getattr(self, "_verbs", {})
        super()._take_scenario(scenario)
        for name, verbs in self._verbs.items():
            kept = {verb.verb for verb in verbs}
            self._verbs[name] = verbs | {old for old in before.get(name, ()) if old.verb in kept}

    def _next_change(self) -> Seconds:
        return self._changes[0].at if self._changes else inf

    def _change(self, change: ScenarioSwitch) -> None:
        rhythms = [cohort.rhythm for cohort in self._cohorts]
        self._until = self._next_change()
        self._take_scenario(change.scenario)
        self._change_cues(change)
        for member, (before, cohort) in enumerate(zip(rhythms, self._cohorts, strict=True)):
            if member not in self._landings:
                self._reset_alarm(member, change.at, another=cohort.rhythm != before)

    def _change_cues(self, change: ScenarioSwitch) -> None:
        pending = {number: self._cues[number] for number in self._agenda.cues()}
        numbers = set()
        for cue in change.scenario.cues:
            if cue.at < change.at:
                continue
            same = [n for n, old in pending.items() if old == cue and n not in numbers]
            if not same:
                same = [len(self._cues)]
                self._cues.append(cue)
                self._agenda.push(cue.at, same[0], self.world.index[cue.who])
            numbers.add(same[0])
        self._agenda.drop_cues(pending.keys() - numbers)

    def _reset_alarm(self, member: int, at: Seconds, *, another: bool) -> None:
        """Set the alarm of someone who rests by the new scenario's rhythm and end."""
        alarm, beyond = self._alarms[member], self._beyond.get(member)
        wake = alarm if alarm >= 0 else beyond
        if another or (wake is None and not self._turns[member]):
            wake = self._waking(member, at)
        self._alarms[member] = -1.0
        if wake is not None and wake == alarm and wake <= self.scenario.lasts:
            self._alarms[member] = alarm  # its entry is in the agenda and keeps its place
        elif wake is not None:
            self._set_alarm(member, wake)

    def _waking(self, member: int, at: Seconds) -> Seconds | None:
        rhythm, turn = self._cohorts[member].rhythm, self._turns[member]
        handle = self.world.handles[member]
        draw = self._draw(handle, turn, "wake")
        wake = rhythm.after(handle, turn - 1, at, draw) if turn else rhythm.first(handle, draw)
        return None if wake is None else max(wake, at)

    def _set_alarm(self, member: int, wake: Seconds) -> None:
        self._beyond.pop(member, None)
        if wake > self.scenario.lasts:
            self._beyond[member] = wake
        super()._set_alarm(member, wake)
