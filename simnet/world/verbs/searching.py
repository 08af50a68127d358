"""Verbs that search; the results are in the searcher's next view."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import ClassVar

from simnet.clock import Seconds
from simnet.world.actions import Action, Effect, Text
from simnet.world.search_finding import Finding
from simnet.world.state.markup import tags_in
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text

REACH = 2_000
"""How many of the newest posts a search or a trend reads, so that its cost is bounded."""
FINDINGS = 5
"""How many posts, members or tags a search or a trend gives."""


def _recent(world: WorldState, who: int) -> Iterator[Post]:
    """Yield posts that a member may see, the newest first."""
    hidden = world.hidden_from(who)
    for post in world.posts[: -REACH - 1 : -1]:
        if not post.removed and post.author_index not in hidden:
            yield post


@dataclass(frozen=True, slots=True)
class SearchPosts(Action):
    """Look for posts that hold all the words."""

    verb: ClassVar[str] = "search"
    text: Text
    """Words and `#tags`, all of which a post has to have."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Find the newest posts with all words of a query; a `#tag` fits that tag alone."""
        words = checked_text(self.text).casefold().split()
        tags = {tag for tag in tags_in(self.text) if f"#{tag}" in words}
        words = [word for word in words if word[0] != "#" or word[1:] not in tags]
        fitting = (
            post
            for post in _recent(world, who)
            if (not tags or tags.issubset(post.tags))
            and all(word in post.text.casefold() for word in words)
        )
        found = list(islice(fitting, FINDINGS))
        news = tuple(Finding(f"found @{post.author}: ", post.text) for post in found)
        nothing = (f"nothing found for {self.text!r}",)
        world.findings[who] = (news or nothing, tuple(post.author for post in found))
        return Effect(text=self.text)


@dataclass(frozen=True, slots=True)
class SearchMembers(Action):
    """Look for members by handle."""

    verb: ClassVar[str] = "find"
    text: Text
    """What their handles are searched for."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Find members whose handle holds the query."""
        query = checked_text(self.text).casefold().strip().lstrip("@")
        hidden = world.hidden_from(who)
        found: list[str] = []
        for position, handle in enumerate(world.handles):
            if query in handle.casefold() and position != who and position not in hidden:
                found.append(handle)
                if len(found) == FINDINGS:
                    break
        news = tuple(f"found member @{handle}" for handle in found)
        world.findings[who] = (news or (f"nobody found for {self.text!r}",), tuple(found))
        return Effect(text=self.text)


@dataclass(frozen=True, slots=True)
class Trend(Action):
    """Ask what is talked about."""

    verb: ClassVar[str] = "trend"

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Find the commonest tags, and the posts with most reactions, replies and reposts."""
        recent = list(_recent(world, who))
        tags = Counter(chain.from_iterable([post.tags for post in recent]))
        weight = Counter(
            {post.id: post.reactions() + post.replies + post.reposts for post in recent}
        )
        top = [world.posts[number] for number, _ in weight.most_common(FINDINGS)]
        news = tuple(
            Finding("trending ", f"#{tag}", f": {count} post{'s' * (count > 1)}")
            for tag, count in tags.most_common(FINDINGS)
        )
        news += tuple(Finding(f"trending @{post.author}: ", post.text) for post in top)
        world.findings[who] = (news or ("nothing is trending",), tuple(p.author for p in top))
        return Effect()
