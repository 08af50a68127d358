"""Who acts when: one heap of simulated time.

At a *Wake* a persona is shown its feed and starts to think; `reacts_in` seconds later, at a
*Land*, what it decided is done. The kernel stops only at a Land whose decision is not there,
so every Wake before it is already out: that is all the concurrency there is, with no rounds,
no barrier and no lock. In the words of parallel simulation `reacts_in` is the lookahead
(Chandy & Misra 1979). Ties break by a counter that depends on no arrival, so a run is a
function of the scenario, its seed and the replies.

The kernel does no IO. Whoever drives it takes the views it puts out, brings the decisions
back in any order, and takes the rows.
"""

from collections.abc import Sequence
from enum import Enum
from heapq import heappop
from math import inf

from simnet import draws
from simnet.clock import Seconds
from simnet.errors import RunError
from simnet.kernel.heap import LAND, WAKE, Agenda
from simnet.kernel.ledger import Ledger, Tally
from simnet.kernel.rows import Rows
from simnet.recording.row_types import Edge
from simnet.scenario.cohort import Cohort
from simnet.scenario.initial_network import network_of
from simnet.scenario.rhythms import backwards
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Action
from simnet.world.decision import Decision
from simnet.world.events import DONE, FAILED, REFUSED, Event, ExposureBatch
from simnet.world.network import Network
from simnet.world.posts import View
from simnet.world.verbs import Pass
from simnet.world.world import World


class Status(Enum):
    """Why the kernel stopped."""

    FULL = "full"
    """As many views are out as were asked for; take them and go on."""
    WAITING = "waiting"
    """The next thing to happen needs a decision that is not there yet."""
    DONE = "done"
    """Nothing is left to happen."""


