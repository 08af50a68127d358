"""When each member wakes next: asks their rhythms and puts Wakes into the heap."""

from collections.abc import Sequence
from math import inf
from typing import Any

from simnet import draws
from simnet.clock import Seconds, rounded
from simnet.foundation.user_code import mark_boundary
from simnet.kernel.heap import WAKE, Agenda
from simnet.scenario.cohort import Cohort
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.asked_rhythms import Method, asked, checked_wake, raised, wrong
from simnet.scenario.timing.rhythms import Rhythm

AFTER_TURN = "wake"
"""Purpose of the draws for wakes that a rhythm plans."""
TRIGGERED = "stirred"
"""Purpose of the draws for wakes that an event causes. Another word would draw other numbers."""
MOST_TURNS, SHORTEST_SPAN = 1024, 1.0
"""Turns of one member within so many seconds of simulated time that end the run."""


class Alarms:
    """One alarm for each member. A Wake in the heap at another time is out of date."""

    def __init__(self, handles: Sequence[str], agenda: Agenda) -> None:
        self._handles, self._agenda = handles, agenda
        self.at: list[Seconds] = [-1.0] * len(handles)
        """When each member wakes next; negative for never."""
        self._late: dict[int, Seconds] = {}
        """When members would wake next, had the scenario not ended before."""
        self._progress: dict[int, Seconds] = {}
        """When members had their last turn whose number is a multiple of `MOST_TURNS`."""
        self._skipped: dict[int, int] = {}
        """How many turns of a member passed because of a suspension; rhythms count them."""
        self._missed: set[int] = set()
        """Members who missed a turn in the suspension that lasts."""
        self.keeps_late = False
        """Whether wakes after the end are kept, because a longer scenario may follow."""

    def handle(self, member: int) -> str:
        """Return the handle of a member."""
        return self._handles[member]

    def use(self, scenario: Scenario, cohorts: Sequence[Cohort]) -> None:
        """Follow the rhythms of a scenario, in which member `n` is of `cohorts[n]`."""
        self._seed, self._lasts, self._cohorts = scenario.seed, scenario.lasts, cohorts

    def set_first(self) -> None:
        """Set everybody's first alarm."""
        for member, cohort in enumerate(self._cohorts):
            draw = self._draw(member, 0, AFTER_TURN)
            wake = self._ask(member, cohort.rhythm.first, 0.0, self._handles[member], draw)
            if wake is not None:
                self._set(member, wake)

    @mark_boundary(lambda run: f"rhythm of @{run['self'].handle(run['member'])}")
    def set_after(self, member: int, turn: int, at: Seconds, *, triggered: bool) -> None:
        """Set the alarm after a turn that landed at `at`.

        `triggered` says whether an event that wakes the member happened during the turn.
        """
        rhythm, handle = self._cohorts[member].rhythm, self._handles[member]
        turn += self._skipped.get(member, 0)
        if not (turn + 1) % MOST_TURNS:
            self._check_progress(member, at)
        draw = draws.Draw(self._seed, handle, turn + 1, AFTER_TURN)
        try:  # as in `_ask`, which would cost a call more
            wake = rhythm.after(handle, turn, at, draw)
        except BaseException as error:  # a rhythm may raise SystemExit too
            raise raised(rhythm.after, error, self._cohorts[member].name, handle) from error
        if type(wake) is float and wake >= at:
            wake = rounded(wake)
        elif wake is not None:
            wake = checked_wake(rhythm.after, wake, at, self._cohorts[member].name, handle)
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
        if turn:
            wake = self._ask(member, rhythm.after, 0.0, handle, turn - 1, at, draw)
        else:
            wake = self._ask(member, rhythm.first, 0.0, handle, draw)
        return None if wake is None else rounded(max(wake, at))

    def _triggered(self, member: int, turn: int, at: Seconds) -> Seconds:
        draw = self._draw(member, turn, TRIGGERED)
        triggered = self._cohorts[member].rhythm.triggered
        wake = self._ask(member, triggered, at, self._handles[member], at, draw)
        return inf if wake is None else wake

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

    def _ask(self, member: int, method: Method, at: Seconds, /, *arguments: Any) -> Seconds | None:
        """Call a method of a rhythm. Raises UserCodeError unless it returns `at` or later."""
        return asked(method, at, arguments, self._cohorts[member].name, self._handles[member])

    def _check_progress(self, member: int, at: Seconds) -> None:
        """Raise UserCodeError if a member took `MOST_TURNS` turns and time hardly passed."""
        since = self._progress.get(member, -inf)
        self._progress[member] = at
        if at - since < SHORTEST_SPAN:
            cohort = self._cohorts[member]
            problem = (
                f"let time stand still: {MOST_TURNS:,} turns in a row within {at - since:g} s of "
                f"simulated time, with reacts_in={cohort.reacts_in:g}; let it wait longer"
            )
            raise wrong(cohort.rhythm.after, problem, cohort.name, self._handles[member])
