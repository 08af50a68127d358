"""A discrete model of a whole run: schedulers, hosts, engines and recorders; no benchmark itself.

Every turn is an event at its wake and one at its landing, a lookahead later. A scheduler takes its
events in the order of simulated time and may pass a landing only once its reply is there. Between
the two a turn takes CPU of a host, a slot of an engine for as long as the engine needs with so
many calls in flight, and CPU of a recorder.

Schedulers that share a society take windows of one lookahead each: what is decided in a window
lands in the next one at the earliest, so within a window they need not hear of each other, and at
its end they wait for the last of them (a conservative parallel simulation with the lookahead as
window: Chandy & Misra 1979, Nicol 1993).
"""

import heapq
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FULL = 0.85
"""A part that is busy for this share of the time holds the rest back."""


class Costs(NamedTuple):
    """CPU seconds of one turn, by the part that spends them."""

    scheduler: float
    host: float
    recorder: float


class Engine(NamedTuple):
    """How long a call takes on one engine, by how many it works on."""

    slots: int
    fixed: float
    """Seconds of a call that is alone."""
    per_call: float = 0.0
    """Seconds that each further call in flight adds."""
    sigma: float = 0.0
    """Of the lognormal factor of single calls, whose median is 1."""

    def seconds(self, calls: float) -> float:
        """Return the seconds of a call with so many in flight, before its factor."""
        return self.fixed + self.per_call * (calls - 1)

    @property
    def most(self) -> float:
        """Calls per second of a full engine."""
        return self.slots / (self.seconds(self.slots) * float(np.exp(self.sigma**2 / 2)))


@dataclass(frozen=True)
class Shape:
    """A society and what it runs on."""

    people: int
    engines: int
    engine: Engine
    costs: Costs
    cores: int
    """For hosts; 0 has the scheduler do all that hosts and recorders do, in one thread."""
    schedulers: int = 1
    lookahead: float = 60.0
    interval: float = 3600.0
    """Mean simulated seconds between two wakes of one person."""
    crossing: float = 0.1
    """Share of landings that another scheduler has to hear of; each costs one more landing."""
    sync: float = 0.005
    """Wall seconds of the exchange between two windows."""


class Outcome(NamedTuple):
    """What the model says of a shape."""

    rate: float
    """Turns per wall second."""
    flying: float
    """Mean number of calls in flight."""
    busy: dict[str, float]
    """Share of the time that each part works."""
    stalled: float
    """Share of the time that schedulers wait for replies or for each other."""

    @property
    def bottleneck(self) -> str:
        """The part that is full, or the order of events where none is."""
        part = max(self.busy, key=lambda one: self.busy[one])
        return part if self.busy[part] >= FULL else "order of events"


class Simulation:
    """Plays the turns of a shape."""

    def __init__(self, shape: Shape, turns: int, seed: int = 0) -> None:
        self.shape = shape
        chance = np.random.default_rng(seed)
        wakes = np.cumsum(chance.exponential(shape.interval / shape.people, turns))
        times = np.concatenate([wakes, wakes + shape.lookahead])
        self._order = np.argsort(times, kind="stable").tolist()
        self._times = times.tolist()
        self._turns = turns
        self._part = chance.integers(0, shape.schedulers, turns).tolist()
        factors = np.exp(shape.engine.sigma * chance.standard_normal(turns))
        self._factors = factors.tolist()
        self._abroad = (chance.random(turns) < shape.crossing).tolist()
        self._now = [0.0] * shape.schedulers
        self._recorded = [0.0] * shape.schedulers
        self._hosts = [0.0] * max(1, shape.cores)
        self._flying: list[float] = []
        self._done = [0.0] * turns
        self._spent = dict.fromkeys(("schedulers", "hosts", "recorders", "engines"), 0.0)

    def run(self) -> Outcome:
        """Play to the end; figures are those after two lookaheads, before the last.

        In the first one nothing lands, so its calls are not waited for before the second.
        """
        shape, window = self.shape, self.shape.lookahead
        first, last = 2 * shape.lookahead, self._times[self._turns - 1]
        landed, began, before = 0, None, dict(self._spent)
        until = window
        for event in self._order:
            time = self._times[event]
            if time > last:
                break
            if shape.schedulers > 1 and time >= until:
                until += window * ((time - until) // window + 1)
                self._now = [max(self._now) + shape.sync] * shape.schedulers
            if began is None and time >= first:
                began, before, landed = max(self._now), dict(self._spent), 0
            if event < self._turns:
                self._wake(event)
            else:
                self._land(event - self._turns)
                landed += 1
        if began is None or not landed:
            raise ValueError("too few turns for three lookaheads")
        return self._outcome(landed, max(self._now) - began, before)

    def _wake(self, turn: int) -> None:
        costs, engine, part = self.shape.costs, self.shape.engine, self._part[turn]
        self._now[part] += costs.scheduler / 2
        self._spent["schedulers"] += costs.scheduler / 2
        self._spent["hosts"] += costs.host
        if self.shape.cores:
            begin = max(self._now[part], self._hosts[0]) + costs.host
            heapq.heapreplace(self._hosts, begin)
        else:
            begin = self._now[part] = self._now[part] + costs.host
        flying = self._flying
        while flying and flying[0] <= begin:
            heapq.heappop(flying)
        if len(flying) >= engine.slots * self.shape.engines:
            begin = heapq.heappop(flying)
        calls = max(1.0, (len(flying) + 1) / self.shape.engines)
        seconds = engine.seconds(calls) * self._factors[turn]
        self._spent["engines"] += seconds
        self._done[turn] = begin + seconds
        heapq.heappush(flying, begin + seconds)

    def _land(self, turn: int) -> None:
        costs, part = self.shape.costs, self._part[turn]
        now = max(self._now[part], self._done[turn])
        own = costs.scheduler / 2
        if self.shape.schedulers > 1 and self._abroad[turn]:
            own *= 2  # it is packed here, and taken by another, which is one as likely as another
        self._spent["schedulers"] += own
        self._spent["recorders"] += costs.recorder
        if self.shape.cores:
            recorded = max(self._recorded[part], now) + costs.recorder
            self._recorded[part] = recorded
            now = max(now + own, recorded - 1.0)  # rows wait in a queue, up to a second's worth
        else:
            now += own + costs.recorder
        self._now[part] = now

    def _outcome(self, landed: int, wall: float, before: dict[str, float]) -> Outcome:
        shape = self.shape
        slots = shape.engine.slots * shape.engines
        of = {
            "schedulers": shape.schedulers,
            "hosts": max(1, shape.cores),
            "recorders": shape.schedulers,
            "engines": slots,
        }
        spent = {part: self._spent[part] - before[part] for part in of}
        if not shape.cores:
            spent["schedulers"] += spent.pop("hosts") + spent.pop("recorders")
        busy = {part: min(1.0, spent[part] / of[part] / wall) for part in spent}
        flying = spent["engines"] / wall
        return Outcome(landed / wall, flying, busy, 1 - busy["schedulers"])


def simulate(shape: Shape, turns: int, seed: int = 0) -> Outcome:
    """Play about so many turns of a shape, beside those of three lookaheads."""
    window = int(shape.people * shape.lookahead / shape.interval)
    return Simulation(shape, turns + 3 * window, seed).run()
