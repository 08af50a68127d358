"""Verbs between members: follow, mute, block."""

from dataclasses import dataclass
from typing import ClassVar

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect, Member, Relation
from simnet.world.state.world_state import WorldState


def other(world: WorldState, who: int, handle: str) -> int:
    """Find a member who is not `who`. Raises ActionError otherwise."""
    whom = world.member(handle)
    if whom == who:
        raise ActionError("that is yourself")
    return whom


@dataclass(frozen=True, slots=True)
class Follow(Action):
    """Subscribe to someone."""

    verb: ClassVar[str] = "follow"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add an edge to the network."""
        whom = other(world, who, self.whom)
        world.reachable(who, whom)
        if world.network.follows(who, whom):
            raise ActionError(f"you follow @{self.whom} already")
        world.network.follow(who, whom)
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Unfollow(Action):
    """Stop following someone."""

    verb: ClassVar[str] = "unfollow"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Drop an edge of the network."""
        whom = other(world, who, self.whom)
        if not world.network.follows(who, whom):
            raise ActionError(f"you do not follow @{self.whom}")
        world.network.unfollow(who, whom)
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Mute(Action):
    """See no more of someone, without telling them."""

    verb: ClassVar[str] = "mute"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Hide a member from one's own feed."""
        whom = other(world, who, self.whom)
        if whom in world.mutes[who]:
            raise ActionError(f"you muted @{self.whom} already")
        world.mutes[who].add(whom)
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Unmute(Action):
    """See someone again."""

    verb: ClassVar[str] = "unmute"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Undo a mute."""
        whom = other(world, who, self.whom)
        if whom not in world.mutes[who]:
            raise ActionError(f"you did not mute @{self.whom}")
        world.mutes[who].remove(whom)
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Block(Action):
    """Neither see someone nor be seen by them."""

    verb: ClassVar[str] = "block"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Hide two members from each other and drop the ties between them."""
        whom = other(world, who, self.whom)
        if whom in world.blocks[who]:
            raise ActionError(f"you blocked @{self.whom} already")
        world.blocks[who].add(whom)
        world.blocked_by[whom].add(who)
        world.network.unfollow(who, whom)
        world.network.unfollow(whom, who)
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Unblock(Action):
    """Lift a block; the ties it dropped stay dropped."""

    verb: ClassVar[str] = "unblock"
    relation: ClassVar[Relation] = "tie"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Undo a block."""
        whom = other(world, who, self.whom)
        if whom not in world.blocks[who]:
            raise ActionError(f"you did not block @{self.whom}")
        world.blocks[who].remove(whom)
        world.blocked_by[whom].remove(who)
        return Effect(whom=self.whom)