class Kernel:
    """The heap, the world, and nothing else."""

    def __init__(self, scenario: Scenario) -> None:
        self._take_scenario(scenario)
        handles = scenario.handles()
        self._cues = list(scenario.cues)
        self._until = inf  # what is due then or later has to wait
        self.world = World(
            handles,
            [cohort.name for cohort in self._cohorts],
            Network(len(handles), *network_of(scenario, handles)),
        )
        self._turns = [0] * len(handles)
        """The number of each member's next turn."""
        self._alarms: list[Seconds] = [-1.0] * len(handles)
        """When each member wakes next; a Wake at another time is out of date."""
        self._landings: dict[int, ExposureBatch] = {}
        """Members who are thinking, and about what."""
        self._triggered: dict[int, None] = {}
        """Members something happened to while they were thinking."""
        self._refusals: dict[int, tuple[str, ...]] = {}
        self._decisions: dict[int, Decision] = {}
        self.views: list[View] = []
        """Views to be thought about; whoever drives the kernel takes them."""
        self.events: list[Event] = []
        """Rows to be recorded, as are the next two; see `take_rows`."""
        self.exposure_batches: list[ExposureBatch] = []
        self.ties: list[Edge] = []
        self._edges = self.world.network.began
        self.now: Seconds = 0.0
        self._tally = Tally()
        self._agenda = Agenda([(cue.at, self.world.index[cue.who]) for cue in self._cues])
        self._set_first_alarms()

    def _take_scenario(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._cohorts: list[Cohort] = [c for c in scenario.cohorts for _ in range(len(c.personas))]
        self.feeds = {cohort.name: scenario.feed_of(cohort) for cohort in scenario.cohorts}
        self._verbs = {cohort.name: frozenset(cohort.verbs) for cohort in scenario.cohorts}
        self._woken_by_posts = any("post" in c.rhythm.triggered_by for c in scenario.cohorts)

    def take_rows(self) -> Rows:
        """Hand over the rows there are."""
        rows = Rows(self.events, self.exposure_batches, self.ties)
        self.events, self.exposure_batches, self.ties = [], [], []
        return rows

    def ledger(self) -> Ledger:
        """Count what was planned and what became of it so far."""
        return self._tally.ledger(len(self._landings))

    def deliver(self, decisions: Sequence[Decision]) -> None:
        """Take decisions, in any order; each is kept until simulated time reaches its Land.

        Raises RunError for one that nobody waits for.
        """
        for decision in decisions:
            member = self.world.index[decision.who]
            landing = self._landings.get(member)
            if landing is None or landing.turn != decision.turn:
                raise RunError(f"nobody waits for turn {decision.turn} of @{decision.who}")
            self._decisions[member] = decision

    def advance(self, most_views: int) -> Status:
        """Let time pass until views pile up, a decision is missing or all is done."""
        heap = self._agenda.heap
        while heap:
            at, _, kind, member = heap[0]
            if at >= self._until:
                break
            if kind == LAND and member not in self._decisions:
                return Status.WAITING
            heappop(heap)
            if kind == LAND:
                self.now = at
                self._land(member, at)
            elif kind >= 0:
                self.now = at
                self._play(kind, member, at)
            elif self._alarms[member] == at and member not in self._landings:
                self.now = at
                self._wake(member, at)
                if len(self.views) >= most_views:
                    return Status.FULL
        return Status.DONE

    # -- what happens -----------------------------------------------------------------

    def _set_first_alarms(self) -> None:
        for member, cohort in enumerate(self._cohorts):
            handle = self.world.handles[member]
            at = cohort.rhythm.first(handle, self._draw(handle, 0, "wake"))
            if at is not None:
                self._check_wake(member, "first", at, 0.0)
                self._set_alarm(member, at)

    def _play(self, number: int, member: int, at: Seconds) -> None:
        cue = self._cues[number]
        self._tally.planned += 1
        self._tally.count(self._apply(member, cue.does, at, cue=number))

    def _wake(self, member: int, at: Seconds) -> None:
        world, cohort = self.world, self._cohorts[member]
        turn = self._turns[member]
        self._turns[member] = turn + 1
        handle = world.handles[member]
        view, showing = world.observe(
            handle,
            at,
            self.feeds[cohort.name],
            turn=turn,
            seed=draws.bits(self.scenario.seed, handle, turn),
            refused=self._refusals.pop(member, ()),
        )
        self._landings[member] = showing
        self._tally.planned += 1
        self._agenda.push(at + cohort.reacts_in, LAND, member)
        self.views.append(view)
        self.exposure_batches.append(showing)

    def _land(self, member: int, at: Seconds) -> None:
        landing = self._landings.pop(member)
        decision = self._decisions.pop(member)
        if decision.failure is not None:
            self._tally.count(self._failure(member, landing, decision, at))
        else:
            self._act(member, landing, decision, at)
        self._rest(member, landing.turn, at)

    def _act(self, member: int, landing: ExposureBatch, decision: Decision, at: Seconds) -> None:
        refusals = []
        shown = landing.posts
        for part, action in enumerate(decision.actions or (Pass(),)):
            event = self._apply(
                member, action, at, woke=landing.at, turn=landing.turn, part=part,
                marks=decision.marks if part == 0 else (), shown=shown,
            )  # fmt: skip
            if part == 0:
                self._tally.count(event)
            if event.outcome == REFUSED:
                refusals.append(f"{action.verb}: {event.reason}")
            shown = ()
        if refusals:
            self._refusals[member] = tuple(refusals)

    def _apply(
        self,
        member: int,
        action: Action,
        at: Seconds,
        *,
        cue: int | None = None,
        woke: Seconds | None = None,
        turn: int | None = None,
        part: int = 0,
        marks: tuple[str, ...] = (),
        shown: tuple[int, ...] = (),
    ) -> Event:
        cohort = self._cohorts[member].name
        permitted = cue is not None or type(action) in self._verbs[cohort] or type(action) is Pass
        event = self.world.apply(
            self.world.handles[member], action, at, woke=woke, turn=turn, cue=cue, part=part,
            marks=marks, shown=shown,
            forbidden=None if permitted else f"cohort {cohort!r} has no verb {action.verb!r}",
        )  # fmt: skip
        self.events.append(event)
        self._tally.events += 1
        if self.world.network.changes:
            self._note_ties(at)
        if event.outcome == DONE and (self.world.triggered or self._woken_by_posts):
            self._trigger(member, event, at)
        return event

    def _note_ties(self, at: Seconds) -> None:
        handles, network = self.world.handles, self.world.network
        for number, (follower, followee, change) in enumerate(network.changes, self._edges):
            self.ties.append(Edge(number, at, handles[follower], handles[followee], change))
        self._edges += len(network.changes)
        network.changes.clear()

    def _failure(
        self, member: int, landing: ExposureBatch, decision: Decision, at: Seconds
    ) -> Event:
        event = Event(
            at, landing.at, decision.who, self._cohorts[member].name, landing.turn, None, 0,
            Pass.verb, FAILED, decision.failure, None, None, None, None, None, None, None,
            decision.marks, landing.posts,
        )  # fmt: skip
        self.events.append(event)
        self._tally.events += 1
        return event

    # -- when they wake ---------------------------------------------------------------

    def _rest(self, member: int, turn: int, at: Seconds) -> None:
        """Set the alarm after a turn."""
        rhythm = self._cohorts[member].rhythm
        handle = self.world.handles[member]
        wake = rhythm.after(handle, turn, at, self._draw(handle, turn + 1, "wake"))
        if wake is not None:
            self._check_wake(member, "after", wake, at)
        if self._triggered.pop(member, 0) is None:
            soon = rhythm.triggered(handle, at, self._draw(handle, turn + 1, "stirred"))
            self._check_wake(member, "stirred", soon, at)
            wake = soon if wake is None else min(wake, soon)
        self._alarms[member] = -1.0
        if wake is not None:
            self._set_alarm(member, wake)

    def _trigger(self, member: int, event: Event, at: Seconds) -> None:
        """Wake whoever the event touches, if that is in their rhythm."""
        for whom, how in self.world.triggered:
            if how in self._cohorts[whom].rhythm.triggered_by:
                self._wake_sooner(whom, at)
        self.world.triggered.clear()
        if self._woken_by_posts and (event.made is not None or event.verb == "repost"):
            for whom in self.world.network.followers(member).tolist():
                if "post" in self._cohorts[whom].rhythm.triggered_by:
                    self._wake_sooner(whom, at)

    def _wake_sooner(self, member: int, at: Seconds) -> None:
        if member in self._landings:
            self._triggered[member] = None
            return
        handle = self.world.handles[member]
        chance = self._draw(handle, self._turns[member], "stirred")
        wake = self._cohorts[member].rhythm.triggered(handle, at, chance)
        self._check_wake(member, "stirred", wake, at)
        if not 0 <= self._alarms[member] <= wake:
            self._set_alarm(member, wake)

    def _set_alarm(self, member: int, wake: Seconds) -> None:
        if wake <= self.scenario.lasts:
            self._alarms[member] = wake
            self._agenda.push(wake, WAKE, member)

    def _draw(self, handle: str, turn: int, purpose: str) -> draws.Draw:
        return draws.Draw(self.scenario.seed, handle, turn, purpose)

    def _check_wake(self, member: int, method: str, wake: Seconds, at: Seconds) -> None:
        if not wake >= at:  # nor is it if it is not a number
            cohort = self._cohorts[member]
            raise backwards(cohort.name, cohort.rhythm, method, wake, at)
