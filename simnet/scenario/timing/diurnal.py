"""A rhythm that follows the clock: hours of the day, days of the week, time zones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simnet.clock import HOUR, SECOND, Seconds
from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona
from simnet.scenario.timing.rhythms import NOTHING, check_spans, exponential

Zone: TypeAlias = str | float
"""A name of the time zone database, such as `Europe/Rome`, or hours east of Greenwich."""

PROFILES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "evening": (
            *(5, 3, 2, 1, 1, 1, 2, 4, 6, 7, 7, 7),
            *(8, 8, 7, 7, 7, 8, 9, 10, 12, 12, 10, 8),
        ),
        "office": (
            *(1, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 3, 9, 11, 11, 10),
            *(8, 10, 11, 11, 10, 6, 3, 2, 2, 2, 2, 1),
        ),
        "night": (
            *(12, 11, 10, 8, 6, 4, 2, 1, 1, 1, 1, 2),
            *(3, 4, 4, 4, 4, 4, 5, 6, 7, 9, 10, 12),
        ),
        "flat": (1,) * 24,
    }
)
"""Weights of the hours from midnight on, in the shape that platforms report, not their data.

`evening` sleeps at night and is busiest at 20 and 21 o'clock, as members of social networks
are (Golder, Wilkinson & Huberman 2007); `office` uses the network at work; `night` is awake
when others sleep; `flat` makes a Poisson process.
"""

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_FIRST_WEEKDAY = 3  # of Unix time: it began on a Thursday


@checked
@dataclass(frozen=True)
class Diurnal:
    """Wake at random, more often at some hours of the local day and some days of the week.

    From the moment a turn lands, the next wake is the first event of a Poisson process whose rate
    follows the clock, drawn by thinning (Lewis & Shedler 1979). Nobody wakes during a turn, which
    takes the cohort's `reacts_in`; `expected` says how many wakes are left.

    Raises ScenarioError for weights that are not 24 or 7 numbers, an unknown profile or time zone,
    and a start without a time zone.
    """

    mean: Seconds = 4 * HOUR
    """Mean of that process between two events, over a whole week: `DAY / 6` for six a day."""
    profile: str | Sequence[float] = field(default="evening")
    """Weights of the 24 hours from midnight on, or the name of one of `PROFILES`."""
    weekdays: Sequence[float] = field(default=(1.0,) * 7, repr=False)
    """Weights of the days from Monday on."""
    zone: Zone | Mapping[str, Zone] = field(default=0.0, repr=False)
    """Time zone of all, or of each by handle; see `zones`."""
    starts: datetime = field(default=MONDAY, repr=False)
    """The moment of simulated time 0; a Monday, midnight in Greenwich, unless said."""
    triggered_by: frozenset[str] = NOTHING
    """Which events wake the persona too; see `Rhythm`."""
    delay: Seconds = SECOND
    """Mean time until a triggered persona looks."""
    _rates: tuple[float, ...] = field(init=False, repr=False, compare=False)
    """Wakes a second in each of the 168 hours of the week from Monday on."""

    def __post_init__(self) -> None:
        check_spans(self, mean=self.mean, delay=self.delay)
        hours = _weights("profile", _named(self.profile), 24)
        days = _weights("weekdays", self.weekdays, 7)
        scale = 24 * 7 / (sum(hours) * sum(days) * self.mean)
        object.__setattr__(self, "_rates", tuple(d * h * scale for d in days for h in hours))
        if self.starts.tzinfo is None:
            raise ScenarioError(
                f"Diurnal(starts={self.starts}): give it a time zone, such as tzinfo=UTC"
            )
        for zone in self.zone.values() if isinstance(self.zone, Mapping) else [self.zone]:
            _known(zone)

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Wait from the start."""
        return self.after(who, -1, 0.0, draw)

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Draw times at the highest rate and keep one with the chance of its hour."""
        zone, highest = self.zone_of(who), max(self._rates)
        at = now
        while True:
            at += exponential(1 / highest, draw())
            if draw() * highest < self._rates[self._hour(zone, at)]:
                return at

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Look soon, whatever the hour."""
        return now + exponential(self.delay, draw())

    def zone_of(self, who: str) -> Zone:
        """Find the time zone of a persona. Raises ScenarioError if it has none."""
        if not isinstance(self.zone, Mapping):
            return self.zone
        try:
            return self.zone[who]
        except KeyError:
            raise ScenarioError(f"Diurnal(zone=...) has no time zone for @{who}") from None

    def expected(self, zone: Zone, start: Seconds, end: Seconds, rest: Seconds) -> float:
        """Estimate the wakes from `start` to `end`, each followed by `rest` asleep."""
        wakes, at = 0.0, start
        while at < end:
            until = min(at + HOUR, end)
            rate = self._rates[self._hour(zone, at)]
            wakes += (until - at) * rate / (1 + rate * rest)
            at = until
        return wakes

    def _hour(self, zone: Zone, at: Seconds) -> int:
        """Return the local hour of the week, 0 to 167."""
        moment = self.starts.timestamp() + at
        hours = int((moment + _east_of_greenwich(zone, moment)) // HOUR)
        return (hours + 24 * _FIRST_WEEKDAY) % (24 * 7)


@checked
def zones(people: Sequence[Persona], attribute: str = "timezone") -> dict[str, Zone]:
    """Read each persona's time zone from an attribute: a zone's name, or hours.

    Raises ScenarioError for a persona without it.
    """
    found: dict[str, Zone] = {}
    for persona in people:
        zone = persona.attributes.get(attribute)
        if not isinstance(zone, str | int | float) or isinstance(zone, bool):
            raise ScenarioError(
                f"@{persona.id} has {attribute}={zone!r}; give them a time zone, such as "
                "'Europe/Rome', or hours east of Greenwich"
            )
        found[persona.id] = zone
    return found


def _named(profile: str | Sequence[float]) -> Sequence[float]:
    if not isinstance(profile, str):
        return profile
    if profile not in PROFILES:
        raise ScenarioError(
            f"Diurnal(profile={profile!r}): there is no such profile; there are "
            f"{', '.join(PROFILES)}, or give 24 weights"
        )
    return PROFILES[profile]


def _weights(name: str, weights: Sequence[float], count: int) -> Sequence[float]:
    fit = len(weights) == count and all(0 <= weight < float("inf") for weight in weights)
    if not (fit and any(weights)):
        raise ScenarioError(
            f"Diurnal({name}={weights}): give {count} weights, 0 or more and not all 0"
        )
    highest = max(weights)  # the least float there is would be lost in a sum or a quotient
    return [weight / highest for weight in weights]


def _known(zone: Zone) -> None:
    if isinstance(zone, str):
        _zone_named(zone)
    elif not -24 < zone < 24:
        raise ScenarioError(f"Diurnal(zone={zone}): hours east of Greenwich are -24 to 24")


@cache
def _zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScenarioError(
            f"Diurnal(zone={name!r}): there is no such time zone; names are like 'Europe/Rome'"
        ) from None


def _east_of_greenwich(zone: Zone, moment: float) -> Seconds:
    if not isinstance(zone, str):
        return zone * HOUR
    offset = datetime.fromtimestamp(moment, _zone_named(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0
