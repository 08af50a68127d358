"""Carries out interventions: at set times, and when a measure of the world crosses a level.

A setting such as a manner belongs to the scenario in use. So at a switch, those of the scenario
that takes over hold, as far as they are due by then; what changed the world stays changed.
"""

import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from simnet.agents.reply_flags import CODE_ERROR
from simnet.clock import Seconds, rounded
from simnet.errors import UserCodeError
from simnet.kernel.heap import INTERVENTION, Agenda
from simnet.kernel.overrides import Overrides
from simnet.scenario.interventions.directory import Directory, Target
from simnet.scenario.interventions.intervention import Intervention, Step
from simnet.scenario.interventions.on_world import Act
from simnet.scenario.interventions.presence import absent_at_start
from simnet.scenario.interventions.schedule import At, When
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Effect
from simnet.world.events import DONE, FAILED, OUTSIDE, REFUSED, Event
from simnet.world.feeds.feed import Feed
from simnet.world.outside import make_absent
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import MemoryChange, ViewerChanges
from simnet.world.world import World

CHECK = "check"
"""The verb of events that say what a measure was."""
AWAY = "You are not on the platform at this time."
SUSPENDED = "You are suspended from the platform at this time."

KnownChecks = Mapping[int, float | str]
"""Number of a cue that was a check -> the recorded value, or why the check failed."""
NO_CHECKS: KnownChecks = {}


@dataclass
class Watch:
    """How a When is going."""

    checks: int = 0
    """How many checks there were."""
    beyond: bool = False
    """Whether the value was beyond the level at the last check."""
    last: Seconds | None = None
    """When it happened last; None if it has not yet."""


