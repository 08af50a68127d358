"""Wakes those whom an event concerns: at once, or after the turn that they are taking."""

from collections.abc import Collection, Sequence

from simnet.clock import Seconds
from simnet.kernel.alarms import Alarms
from simnet.scenario.cohort import Cohort
from simnet.scenario.scenario import Scenario
from simnet.world.world import World


class Triggers:
    """What events wake; rhythms say which (`Rhythm.triggered_by`)."""

    def __init__(
        self, world: World, alarms: Alarms, next_turns: Sequence[int], under_way: Collection[int]
    ) -> None:
        """Take lists of the kernel: each member's next turn, and whose turn is under way."""
        self._world = world
        self._alarms = alarms
        self._next_turns = next_turns
        self._under_way = under_way
        self._later: set[int] = set()
        """Members who wake again after their turn."""
        self._cohorts: Sequence[Cohort] = ()
        self.posts_wake = False
        """Whether anybody wakes for posts that come into their feed."""

    def use(self, scenario: Scenario, cohorts: Sequence[Cohort]) -> None:
        """Follow the rhythms of a scenario; `cohorts` has that of each member."""
        self._cohorts = cohorts
        self.posts_wake = any("post" in c.rhythm.triggered_by for c in scenario.cohorts)

    def happened(self, member: int, posted: bool, at: Seconds) -> None:
        """Wake those whom an event concerns; `posted`: it put a post into followers' feeds."""
        world = self._world
        for whom, how in world.triggered:
            if how == "reinstated":
                self._alarms.reinstate(whom, self._next_turns[whom], at)
            elif how in self._cohorts[whom].rhythm.triggered_by:
                self.wake_sooner(whom, at)
        world.triggered.clear()
        if posted and self.posts_wake:
            for whom in world.network.followers(member).tolist():
                if "post" in self._cohorts[whom].rhythm.triggered_by:
                    self.wake_sooner(whom, at)

    def wake_sooner(self, member: int, at: Seconds) -> None:
        """Wake a member as soon as the rhythm lets them, or once their turn has landed."""
        if member in self._under_way:
            self._later.add(member)
        else:
            self._alarms.trigger(member, self._next_turns[member], at)

    def landed(self, member: int) -> bool:
        """Tell whether a member whose turn has landed wakes sooner, and forget it."""
        if member in self._later:
            self._later.remove(member)
            return True
        return False
