"""Verbs that put words or posts into the timeline."""

from dataclasses import dataclass
from typing import ClassVar

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.foundation.text import storable
from simnet.world.actions import Action, Effect, PostId, Relation, Text
from simnet.world.state.world_state import WorldState

LONGEST_TEXT = 10_000
"""Characters in a post, whatever a cohort's own limit."""


def checked_text(text: str) -> str:
    """Return a text that someone wants to publish.

    Raises ActionError for an empty text, one that is too long, and one with lone surrogates.
    """
    if not text.strip():
        raise ActionError("there is no text")
    if storable(text) != text:
        raise ActionError("the text holds a lone surrogate, which is half a character")
    if len(text) > LONGEST_TEXT:
        raise ActionError(f"the text has {len(text)} characters; a post holds {LONGEST_TEXT}")
    return text


@dataclass(frozen=True, slots=True)
class Write(Action):
    """Publish a new post."""

    verb: ClassVar[str] = "write"
    relation: ClassVar[Relation] = "post"
    text: Text
    """The text of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Begin a thread."""
        post = world.publish(who, checked_text(self.text), now)
        return Effect(made=post.id, root=post.root, text=self.text)


@dataclass(frozen=True, slots=True)
class Reply(Action):
    """Answer a post in its thread."""

    verb: ClassVar[str] = "reply"
    relation: ClassVar[Relation] = "reply"
    post: PostId
    """Number of the post that is answered."""
    text: Text
    """The answer."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add to a thread and tell the author of the post answered."""
        parent = world.visible_post(who, self.post)
        post = world.publish(who, checked_text(self.text), now, parent=parent)
        return Effect(self.post, post.id, post.root, parent.author, text=self.text)


@dataclass(frozen=True, slots=True)
class Quote(Action):
    """Pass a post on with words of one's own."""

    verb: ClassVar[str] = "quote"
    relation: ClassVar[Relation] = "quote"
    post: PostId
    """Number of the post that is shown."""
    text: Text
    """What is said about it."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Begin a thread that shows another post, and tell its author."""
        quoted = world.visible_post(who, self.post)
        post = world.publish(who, checked_text(self.text), now, quotes=quoted)
        return Effect(self.post, post.id, post.root, quoted.author, text=self.text)


@dataclass(frozen=True, slots=True)
class Repost(Action):
    """Pass a post on to one's followers, once."""

    verb: ClassVar[str] = "repost"
    relation: ClassVar[Relation] = "repost"
    post: PostId
    """Number of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Put someone's post into the feeds of one's followers."""
        post = world.visible_post(who, self.post)
        if (who, post.id) in world.reposted:
            raise ActionError(f"you reposted {post.id} already")
        world.reposted.add((who, post.id))
        world.reposters.setdefault(post.id, []).append(who)
        post.reposts += 1
        post.changed()
        world.enter(who, post, now)
        world.engagement.engaged(who, post.id)
        return Effect(post.id, root=post.root, whom=post.author)


@dataclass(frozen=True, slots=True)
class Pass(Action):
    """Read on and do nothing."""

    verb: ClassVar[str] = "pass"

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Change nothing."""
        return Effect()
