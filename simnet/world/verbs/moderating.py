"""Verbs of moderators. A moderator is a persona whose cohort has these."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

from simnet.clock import DAY, HOUR, Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect, Member, PostId, Relation, Text
from simnet.world.state.posts import MessageSeen
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text

Span: TypeAlias = Literal["hour", "day", "week", "month"]
SPANS: Mapping[str, Seconds] = MappingProxyType(
    {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
)
"""How long suspensions for a time last."""


def _not_suspended(world: WorldState, handle: str) -> int:
    whom = world.member(handle)
    if whom in world.suspended:
        raise ActionError(f"@{handle} is suspended already")
    return whom


@dataclass(frozen=True, slots=True)
class Label(Action):
    """Put a note under a post."""

    verb: ClassVar[str] = "label"
    relation: ClassVar[Relation] = "label"
    post: PostId
    """Number of the post."""
    text: Text
    """The note."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Show a note with the post from now on."""
        post = world.standing_post(self.post)
        post.label = checked_text(self.text)
        post.changed()
        world.settle(post, self.verb)
        return Effect(post.id, root=post.root, whom=post.author, text=self.text)


@dataclass(frozen=True, slots=True)
class Remove(Action):
    """Take a post down."""

    verb: ClassVar[str] = "remove"
    relation: ClassVar[Relation] = "removal"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Show the post to nobody any more and let nobody act on it."""
        post = world.standing_post(self.post)
        post.removed = True
        world.settle(post)
        return Effect(post.id, root=post.root, whom=post.author)


@dataclass(frozen=True, slots=True)
class Dismiss(Action):
    """Let a reported post stand."""

    verb: ClassVar[str] = "dismiss"
    relation: ClassVar[Relation] = "moderation"
    post: PostId
    """Number of a post that is reported."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Take a post out of the report queue."""
        post = world.standing_post(self.post)
        if not post.reports:
            raise ActionError(f"post {post.id} is not reported")
        world.settle(post)
        return Effect(post.id, root=post.root, whom=post.author)


@dataclass(frozen=True, slots=True)
class Pin(Action):
    """Keep a post at the top of the feeds it is in."""

    verb: ClassVar[str] = "pin"
    relation: ClassVar[Relation] = "moderation"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Rank a post before all that are not pinned."""
        post = world.standing_post(self.post)
        if post.id in world.pins:
            raise ActionError(f"post {post.id} is pinned already")
        world.pins.add(post.id)
        return Effect(post.id, root=post.root, whom=post.author)


@dataclass(frozen=True, slots=True)
class Suspend(Action):
    """Silence a member."""

    verb: ClassVar[str] = "suspend"
    relation: ClassVar[Relation] = "moderation"
    whom: Member
    """Handle of the member."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Refuse what the member tries, wake them no more, and hide their posts."""
        world.suspend(_not_suspended(world, self.whom))
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class SuspendFor(Action):
    """Silence a member for a time."""

    verb: ClassVar[str] = "suspend_for"
    relation: ClassVar[Relation] = "moderation"
    whom: Member
    """Handle of the member."""
    span: Span
    """How long, in simulated time: an `hour`, a `day`, a `week` or a `month` of 30 days."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Suspend the member; the suspension ends by itself after that time."""
        world.suspend(_not_suspended(world, self.whom), until=now + SPANS[self.span])
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Warn(Action):
    """Warn the author of a post, which stays."""

    verb: ClassVar[str] = "warn"
    relation: ClassVar[Relation] = "moderation"
    post: PostId
    """Number of the post."""
    text: Text
    """What the author is told."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Put a warning into the author's mail, and take the post out of the report queue."""
        post = world.standing_post(self.post)
        text = checked_text(self.text)
        world.strikes[post.author_index] += 1
        warning = MessageSeen(world.handles[who], None, f"Warning: {text}", now)
        world.send(post.author_index, warning)
        world.settle(post, self.verb)
        return Effect(post.id, root=post.root, whom=post.author, text=self.text)


@dataclass(frozen=True, slots=True)
class Reinstate(Action):
    """End a suspension."""

    verb: ClassVar[str] = "reinstate"
    relation: ClassVar[Relation] = "moderation"
    whom: Member
    """Handle of somebody who is suspended."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Let the member wake, act and be seen again."""
        whom = world.member(self.whom)
        if whom not in world.suspended:
            raise ActionError(f"@{self.whom} is not suspended")
        if whom in world.absent:
            raise ActionError(world.why_hidden(whom))
        world.reinstate(whom)
        world.triggered.append((whom, "reinstated"))
        return Effect(whom=self.whom)
