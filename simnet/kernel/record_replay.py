"""The world of a run rebuilt from its recorded events and exposures; no model is called.

Events hold every decision, so a kernel with the same scenario does all of it again, looks
included: which of them came before which event, and what a look took of mail, mentions and
search results, follows from the schedule and the feeds. Exposures are compared with what the
looks show.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from simnet.agents.reply_flags import CODE_ERROR
from simnet.errors import DivergenceError, RecordError
from simnet.kernel.intervening import KnownChecks, checks_in
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.world.actions import Action
from simnet.world.decision import Decision
from simnet.world.event_codec import decode_action
from simnet.world.events import FAILED, Event, Exposure
from simnet.world.state.posts import View
from simnet.world.verbs import EVERY_VERB, Pass
from simnet.world.world import World

VIEWS_AT_ONCE = 1024

Turn: TypeAlias = tuple[str, int]
"""Handle, and number of the turn."""


def rebuild(
    scenario: Scenario,
    events: Iterable[Event],
    exposures: Iterable[Exposure],
    switches: Sequence[ScenarioSwitch] = (),
) -> World:
    """Rebuild the world of a run; its digest is the `state_hash` of the manifest.

    Takes the rows of both tables in their recorded order. Of a run that stopped early, the
    world is that of the moment at which the first decision is missing. Raises RecordError for
    an event whose verb is neither built in nor of its cohort, DivergenceError, naming the row,
    if the kernel makes another row than was recorded.
    """
    replay = _Replay(events, exposures)
    kernel = Kernel(
        scenario, switches, fails_turns=replay.fails_turns, checks=replay.measure_checks
    )
    status, delivered = Status.FULL, True
    while status is not Status.DONE and (delivered or status is Status.FULL):
        status = kernel.advance(VIEWS_AT_ONCE)
        views, kernel.views = kernel.views, []
        decisions = replay.decisions(views, kernel.scenario)
        kernel.deliver(decisions)
        delivered = bool(decisions)
        rows = kernel.take_rows()
        replay.compare_events(rows.events)
        for batch in rows.exposure_batches:
            replay.compare_exposures((batch.who, batch.turn), batch.exposures())
    replay.check_complete()
    return kernel.world


class _Replay:
    """What was recorded and is not done again yet."""

    def __init__(self, events: Iterable[Event], exposures: Iterable[Exposure]) -> None:
        self._events = [e._replace(marks=tuple(e.marks), shown=tuple(e.shown)) for e in events]
        self._compared = 0
        self._turns: defaultdict[Turn, list[tuple[int, Event]]] = defaultdict(list)
        for number, event in enumerate(self._events):
            if event.turn is not None:
                self._turns[event.who, event.turn].append((number, event))
        self._shown: defaultdict[Turn, list[Exposure]] = defaultdict(list)
        for exposure in exposures:
            self._shown[exposure.who, exposure.turn].append(exposure)

    @property
    def measure_checks(self) -> KnownChecks:
        """What measures were when they were checked."""
        return checks_in(self._events)

    @property
    def fails_turns(self) -> bool:
        """Whether turns failed whose code did."""
        return any(CODE_ERROR in event.marks for event in self._events)

    def decisions(self, views: Iterable[View], scenario: Scenario) -> list[Decision]:
        """Read the decisions about views; a turn without a recorded event has none."""
        verbs = {
            cohort.name: {verb.verb: verb for verb in (*EVERY_VERB, *cohort.verbs)}
            for cohort in scenario.cohorts
        }
        turns = [self._turns.get((view.who, view.turn), []) for view in views]
        return [_decision(rows, verbs[rows[0][1].cohort]) for rows in turns if rows]

    def compare_events(self, made: Sequence[Event]) -> None:
        """Compare the next events."""
        end = self._compared + len(made)
        recorded = islice(self._events, self._compared, end)
        for number, (event, row) in enumerate(zip(made, recorded, strict=False), self._compared):
            if event != row:
                raise DivergenceError(f"event {number} was {row}; replayed it is {event}")
        if end > len(self._events):
            event = made[len(self._events) - self._compared]
            raise DivergenceError(f"event {len(self._events)} is missing; replayed it is {event}")
        self._compared = end

    def compare_exposures(self, turn: Turn, made: list[Exposure]) -> None:
        """Compare what one look showed; a turn of which nothing was recorded is left out."""
        recorded = self._shown.pop(turn, [])
        if made != recorded and (recorded or turn in self._turns):
            who, number = turn
            raise DivergenceError(
                f"turn {number} of @{who} was shown {recorded}; replayed it is {made}"
            )

    def check_complete(self) -> None:
        """Raise DivergenceError if something recorded was not done again."""
        if self._compared < len(self._events):
            row = self._events[self._compared]
            raise DivergenceError(f"event {self._compared} was {row}; replayed it is missing")
        for (who, turn), rows in self._shown.items():
            raise DivergenceError(f"turn {turn} of @{who} was shown {rows}; replayed it is missing")


def action_of(row: Event, verb_of: Mapping[str, type[Action]], number: int) -> Action:
    """Read the action of event `number`. Raises RecordError if its verb has no class."""
    if row.verb not in verb_of:
        raise RecordError(
            f"event {number} has the verb {row.verb!r}, which is none of "
            f"{', '.join(verb_of)}; name the verb's class"
        )
    return decode_action(verb_of[row.verb], row)


def _decision(rows: Sequence[tuple[int, Event]], verbs: Mapping[str, type[Action]]) -> Decision:
    _, first = rows[0]
    assert first.turn is not None
    failed = first.outcome == FAILED and first.verb == Pass.verb
    failure = first.reason if failed else None
    actions = () if failed else tuple(action_of(row, verbs, n) for n, row in rows)
    return Decision(first.who, first.turn, actions, first.marks, failure)
