"""Verbs that change opinions: stating one's own, and being influenced by others.

The parameters of a rule are fields of the verb, so each event records them.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from simnet import draws
from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect
from simnet.world.bounds import Bounds
from simnet.world.state.opinions import (
    OPINIONS,
    Public,
    anchored,
    averaged,
    bounded_confidence,
    initial_opinion,
    opinion,
)
from simnet.world.state.world_state import WorldState

Share = Annotated[float, Bounds(0, 1, decimals=6)]
"""A number from 0 to 1."""
MOST_MEETINGS = 1_000_000


@dataclass(frozen=True, slots=True)
class HoldOpinion(Action):
    """State how far you agree, from 0 (not at all) to 1 (fully)."""

    verb: ClassVar[str] = "hold_opinion"
    records: ClassVar[tuple[str, ...]] = (OPINIONS,)
    value: Annotated[float, Bounds(0, 1)]
    """The opinion, 0 to 1."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Set the member's opinion."""
        world.kept[OPINIONS][world.handles[who]] = float(self.value)
        return Effect()


@dataclass(frozen=True, slots=True)
class Meet(Action):
    """Meet one of those you follow; both opinions move closer if they are close enough."""

    verb: ClassVar[str] = "meet"
    records: ClassVar[tuple[str, ...]] = (OPINIONS,)
    epsilon: Share
    """Opinions that differ by less move closer, 0 to 1."""
    mu: Share
    """By which share of the distance each moves, 0 to 1."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Draw a followee, and let both influence each other."""
        followees = world.network.followees(who)
        if not len(followees):
            raise ActionError("you follow nobody whom you could meet")
        drawn = draws.below(len(followees), world.facts.seed, "meets", world.handles[who], str(now))
        whom = int(followees[drawn])
        pair = [opinion(world, who), opinion(world, whom)]
        bounded_confidence(pair, np.zeros(1, np.int32), np.ones(1, np.int32), self.epsilon, self.mu)
        for member, value in zip((who, whom), pair, strict=True):
            world.kept[OPINIONS][world.handles[member]] = value
        return Effect(whom=world.handles[whom])


@dataclass(frozen=True, slots=True)
class MeetMany(Action):
    """Let members outside your cohort meet in pairs, one pair after the other."""

    verb: ClassVar[str] = "meet_many"
    records: ClassVar[tuple[str, ...]] = (OPINIONS,)
    epsilon: Share
    """Opinions that differ by less move closer, 0 to 1."""
    mu: Share
    """By which share of the distance each moves, 0 to 1."""
    meetings: Annotated[int, Bounds(1, MOST_MEETINGS)]
    """How many pairs meet, 1 or more."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Draw ties, or any pairs if nobody follows anybody, and let each pair meet."""
        public = Public(world, who)
        key = (world.facts.seed, "meetings", world.handles[who], str(now))
        first, second = public.pairs(self.meetings, *key)
        opinions = public.opinions.tolist()
        bounded_confidence(opinions, first, second, self.epsilon, self.mu)
        public.hold(np.array(opinions))
        return Effect()


@dataclass(frozen=True, slots=True)
class Adapt(Action):
    """Move your opinion towards the mean of those you follow."""

    verb: ClassVar[str] = "adapt"
    records: ClassVar[tuple[str, ...]] = (OPINIONS,)
    susceptibility: Share
    """Weight of the mean of the others, 0 to 1; the rest is that of the opinion at the start."""
    self_weight: Share
    """Weight of one's own opinion in that mean, 0 to 1."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Average with the followees, then mix with the member's opinion at the start."""
        followees = world.network.followees(who)
        if not len(followees):
            raise ActionError("you follow nobody who could influence you")
        own = opinion(world, who)
        others = sum(opinion(world, whom) for whom in followees.tolist()) / len(followees)
        average = self.self_weight * own + (1 - self.self_weight) * others
        start = initial_opinion(world, who)
        value = self.susceptibility * average + (1 - self.susceptibility) * start
        world.kept[OPINIONS][world.handles[who]] = value
        return Effect()


@dataclass(frozen=True, slots=True)
class AdaptAll(Action):
    """Let all members outside your cohort move towards those they follow, at once."""

    verb: ClassVar[str] = "adapt_all"
    records: ClassVar[tuple[str, ...]] = (OPINIONS,)
    susceptibility: Share
    """Weight of the mean of the others, 0 to 1; the rest is that of the opinion at the start."""
    self_weight: Share
    """Weight of a member's own opinion in that mean, 0 to 1."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Make one step of all opinions."""
        public = Public(world, who)
        averages = averaged(public.opinions, *public.ties(), self.self_weight)
        public.hold(anchored(averages, public.initial, self.susceptibility))
        return Effect()
