"""When each member wakes next: asks their rhythms and puts Wakes into the heap."""

from collections.abc import Sequence

from simnet import draws
from simnet.clock import Seconds, rounded
from simnet.kernel.heap import WAKE, Agenda
from simnet.scenario.cohort import Cohort
from simnet.scenario.rhythms import Rhythm, backwards
from simnet.scenario.scenario import Scenario

AFTER_TURN = "wake"
"""Purpose of the draws for wakes that a rhythm plans."""
TRIGGERED = "stirred"
"""Purpose of the draws for wakes that an event causes. Another word would draw other numbers."""


class Alarms:
    """One alarm for each member. A Wake in the heap at another time is out of date."""

    def __init__(self, handles: Sequence[str], agenda: Agenda) -> None:
        self._handles, self._agenda = handles, agenda
        self.at: list[Seconds] = [-1.0] * len(handles)
        """When each member wakes next; negative for never."""
        self._late: dict[int, Seconds] = {}
        """When members would wake next, had the scenario not ended before."""
        self._skipped: dict[int, int] = {}
        """How many turns of a member passed because of a suspension; rhythms count them."""
        self._missed: set[int] = set()
        """Members who missed a turn in the suspension that lasts."""
        self.keeps_late = False
        """Whether wakes after the end are kept, because a longer scenario may follow."""

    def use(self, scenario: Scenario, cohorts: Sequence[Cohort]) -> None:
        """Follow the rhythms of a scenario, in which member `n` is of `cohorts[n]`."""
        self._seed, self._lasts, self._cohorts = scenario.seed, scenario.lasts, cohorts

    def set_first(self) -> None:
        """Set everybody's first alarm."""
        for member, cohort in enumerate(self._cohorts):
            wake = cohort.rhythm.first(self._handles[member], self._draw(member, 0, AFTER_TURN))
            if wake is not None:
                self._set(member, self._checked(member, "first", wake, 0.0))

    def set_after(self, member: int, turn: int, at: Seconds, *, triggered: bool) -> None:
        """Set the alarm after a turn that landed at `at`.

        `triggered` says whether an event that wakes the member happened during the turn.
        """
        rhythm, handle = self._cohorts[member].rhythm, self._handles[member]
        turn += self._skipped.get(member, 0)
        wake = rhythm.after(handle, turn, at, self._draw(member, turn + 1, AFTER_TURN))
        if wake is not None:
            wake = self._checked(member, "after", wake, at)
        if triggered:
            soon = self._triggered(member, turn + 1, at)
            wake = soon if wake is None else min(wake, soon)
        self.at[member] = -1.0
        if wake is not None:
            self._set(member, wake)

    def trigger(self, member: int, next_turn: int, at: Seconds) -> None:
        """Bring the alarm of a member who rests forward, because of an event at `at`."""
        wake = self._triggered(member, next_turn + self._skipped.get(member, 0), at)
        if not 0 <= self.at[member] <= wake:
            self._set(member, wake)

    def skip(self, member: int, turn: int, at: Seconds) -> None:
        """Let the turn of a suspended member pass that is due at `at`; set the next alarm.

        It is the one that the rhythm sets after a turn. The next turn has the same number.
        """
        self._missed.add(member)
        landing = rounded(at + self._cohorts[member].reacts_in)
        self.set_after(member, turn, landing, triggered=False)
        self._skipped[member] = self._skipped.get(member, 0) + 1

    def reinstate(self, member: int, next_turn: int, at: Seconds) -> None:
        """Let a member who missed a turn, and whom events can wake, look soon."""
        if member in self._missed:
            self._missed.remove(member)
            if self._cohorts[member].rhythm.triggered_by:
                self.trigger(member, next_turn, at)

    def reset(self, member: int, next_turn: int, at: Seconds, before: Rhythm) -> None:
        """Set the alarm of a member who rests by the scenario in use since `at`.

        A member whose rhythm is no longer `before` is scheduled anew from `at` on; so is one
        who has not had a turn and had no alarm. All others wake when they would have.
        """
        alarm, rhythm = self.at[member], self._cohorts[member].rhythm
        wake = alarm if alarm >= 0 else self._late.get(member)
        if rhythm != before or (wake is None and not next_turn):
            wake = self._planned(member, next_turn + self._skipped.get(member, 0), at)
        self.at[member] = -1.0
        if wake is not None and wake == alarm and wake <= self._lasts:
            self.at[member] = alarm  # its Wake is in the heap and keeps its place
        elif wake is not None:
            self._set(member, wake)

    def _planned(self, member: int, turn: int, at: Seconds) -> Seconds | None:
        """Ask the rhythm for the wake of `turn`, at `at` or later."""
        rhythm, handle = self._cohorts[member].rhythm, self._handles[member]
        draw = self._draw(member, turn, AFTER_TURN)
        wake = rhythm.after(handle, turn - 1, at, draw) if turn else rhythm.first(handle, draw)
        return None if wake is None else rounded(max(wake, at))

    def _triggered(self, member: int, turn: int, at: Seconds) -> Seconds:
        draw = self._draw(member, turn, TRIGGERED)
        wake = self._cohorts[member].rhythm.triggered(self._handles[member], at, draw)
        return self._checked(member, "triggered", wake, at)

    def _set(self, member: int, wake: Seconds) -> None:
        if wake <= self._lasts:
            self.at[member] = wake
            self._agenda.push(wake, WAKE, member)
        if self.keeps_late:
            self._late.pop(member, None)
            if wake > self._lasts:
                self._late[member] = wake

    def _draw(self, member: int, turn: int, purpose: str) -> draws.Draw:
        return draws.Draw(self._seed, self._handles[member], turn, purpose)

    def _checked(self, member: int, method: str, wake: Seconds, at: Seconds) -> Seconds:
        """Round what a method of a rhythm returned. Raises ScenarioError if it is before `at`."""
        if not wake >= at:  # nor is it if it is not a number
            cohort = self._cohorts[member]
            raise backwards(cohort.name, cohort.rhythm, method, wake, at)
        return rounded(wake)