class Interventions:
    """The interventions of the scenario in use; the stage on which they happen."""

    def __init__(
        self,
        world: World,
        agenda: Agenda,
        perform: Callable[..., Event],
        record: Callable[[Event], None],
        known: KnownChecks,
        *,
        fails_turns: bool,
    ) -> None:
        """Take the world, and how the kernel does an action of a member and records an event.

        `known` are the checks of a run that is repeated. With `fails_turns` a measure that fails
        fails its check alone, else UserCodeError is raised.
        """
        self.world = world
        self._agenda, self._perform, self._record = agenda, perform, record
        self._known, self._fails_turns = known, fails_turns
        self._entries: Sequence[At | When] = ()
        self._watches: dict[int, Watch] = {}
        self._feeds: MutableMapping[str, Feed] = {}
        self._lasts: Seconds = 0.0
        self.directory = Directory((), {})
        self.overrides = Overrides()

    def begin(self, scenario: Scenario, feeds: MutableMapping[str, Feed]) -> None:
        """Begin with a scenario: those who join later are away."""
        self.use(scenario, feeds, 0.0)
        for member in absent_at_start(scenario.interventions, self.directory):
            make_absent(self.world, member)

    def use(self, scenario: Scenario, feeds: MutableMapping[str, Feed], since: Seconds) -> None:
        """Follow a scenario from a time on, whose feeds may be changed in `feeds`."""
        before, watches = self._entries, self._going()
        self._entries, self._watches, self._feeds = scenario.interventions, {}, feeds
        if not (before or self._entries):
            return
        self.directory = Directory(scenario.cohorts, self.world.index)
        self._agenda.drop_interventions()
        self._lasts = scenario.lasts
        self.overrides.clear_settings()
        in_effect: list[tuple[Seconds, int]] = []
        for place, entry in enumerate(self._entries):
            if isinstance(entry, When):
                known = watches[str(entry)]
                watch = known.popleft() if known else Watch(_checks_before(since, entry.every))
                self._watches[place] = watch
                if watch.last is not None:
                    in_effect.append((watch.last, place))
                self._plan_check(place, entry)
            elif entry.at < since:
                in_effect.append((entry.at, place))
            elif entry.at <= scenario.lasts:
                self._agenda.push(rounded(entry.at), INTERVENTION + place, 0)
        for _, place in sorted(in_effect):
            self._set_again(self._entries[place].interventions)

    def _going(self) -> defaultdict[str, deque[Watch]]:
        """Return how each When is going, in order; arms differ in what stands before it."""
        found: defaultdict[str, deque[Watch]] = defaultdict(deque)
        for place, watch in self._watches.items():
            found[str(self._entries[place])].append(watch)
        return found

    def _set_again(self, interventions: Iterable[Intervention]) -> None:
        for one in interventions:
            if one.lasting:
                for _ in one.steps(self):
                    pass

    def _plan_check(self, place: int, entry: When) -> None:
        watch = self._watches[place]
        due = rounded((watch.checks + 1) * entry.every)
        if due <= self._lasts and (entry.again or watch.last is None):
            self._agenda.push(due, INTERVENTION + place, 0)

    def with_changes(self, view: View, member: int) -> View:
        """Return a view that says what interventions changed about the viewer."""
        changed = self.overrides.take(member, self.world.cohorts[member])
        if changed is None:
            return view
        return view._replace(changed=changed, news=(*changed.news, *view.news))

    def state_of(self, member: int, at: Seconds) -> ViewerChanges | None:
        """Return what waits for the next view of a member, and whether they are kept away."""
        world = self.world
        found = self.overrides.waiting(member, world.cohorts[member]) if self.overrides else None
        if not world.is_suspended(member, at):
            return found
        found = found or ViewerChanges()
        away = AWAY if member in world.absent else SUSPENDED
        return found._replace(news=(*found.news, away))

    def happen(self, place: int, at: Seconds, number: int) -> None:
        """Do what is due at `at`: a check, or interventions; `number` is that of the cue."""
        entry, part = self._entries[place], 0
        self.world.now = at
        if isinstance(entry, When):
            if not self._crosses(place, entry, at, number):
                return
            part = 1
        for one in entry.interventions:
            part = self._carry_out(one, place, at, number, part)
        if part == 0:
            step = Step(Effect(), refusal="it concerned nobody")
            self._note(entry.interventions[0].verb, place, step, at, number, part)

    def _carry_out(self, one: Intervention, place: int, at: Seconds, number: int, part: int) -> int:
        """Do one intervention; its rows are numbered from `part` on. Returns the next number."""
        if isinstance(one, Act):
            self._perform(self.directory.members(one.who)[0], one.does, at, cue=number, part=part)
            return part + 1
        for step in one.steps(self):
            self._note(one.verb, place, step, at, number, part)
            part += 1
        return part

    def _note(self, verb: str, place: int, step: Step, at: Seconds, number: int, part: int) -> None:
        effect, failed = step.effect, step.failed
        self._record(
            Event(
                time=at,
                woke=None,
                who=OUTSIDE,
                cohort=step.cohort,
                turn=None,
                cue=number,
                part=part,
                verb=step.verb or verb,
                outcome=FAILED if failed else DONE if step.refusal is None else REFUSED,
                reason=step.refusal,
                post=effect.post,
                root=effect.root,
                whom=effect.whom,
                text=effect.text,
                extra=json.dumps({"intervention": place, **step.values}, ensure_ascii=False),
                marks=(CODE_ERROR,) if failed else (),
            )
        )

    # -- checks ---------------------------------------------------------------------------------

    def _crosses(self, place: int, entry: When, at: Seconds, number: int) -> bool:
        """Measure, record the value, plan the next check, and say whether something happens."""
        watch = self._watches[place]
        watch.checks += 1
        value, failure = self._measured(entry, number)
        crosses = False
        if value is not None:
            beyond = entry.is_beyond(value)
            crosses = beyond and not watch.beyond
            watch.beyond = beyond
        if crosses:
            watch.last = at
        side = "above" if entry.below is None else "below"
        values = {"value": value, side: entry.level, "crossed": crosses}
        step = Step(Effect(text=entry.name), "", failure, values, failed=failure is not None)
        self._note(CHECK, place, step, at, number, 0)
        self._plan_check(place, entry)
        return crosses

    def _measured(self, entry: When, number: int) -> tuple[float | None, str | None]:
        """Return the value of a measure, or why there is none."""
        known = self._known.get(number)
        if isinstance(known, str):
            return None, known
        if known is not None:
            return known, None
        try:
            return entry.value(self.world), None
        except UserCodeError as error:
            if error.interrupted or not self._fails_turns:
                raise
            return None, error.reason

    # -- the stage ------------------------------------------------------------------------------

    def feed(self, cohort: str) -> Feed:
        """Return how the feed of a cohort is made now."""
        return self._feeds[cohort]

    def set_feed(self, cohort: str, feed: Feed) -> None:
        """Make the feed of a cohort in another way."""
        self._feeds[cohort] = feed
        (target,) = self.directory.targets(cohort)
        self.overrides.set(target, "feed_size", feed.size)
        self.overrides.set(target, "oldest_first", feed.oldest_first)

    def set_profile(self, target: Target, name: str, value: str | None) -> None:
        """Change a setting with which a person, or everyone in a cohort, thinks."""
        self.overrides.set(target, name, value)

    def give_news(self, target: Target, text: str) -> None:
        """Show a text with the next view."""
        self.overrides.give_news(target, text)

    def change_memory(self, target: Target, change: MemoryChange) -> None:
        """Change what is remembered, before the next turn."""
        self.overrides.change_memory(target, change)


def _checks_before(since: Seconds, every: Seconds) -> int:
    """Count the checks that were due before a time; one that is due at that time is to come."""
    checks = math.ceil(since / every)
    while checks and rounded(checks * every) >= since:  # what a division leaves over
        checks -= 1
    return checks


def checks_in(events: Iterable[Event]) -> KnownChecks:
    """Read the checks of measures from events."""
    found: dict[int, float | str] = {}
    for event in events:
        if event.verb == CHECK and event.who == OUTSIDE and event.cue is not None:
            value = json.loads(event.extra or "{}").get("value")
            found[event.cue] = value if value is not None else event.reason or ""
    return found
