"""Who acts when: one heap of simulated time.

At a *Wake* a persona is shown its feed and starts to think; `reacts_in` seconds later, at a
*Land*, what it decided is done. The kernel stops only at a Land whose decision is missing, so
every Wake before it is already out: that is all the concurrency there is, with no rounds, no
barrier and no lock. In the words of parallel simulation `reacts_in` is the lookahead (Chandy &
Misra 1979). Ties break by a counter that does not depend on the order of arrival, so a run is a
function of the scenario, its seed and the replies.

The kernel does no IO. Its caller takes the views, delivers decisions in any order, and takes
the rows to record.
"""

from collections.abc import Sequence
from heapq import heappop
from math import inf

from simnet import draws
from simnet.agents.reply_flags import CODE_ERROR
from simnet.clock import Seconds, rounded
from simnet.errors import RunError, UserCodeError
from simnet.kernel.alarms import Alarms
from simnet.kernel.cue_plan import CuePlan
from simnet.kernel.heap import INTERVENTION, LAND
from simnet.kernel.intervening import NO_CHECKS, Interventions, KnownChecks
from simnet.kernel.ledger import Ledger, Tally
from simnet.kernel.rows import Rows, WorldChanges, failed_turn
from simnet.kernel.status import Status
from simnet.kernel.switches import Switches, Verbs, verbs_of
from simnet.kernel.text_health import TextHealth
from simnet.kernel.triggers import Triggers
from simnet.scenario.cohort import Cohort
from simnet.scenario.discussions.turn_taking import floors_of, next_speaker
from simnet.scenario.forecast.facts import inform
from simnet.scenario.initial_network import network_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.world.actions import Action
from simnet.world.decision import Decision
from simnet.world.events import DONE, FAILED, REFUSED, Event, ExposureBatch
from simnet.world.state.network import Network
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import ViewerChanges
from simnet.world.verbs import Pass
from simnet.world.world import World


