"""Watches the texts of each cohort while time passes, and rings the alarms of the scenario.

Turns are looked at where they land, in simulated order. So what an alarm does is a function of
the scenario, its seed and the replies, and a resume or a replay does it again. Memory holds a
byte for each turn of a window and cohort, and what distinct-n and the spread need of one window.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from simnet.clock import Seconds, format_time
from simnet.kernel.text_variety import Distinct, Spread
from simnet.scenario.cohort import Cohort
from simnet.scenario.scenario import Scenario
from simnet.scenario.text_alarms import NOTES, RATES, REPEATS, Alarm, Health, alarm_mark
from simnet.world.decision import Decision
from simnet.world.state.posts import View

_BITS = MappingProxyType({mark: 1 << place for place, mark in enumerate(RATES.values())})
"""The bit of each mark that is counted, in the byte of a turn."""
_MEASURES = tuple((measure, _BITS[mark]) for measure, mark in RATES.items())


class CohortHealth(NamedTuple):
    """The texts of one cohort so far, in figures."""

    cohort: str
    """Name of the cohort."""
    turns: int
    """Turns that wrote a text or failed; the rates are shares of these."""
    rates: Mapping[str, float]
    """Shares of all these turns by measure: `refusals`, `repeats`, `near_repeats`, `at_limit`."""
    recent: Mapping[str, float]
    """The measures over the newest `window` turns or texts. Those that are not taken, or not yet,
    are missing."""
    judged: int
    """Texts that were judged."""
    unjudged: int
    """Texts of which the judge gave no usable verdict."""
    alarms: Mapping[str, int]
    """How often each alarm began, by measure."""
    ringing: tuple[str, ...]
    """The measures whose alarm lasts."""


class HealthProgress(NamedTuple):
    """How the texts of a run are."""

    cohorts: tuple[CohortHealth, ...] = ()
    """Those that wrote or failed."""
    stopped: str | None = None
    """The alarm that ends the run, in one line."""
    fault: str | None = None
    """Why a measure is not taken although it was asked for."""


class TextHealth:
    """The watches of all cohorts of a run."""

    def __init__(self, *, watches: bool = True) -> None:
        """Begin without cohorts; with `watches=False` nothing is counted and no alarm rings."""
        self._watches = watches
        self._cohorts: dict[str, _Watch] = {}
        self._resamples: dict[str, int] = {}
        """By cohort, how often flawed replies are asked for again while an alarm lasts."""
        self.stopped: str | None = None
        """The alarm that ends the run, in one line."""

    def __deepcopy__(self, memo: object) -> "TextHealth":
        """Return one that shows views alike and counts nothing, as for a look ahead."""
        fresh = TextHealth(watches=False)
        fresh.stopped = self.stopped
        vars(fresh).update(_resamples=self._resamples.copy())
        return fresh

    def use(self, scenario: Scenario) -> None:
        """Follow the levels of a scenario from now on; what was counted stays."""
        for cohort in scenario.cohorts if self._watches else ():
            watch = self._cohorts.setdefault(cohort.name, _Watch(cohort))
            watch.use(scenario.health_of(cohort))
            self._resample(watch)

    def see(self, cohort: str, decision: Decision, at: Seconds) -> Decision:
        """Count the texts of a turn that lands; return it with the marks of alarms that begin."""
        watch = self._cohorts.get(cohort)
        if watch is None:
            return decision
        begun, changed = watch.see(decision)
        if changed:
            self._resample(watch)
        if not begun:
            return decision
        then = {measure: watch.alarms[measure].then for measure in begun}
        for measure in begun:
            if then[measure] == "stop" and self.stopped is None:
                self.stopped = f"{watch.describe(measure)}, at {format_time(at)}"
        # Vectors may be missing when the run goes on elsewhere: what is only shown marks nothing.
        recorded = [one for one in begun if one != "spread" or then[one] != "mark"]
        return decision._replace(marks=decision.marks + tuple(map(alarm_mark, recorded)))

    def shown(self, view: View, cohort: str) -> View:
        """Let flawed replies to a view be asked for again, if an alarm of the cohort says so."""
        if not self._resamples or cohort not in self._resamples:
            return view
        return view._replace(resamples=self._resamples[cohort])

    def progress(self) -> HealthProgress:
        """Return the figures so far."""
        watches = self._cohorts.values()
        reports = tuple([watch.report() for watch in watches if watch.turns])
        faults = (watch.fault for watch in watches if watch.fault is not None)
        return HealthProgress(reports, self.stopped, next(faults, None))

    def _resample(self, watch: "_Watch") -> None:
        most = max((alarm.resamples for alarm in watch.resampling()), default=0)
        if most:
            self._resamples[watch.cohort] = most
        else:
            self._resamples.pop(watch.cohort, None)


class _Watch:
    """What is counted of one cohort."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort.name
        self.health = Health()
        self.turns = 0
        self._counts: Counter[str] = Counter()
        self._recent: deque[int] = deque(maxlen=self.health.window)
        """The bits of the marks of the newest turns."""
        self._recent_counts = dict.fromkeys(RATES, 0)
        self._verdicts: deque[bool] = deque(maxlen=self.health.window)
        self._judged = self._unjudged = 0
        self.alarms: Mapping[str, Alarm] = {}
        """Those that are set, by measure."""
        self._rung: Counter[str] = Counter()
        self._ringing: dict[str, None] = {}
        self._distinct: Distinct | None = None
        self._spread: Spread | None = None
        self._reported: CohortHealth | None = None

    def use(self, health: Health) -> None:
        """Follow other levels; alarms that last ring anew if their measure is still past them."""
        if health == self.health and self.turns:
            return
        self.health, self.alarms = health, health.alarms
        self._recent = deque(self._recent, health.window)
        self._verdicts = deque(self._verdicts, health.window)
        for measure, bit in _MEASURES:
            self._recent_counts[measure] = sum(bool(bits & bit) for bits in self._recent)
        self._ringing.clear()
        self._distinct = Distinct(health) if health.distinct is not None else None
        self._spread = Spread(health) if health.spread is not None else None

    def see(self, decision: Decision) -> tuple[list[str], bool]:
        """Count a turn. Returns the measures whose alarm begins, and whether any began or ended."""
        written = [action for action in decision.actions if getattr(action, "text", None)]
        marks = decision.marks
        if not written and not marks and decision.failure is None:
            return [], False
        texts = [action.text for action in written if action.relation not in NOTES]  # type: ignore[attr-defined]
        if written and not texts:
            marks = tuple([mark for mark in marks if mark not in REPEATS])
        self.turns += 1
        self._count(marks)
        if decision.verdict is not None:
            self._judge(decision.verdict)
        if self._distinct is not None:
            self._distinct.add(texts)
        if self._spread is not None:
            self._spread.add(texts)
        return self._ring() if self.alarms else ([], False)

    def _count(self, marks: tuple[str, ...]) -> None:
        bits = 0
        for mark in marks:
            bits |= _BITS.get(mark, 0)
        recent = self._recent
        gone = recent[0] if len(recent) == recent.maxlen else 0
        recent.append(bits)
        if bits | gone:
            for measure, bit in _MEASURES:
                self._counts[measure] += bool(bits & bit)
                self._recent_counts[measure] += bool(bits & bit) - bool(gone & bit)

    def _judge(self, verdict: str) -> None:
        self._judged += 1
        if verdict == "none":
            self._unjudged += 1
        else:
            self._verdicts.append(verdict == "yes")

    def _ring(self) -> tuple[list[str], bool]:
        begun: list[str] = []
        ended = False
        for measure, alarm in self.alarms.items():
            value = self._value(measure)
            if value is None:
                continue
            if measure not in self._ringing:
                if _past(measure, value, alarm.level):
                    self._ringing[measure] = None
                    self._rung[measure] += 1
                    begun.append(measure)
            elif _is_back(measure, value, alarm.level):
                del self._ringing[measure]
                ended = True
        return begun, ended or bool(begun)

    def _value(self, measure: str) -> float | None:
        """Return a measure over the window; None while there are fewer than `least`."""
        if measure in RATES:
            return self._share(measure) if len(self._recent) >= self.health.least else None
        if measure == "adherence":
            few = len(self._verdicts) < self.health.least
            return None if few else sum(self._verdicts) / len(self._verdicts)
        taken = self._distinct if measure == "distinct" else self._spread
        return taken.value if taken is not None else None

    def _share(self, measure: str) -> float:
        return self._recent_counts[measure] / len(self._recent)

    def resampling(self) -> Iterator[Alarm]:
        """List the alarms that last and have flawed replies asked for again."""
        for measure in self._ringing:
            if self.alarms[measure].then == "resample":
                yield self.alarms[measure]

    @property
    def fault(self) -> str | None:
        """Why the spread is not measured."""
        return self._spread.fault if self._spread is not None else None

    def describe(self, measure: str) -> str:
        """Say in one line how far a measure is past its level."""
        value, level = self._value(measure) or 0.0, self.alarms[measure].level
        name = measure.replace("_", " ")
        if measure in RATES:
            over = f"{value:.1%} of the newest {len(self._recent)} turns, over {level:.1%}"
            return f"alarm: {name} in cohort {self.cohort!r}: {over}"
        return f"alarm: {name} in cohort {self.cohort!r}: {value:.3f}, under {level:g}"

    def report(self) -> CohortHealth:
        """Return the figures; those of the last call if nothing came since."""
        if self._reported is not None and self._reported.turns == self.turns:
            return self._reported
        recent = {measure: self._share(measure) for measure in RATES} if self._recent else {}
        if self._verdicts:
            recent["adherence"] = sum(self._verdicts) / len(self._verdicts)
        for measure, taken in (("distinct", self._distinct), ("spread", self._spread)):
            if taken is not None and (value := taken.latest) is not None:
                recent[measure] = value
        self._reported = CohortHealth(
            cohort=self.cohort,
            turns=self.turns,
            rates={measure: self._counts[measure] / self.turns for measure in RATES},
            recent=recent,
            judged=self._judged,
            unjudged=self._unjudged,
            alarms=dict(self._rung),
            ringing=tuple(self._ringing),
        )
        return self._reported


def _past(measure: str, value: float, level: float) -> bool:
    return value > level if measure in RATES else value < level


def _is_back(measure: str, value: float, level: float) -> bool:
    """Whether an alarm ends: a rate is at half the level, so that it does not ring on and off."""
    return value <= level / 2 if measure in RATES else value >= level
