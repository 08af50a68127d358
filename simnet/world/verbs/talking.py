"""Verbs of messages and groups. What is said there is seen by its readers alone."""

from dataclasses import dataclass
from typing import ClassVar

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect, Group, Member, Relation, Text
from simnet.world.state.posts import MessageSeen
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text
from simnet.world.verbs.ties import other

LONGEST_GROUP_NAME = 64


def _group(world: WorldState, name: str) -> dict[int, None]:
    try:
        return world.groups[name]
    except KeyError:
        raise ActionError(f"there is no group {name!r}") from None


@dataclass(frozen=True, slots=True)
class Message(Action):
    """Write to one member alone."""

    verb: ClassVar[str] = "message"
    relation: ClassVar[Relation] = "message"
    whom: Member
    """Handle of the reader."""
    text: Text
    """The message."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Put a message into a member's mail."""
        whom = other(world, who, self.whom)
        world.reachable(who, whom)
        world.send(whom, MessageSeen(world.handles[who], None, checked_text(self.text), now))
        return Effect(whom=self.whom, text=self.text)


@dataclass(frozen=True, slots=True)
class CreateGroup(Action):
    """Open a group and join it."""

    verb: ClassVar[str] = "create"
    relation: ClassVar[Relation] = "tie"
    text: Text
    """Its name, which no other has."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add a group of that name."""
        name = checked_text(self.text).strip()
        if name in world.groups:
            raise ActionError(f"there is a group {name!r} already")
        if len(name) > LONGEST_GROUP_NAME:
            raise ActionError(f"a group's name has at most {LONGEST_GROUP_NAME} characters")
        world.groups[name] = {who: None}
        return Effect(group_name=name, text=self.text)


@dataclass(frozen=True, slots=True)
class JoinGroup(Action):
    """Become a member of a group."""

    verb: ClassVar[str] = "join"
    relation: ClassVar[Relation] = "tie"
    group: Group
    """Its name."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add oneself to a group."""
        group = _group(world, self.group)
        if who in group:
            raise ActionError(f"you are in {self.group!r} already")
        group[who] = None
        return Effect(group_name=self.group)


@dataclass(frozen=True, slots=True)
class LeaveGroup(Action):
    """Leave a group."""

    verb: ClassVar[str] = "leave"
    relation: ClassVar[Relation] = "tie"
    group: Group
    """Its name."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Take oneself out of a group."""
        group = _group(world, self.group)
        if who not in group:
            raise ActionError(f"you are not in {self.group!r}")
        del group[who]
        return Effect(group_name=self.group)


@dataclass(frozen=True, slots=True)
class SendToGroup(Action):
    """Write to the members of a group one is in."""

    verb: ClassVar[str] = "send"
    relation: ClassVar[Relation] = "message"
    group: Group
    """Name of a group that one is in."""
    text: Text
    """The message."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Put a message into the mail of all other members."""
        group = _group(world, self.group)
        if who not in group:
            raise ActionError(f"you are not in {self.group!r}")
        message = MessageSeen(world.handles[who], self.group, checked_text(self.text), now)
        for whom in group:
            if whom != who and who not in world.hidden_from(whom):
                world.send(whom, message)
        return Effect(group_name=self.group, text=self.text)
