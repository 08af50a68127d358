"""Reactions, of which a member has at most one to a post, and reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect, PostId, Relation, Text
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text

VOTES: Mapping[str, int] = MappingProxyType({"like": 1, "dislike": -1})
"""What a reaction adds to the karma of the author."""


def _count(post: Post, reaction: str, by: int) -> None:
    match reaction:
        case "like":
            post.likes += by
        case "dislike":
            post.dislikes += by
        case feeling:
            feelings = post.feelings = post.feelings or {}
            feelings[feeling] = feelings.get(feeling, 0) + by
            if not feelings[feeling]:
                del feelings[feeling]
    post.changed()


def _vote(world: WorldState, who: int, post: Post, reaction: str, by: int) -> None:
    """Count a reaction, and in the karma of the author if it is another's like or dislike."""
    _count(post, reaction, by)
    if reaction in VOTES and who != post.author_index:
        world.forum.karma[post.author_index] += VOTES[reaction] * by


def _react(world: WorldState, who: int, number: int, reaction: str) -> Effect:
    post = world.visible_post(who, number)
    before = world.reactions.get((who, number))
    if before == reaction:
        raise ActionError(f"you gave post {number} your {reaction} already")
    if before is not None:
        _vote(world, who, post, before, -1)
    if reaction == "dislike":
        world.engagement.disengaged(who, number)
    else:
        world.engagement.engaged(who, number)
    world.reactions[who, number] = reaction
    _vote(world, who, post, reaction, 1)
    return Effect(number, root=post.root, whom=post.author)


def _retract(world: WorldState, who: int, number: int, reaction: str) -> Effect:
    post = world.standing_post(number)
    if world.reactions.get((who, number)) != reaction:
        raise ActionError(f"you have no {reaction} on post {number}")
    del world.reactions[who, number]
    if reaction != "dislike":
        world.engagement.disengaged(who, number)
    _vote(world, who, post, reaction, -1)
    return Effect(number, root=post.root, whom=post.author)


@dataclass(frozen=True, slots=True)
class Like(Action):
    """Approve of a post."""

    verb: ClassVar[str] = "like"
    relation: ClassVar[Relation] = "reaction"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add a like, in place of another reaction."""
        return _react(world, who, self.post, "like")


@dataclass(frozen=True, slots=True)
class Unlike(Action):
    """Take a like back."""

    verb: ClassVar[str] = "unlike"
    relation: ClassVar[Relation] = "retraction"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Remove one's like."""
        return _retract(world, who, self.post, "like")


@dataclass(frozen=True, slots=True)
class Dislike(Action):
    """Disapprove of a post."""

    verb: ClassVar[str] = "dislike"
    relation: ClassVar[Relation] = "reaction"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add a dislike, in place of another reaction."""
        return _react(world, who, self.post, "dislike")


@dataclass(frozen=True, slots=True)
class UndoDislike(Action):
    """Take a dislike back."""

    verb: ClassVar[str] = "undislike"
    relation: ClassVar[Relation] = "retraction"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Remove one's dislike."""
        return _retract(world, who, self.post, "dislike")


@dataclass(frozen=True, slots=True)
class React(Action):
    """Answer a post with a feeling."""

    verb: ClassVar[str] = "react"
    relation: ClassVar[Relation] = "reaction"
    post: PostId
    """Number of the post."""
    feeling: Literal["love", "laugh", "angry", "sad"]
    """Which reaction."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add a feeling, in place of another reaction."""
        return _react(world, who, self.post, self.feeling)._replace(text=self.feeling)


@dataclass(frozen=True, slots=True)
class Report(Action):
    """Tell the moderators about a post."""

    verb: ClassVar[str] = "report"
    relation: ClassVar[Relation] = "moderation"
    post: PostId
    """Number of the post."""
    text: Text
    """Why; moderators read it."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Put a post into the moderators' report queue, with a reason."""
        post = world.visible_post(who, self.post)
        text = checked_text(self.text)
        if not post.reports:
            world.report_queue.append(post.id)
        post.reports += 1
        world.open_reports.setdefault(post.id, []).append((who, text))
        return Effect(post.id, root=post.root, whom=post.author, text=text)
