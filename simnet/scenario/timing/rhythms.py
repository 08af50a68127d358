"""When a persona wakes. A rhythm is a value that says when the next wake is.

Their draws are keyed by (seed, persona, turn): see `simnet.draws`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, runtime_checkable

from simnet import draws
from simnet.clock import MINUTE, SECOND, Seconds
from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.numbers.portable_math import log

NOTHING: frozenset[str] = frozenset()


class Rhythm(Protocol):
    """Say when a persona wakes next, in simulated seconds; None means never again by itself."""

    @property
    def triggered_by(self) -> frozenset[str]:
        """Which events wake the persona too: post, reply, quote, mention, message."""
        ...

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Time of the first wake."""
        ...

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Time of the wake after turn `turn`, whose action landed at `now`."""
        ...

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Time of the wake that something at `now` causes."""
        ...


@runtime_checkable
class NamesSpeakers(Protocol):
    """A rhythm that names people, all of whom a scenario has to have."""

    def all_speakers(self) -> Iterable[str]:
        """Return their handles."""
        ...


@checked
@dataclass(frozen=True)
class Exponential:
    """Wake at random: the rests between turns are exponential.

    A rest lasts from the moment at which a turn lands to the next wake. A turn takes the cohort's
    `reacts_in`, during which nobody wakes, so the mean time between two wakes is
    `mean + reacts_in`. With a `reacts_in` of 0 wakes would form a Poisson process.
    """

    mean: Seconds = 30 * MINUTE
    """Mean rest; `Exponential(10 * MINUTE - reacts_in)` wakes every 10 minutes on average."""
    triggered_by: frozenset[str] = NOTHING
    """Kinds of events that wake them besides: post, reply, quote, mention, message."""
    delay: Seconds = SECOND
    """Mean time until a triggered persona looks, exponential too."""

    def __post_init__(self) -> None:
        check_spans(self, mean=self.mean, delay=self.delay)

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Rest once from the start."""
        return exponential(self.mean, draw())

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Rest once more."""
        return now + exponential(self.mean, draw())

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Look soon."""
        return now + exponential(self.delay, draw())


@checked
@dataclass(frozen=True)
class Steps:
    """Wake at fixed steps, everyone at once: rounds, as most simulators have them."""

    every: Seconds
    """Simulated seconds from one step to the next."""
    offset: Seconds = 0.0
    """The time of step 0."""
    triggered_by: frozenset[str] = NOTHING
    """Kinds of events that wake them besides: post, reply, quote, mention, message."""

    def __post_init__(self) -> None:
        check_spans(self, every=self.every)
        _not_negative(self, offset=self.offset)

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Begin with step 0."""
        return self.offset

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Take the first step after `now`."""
        return self._next(now)

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Take the next step anyway, or the first one if it is to come."""
        return self._next(now)

    def _next(self, now: Seconds) -> Seconds:
        step = max(0.0, (now - self.offset) // self.every)
        while self.offset + step * self.every <= now:  # division rounds
            step += 1
        return self.offset + step * self.every


@checked
@dataclass(frozen=True)
class OnPost:
    """Sleep until someone one follows posts, then look after `delay`."""

    delay: Seconds = 0.0
    """Simulated seconds from the post to the look."""
    triggered_by: frozenset[str] = frozenset({"post"})
    """Kinds of events that wake them: post, reply, quote, mention, message."""

    def __post_init__(self) -> None:
        _not_negative(self, delay=self.delay)

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Never wake by itself."""
        return None

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Never wake by itself."""
        return None

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Look after the delay."""
        return now + self.delay


@checked
@dataclass(frozen=True)
class Never:
    """Stay silent but for cues."""

    triggered_by: frozenset[str] = NOTHING
    """Kinds of events that wake them besides: post, reply, quote, mention, message."""

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Never."""
        return None

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Never."""
        return None

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Never: nothing triggers it."""
        return inf


@checked
@dataclass(frozen=True)
class TakingTurns:
    """Speak in the order of a list of speakers, one every `every` seconds; then stop.

    Share one value between the cohorts of a discussion, and each speaker of `order` wakes at
    its places. See `round_robin`, `respond` and `random_order` for orders.
    """

    order: Sequence[str]
    """Handles; one who speaks several times is in it several times."""
    every: Seconds = MINUTE
    """Simulated seconds from one speaker to the next, the first one at 0."""
    triggered_by: frozenset[str] = NOTHING
    """Kinds of events that wake them besides: post, reply, quote, mention, message."""
    _places: dict[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_spans(self, every=self.every)
        places: dict[str, list[int]] = {}
        for place, speaker in enumerate(self.order):
            places.setdefault(speaker, []).append(place)
        object.__setattr__(self, "_places", places)

    def all_speakers(self) -> Iterable[str]:
        """Return the handles in the order."""
        return self.order

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Wake at one's first place."""
        return self._turn(who, 0)

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Wake at one's next place."""
        return self._turn(who, turn + 1)

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Wait for one's turn."""
        return inf

    def _turn(self, who: str, turn: int) -> Seconds | None:
        places = self._places.get(who, [])
        return places[turn] * self.every if turn < len(places) else None


@checked
def round_robin(speakers: Sequence[str], turns: int) -> list[str]:
    """List `turns` speakers, one after another and over again."""
    return [speakers[turn % len(speakers)] for turn in range(turns)]


@checked
def random_order(speakers: Sequence[str], turns: int, seed: int = 0) -> list[str]:
    """List `turns` speakers drawn evenly, none twice in a row if there are several."""
    order: list[str] = []
    for turn in range(turns):
        others = [speaker for speaker in speakers if not order or speaker != order[-1]]
        others = others or list(speakers)
        order.append(others[draws.below(len(others), seed, "speaker", turn)])
    return order


@checked
def respond(speakers: Sequence[str], turns: int, chance: float = 0.5, seed: int = 0) -> list[str]:
    """List `turns` speakers where the one before the last answers with a chance.

    Otherwise another is drawn evenly. The turn manager of the same name in SynDisco.
    """
    order: list[str] = []
    for turn in range(turns):
        if len(order) > 1 and draws.unit(seed, "respond", turn) < chance:
            order.append(order[-2])
        else:
            order += random_order(
                [speaker for speaker in speakers if speaker not in order[-1:]] or speakers,
                1,
                draws.bits(seed, "turn", turn),
            )
    return order


def exponential(mean: Seconds, chance: float) -> Seconds:
    """Turn a number in [0, 1) into a time with an exponential distribution.

    A draw is a multiple of 2**-53, so 1 - chance is exact, and the result is the same on every
    machine.
    """
    return -mean * log(1.0 - chance)


def check_spans(rhythm: object, **spans: Seconds) -> None:
    """Raise ScenarioError, naming rhythm and field, unless all are positive and finite."""
    for name, span in spans.items():
        if not 0 < span < inf:
            raise ScenarioError(
                f"{type(rhythm).__name__}({name}={span}): the rhythm would never advance; "
                f"give {name} a positive number of seconds"
            )


def _not_negative(rhythm: object, **spans: Seconds) -> None:
    for name, span in spans.items():
        if not 0 <= span < inf:
            raise ScenarioError(
                f"{type(rhythm).__name__}({name}={span}): give {name} 0 or more seconds"
            )