class Kernel:
    """A scenario's heap and world; where scenarios switch, each in its time, in one world."""

    def __init__(
        self,
        scenario: Scenario,
        switches: Sequence[ScenarioSwitch] = (),
        *,
        fails_turns: bool = False,
        checks: KnownChecks = NO_CHECKS,
        watches: bool = False,
    ) -> None:
        """Take the first scenario, and those that take over from it in order of time.

        With `fails_turns` a turn that fails in user code fails alone, else `advance` raises
        UserCodeError. `checks` are those of measures that are known from a record. With `watches`
        alarms on texts ring. Raises ScenarioError if one scenario cannot become the next.
        """
        self._fails_turns = fails_turns
        self._switches = Switches(scenario, switches)
        handles = scenario.handles()
        self._verbs: Verbs = {}
        self._cues = CuePlan(scenario, {handle: member for member, handle in enumerate(handles)})
        self._agenda = self._cues.agenda
        self._alarms = Alarms(handles, self._agenda)
        self.health = TextHealth(watches=watches)
        self._use(scenario)
        network = Network(len(handles), *network_of(scenario, handles))
        self.world = World(handles, [cohort.name for cohort in self._cohorts], network)
        self._turns = [0] * len(handles)  # the number of each member's next turn
        self._under_way: dict[int, ExposureBatch] = {}  # of turns under way, what was shown
        self._refusals: dict[int, tuple[str, ...]] = {}
        self._decisions: dict[int, Decision] = {}
        self.views: list[View] = []  # those that wait for a decision; the caller takes them
        self.events: list[Event] = []  # rows to be recorded, as are the next two
        self.exposure_batches: list[ExposureBatch] = []
        self.changes = WorldChanges(self.world)
        self.now: Seconds = 0.0
        self._triggers = Triggers(self.world, self._alarms, self._turns, self._under_way)
        self._triggers.use(scenario, self._cohorts)
        inform(self.world, scenario)
        self._tally = Tally()
        self._interventions = Interventions(
            self.world, self._agenda, self._apply, self._record, checks, fails_turns=fails_turns
        )
        self._interventions.begin(scenario, self.feeds)
        self._alarms.set_first()

    def _use(self, scenario: Scenario) -> None:
        """Follow a scenario until the next switch."""
        self.scenario = scenario
        self._cohorts: list[Cohort] = [c for c in scenario.cohorts for _ in range(len(c.personas))]
        self.feeds = {cohort.name: scenario.feed_of(cohort) for cohort in scenario.cohorts}
        self._verbs = verbs_of(scenario, self._verbs)
        self._floors = floors_of(scenario)
        self._alarms.use(scenario, self._cohorts)
        self.health.use(scenario)
        self._alarms.keeps_late = bool(self._switches)
        self._until = self._switches.next_at

    def take_rows(self) -> Rows:
        """Return the rows made since the last call."""
        rows = Rows(self.events, self.exposure_batches, *self.changes.take())
        self.events, self.exposure_batches = [], []
        return rows

    def ledger(self) -> Ledger:
        """Count what was planned and what became of it so far."""
        return self._tally.ledger(len(self._under_way))

    @property
    def settled(self) -> Seconds:
        """The time before which no turn woke that is under way."""
        return min((landing.time for landing in self._under_way.values()), default=self.now)

    def deliver(self, decisions: Sequence[Decision]) -> None:
        """Take decisions, in any order; each is kept until simulated time reaches its Land.

        Raises RunError for a turn that is not under way.
        """
        for decision in decisions:
            member = self.world.index[decision.who]
            landing = self._under_way.get(member)
            if landing is None or landing.turn != decision.turn:
                raise RunError(f"nobody waits for turn {decision.turn} of @{decision.who}")
            self._decisions[member] = decision

    def state_of(self, who: str, at: Seconds) -> ViewerChanges | None:
        """Return what changed about somebody since their last view; None if nothing.

        It stays for their next view.
        """
        return self._interventions.state_of(self.world.index[who], at)

    def advance(self, most_views: int, until: Seconds = inf) -> Status:
        """Let time pass to `most_views` views, a decision that is missing, `until`, or the end."""
        while (status := self._advance(most_views, min(until, self._until))) is Status.DONE:
            if not self._switches or self._until > until:
                return Status.PAUSED if self._agenda.heap or self._switches else Status.DONE
            self._switch()
        return status

    def _advance(self, most_views: int, until: Seconds) -> Status:
        """Let time pass as `advance` does, and switch to no other scenario."""
        heap, alarms = self._agenda.heap, self._alarms.at
        while heap and self.health.stopped is None:
            at, _, kind, member = heap[0]
            if at >= until:
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
            elif alarms[member] == at and member not in self._under_way:
                self.now = at
                if member in self.world.suspended and self.world.is_suspended(member, at):
                    self._alarms.skip(member, self._turns[member], at)
                    self._hand_over(member, self._turns[member], at)
                    continue
                self._wake(member, at)
                if len(self.views) >= most_views:
                    return Status.FULL
        return Status.DONE if self.health.stopped is None else Status.STOPPED

    def _switch(self) -> None:
        switch = self._switches.take()
        before = self._cohorts
        self._use(switch.scenario)
        self._triggers.use(switch.scenario, self._cohorts)
        inform(self.world, switch.scenario)
        self._cues.switch(switch)
        self._interventions.use(switch.scenario, self.feeds, switch.at)
        for member, cohort in enumerate(before):
            if member not in self._under_way:
                self._alarms.reset(member, self._turns[member], switch.at, cohort.rhythm)

    def _play(self, number: int, member: int, at: Seconds) -> None:
        self._tally.planned += 1
        if number >= INTERVENTION:
            self._interventions.happen(number - INTERVENTION, at, self._cues.next_number())
        else:
            self._apply(member, self._cues.action(number), at, cue=number)

    def _wake(self, member: int, at: Seconds) -> None:
        world, cohort = self.world, self._cohorts[member]
        turn = self._turns[member]
        self._turns[member] = turn + 1
        handle = world.handles[member]
        try:
            view, exposures = world.observe(
                handle, at, self.feeds[cohort.name], turn=turn,
                seed=draws.bits_of_turn(self.scenario.seed, handle, turn),
                refused=self._refusals.pop(member, ()),
            )  # fmt: skip
        except UserCodeError as error:
            error.turn = turn
            if error.interrupted or not self._fails_turns:
                raise
            exposures = ExposureBatch(at, handle, turn, (), (), (), ())
            self._decisions[member] = Decision(handle, turn, (), (CODE_ERROR,), error.reason)
        else:
            if self._interventions.overrides:
                view = self._interventions.with_changes(view, member)
            self.views.append(self.health.shown(view, cohort.name))
            self.exposure_batches.append(exposures)
        self._under_way[member] = exposures
        self._tally.planned += 1
        self._agenda.push(rounded(at + cohort.reacts_in), LAND, member)

    def _land(self, member: int, at: Seconds) -> None:
        landing, cohort = self._under_way.pop(member), self._cohorts[member].name
        decision = self.health.see(cohort, self._decisions.pop(member), at)
        if decision.failure is not None:
            self._record(failed_turn(decision, landing, cohort, at))
        else:
            try:
                self._act(member, landing, decision, at)
            except UserCodeError:
                self._under_way[member] = landing  # its turn stays under way
                raise
        triggered = self._triggers.landed(member)
        self._alarms.set_after(member, landing.turn, at, triggered=triggered)
        if self._floors:
            self._hand_over(member, landing.turn, at)

    def _hand_over(self, member: int, turn: int, at: Seconds) -> None:
        """Wake whom the rhythm of a member's cohort gives the floor to after a turn."""
        if (whom := next_speaker(self._floors, self.world, member, turn, at)) is not None:
            self._triggers.wake_sooner(whom, at)

    def _act(self, member: int, landing: ExposureBatch, decision: Decision, at: Seconds) -> None:
        refusals = []
        for part, action in enumerate(decision.actions or (Pass(),)):
            event = self._apply(
                member, action, at, woke=landing.time, turn=landing.turn, part=part,
                marks=decision.marks if part == 0 else (), shown=landing.posts if part == 0 else (),
            )  # fmt: skip
            if event.outcome == REFUSED:
                refusals.append(f"{action.verb}: {event.reason}")
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
        forbidden = None if permitted else f"cohort {cohort!r} has no verb {action.verb!r}"
        try:
            event = self.world.apply(
                self.world.handles[member], action, at, woke=woke, turn=turn, cue=cue, part=part,
                marks=marks, shown=shown, forbidden=forbidden,
            )  # fmt: skip
        except UserCodeError as error:
            if error.interrupted or not self._fails_turns:
                raise
            event = self.world.apply(
                self.world.handles[member], action, at, woke=woke, turn=turn, cue=cue, part=part,
                marks=(*marks, CODE_ERROR), shown=shown, forbidden=error.reason,
            )._replace(outcome=FAILED)  # fmt: skip
        self.events.append(event)
        self._tally.count(event)
        if self.world.network.changes or self.world.state_changes:
            self.changes.note(at)
        if event.outcome == DONE and (self.world.triggered or self._triggers.posts_wake):
            posted = event.made is not None or action.relation == "repost"
            self._triggers.happened(member, posted, at)
        return event

    def _record(self, event: Event) -> None:
        """Take the row of an intervention, or of a turn that failed."""
        self.events.append(event)
        self._tally.count(event)
        self.changes.note(event.time)
        self._triggers.happened(0, posted=False, at=event.time)
