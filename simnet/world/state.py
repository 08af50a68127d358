"""What is true on the platform: members, posts, ties and messages. No clock, network or chance.

Rankings, sources and the rules of verbs take a `WorldState`; only `simnet.world.world.World`
begins a change. Members are positions in `handles` inside; users only ever meet handles.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.engagement import EngagementLog
from simnet.world.network import Network
from simnet.world.posts import MessageSeen, Post
from simnet.world.tfidf import Words

NOBODY: frozenset[int] = frozenset()
RECENT = 8
"""How many of one member's newest posts and reposts reach their followers' feeds."""


class WorldState:
    """The data of a world, what can be asked of it, and the steps that rules of verbs take."""

    def __init__(self, handles: Sequence[str], cohorts: Sequence[str], network: Network) -> None:
        """Take members' handles, the cohort of each, and who follows whom."""
        self.handles, self.cohorts, self.network = handles, cohorts, network
        self.index = {handle: position for position, handle in enumerate(handles)}
        self.now: Seconds = 0.0
        self.posts: list[Post] = []
        self.timeline: list[tuple[int, Post]] = []
        """Each post and each repost, in order: (who put it there, the post)."""
        self.posted: list[int] = []
        """For each entry of the timeline the number of its post; of a repost, ~ the entry's own."""
        self._entry_times: list[Seconds] = []
        self.entry_of: list[int] = []
        """For each post, its own entry in the timeline."""
        self.recent = np.full((len(handles), RECENT), -1, np.int32)
        """The newest timeline entries of each member, in no order; -1 where there is none."""
        self._entered: defaultdict[int, int] = defaultdict(int)
        self.reactions: dict[tuple[int, int], str] = {}
        """(member, post) -> like, dislike or a feeling."""
        self.reposted: set[tuple[int, int]] = set()
        self.report_queue: list[int] = []
        """Reported posts that still stand, oldest report first."""
        self.pins: set[int] = set()
        """Posts that come first in every feed they are in."""
        self.mutes: defaultdict[int, set[int]] = defaultdict(set)
        self.blocks: defaultdict[int, set[int]] = defaultdict(set)
        self.blocked_by: defaultdict[int, set[int]] = defaultdict(set)
        self.suspended: set[int] = set()
        self.groups: dict[str, dict[int, None]] = {}
        self.mail: defaultdict[int, list[MessageSeen]] = defaultdict(list)
        """Unread messages."""
        self.mentions: defaultdict[int, list[int]] = defaultdict(list)
        """Unread replies and quotes."""
        self.engagement = EngagementLog()
        """Who wrote and engaged with what lately; rankings by taste and popularity read it."""
        self.words = Words()
        """The words of the posts; a ranking that needs them fills it."""
        self.seen: defaultdict[int, dict[int, None]] = defaultdict(dict)
        """Posts each member was shown; in a dict those shown last lie together in memory."""
        self.forget_at: dict[int, int] = {}
        """Number of seen posts at which a member's old ones are dropped next."""
        self.findings: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        """Unread results of a member's last search or trend: lines of news, handles."""
        self.kept: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        """Data of custom verbs, each under a name; part of the digest, so use no sets."""
        self.triggered: list[tuple[int, str]] = []
        """(member, reply or quote or message) of each event; the kernel reads and clears it."""

    # -- steps that rules take --------------------------------------------------------

    def publish(
        self,
        who: int,
        text: str,
        now: Seconds,
        *,
        parent: Post | None = None,
        quotes: Post | None = None,
    ) -> Post:
        """Put a new post at the end of the timeline."""
        post = Post(len(self.posts), self.handles[who], who, text, now)
        if parent is not None:
            post.parent, post.root, post.to = parent.id, parent.root, parent.author
            parent.replies += 1
            parent.changed()
            self.mention(parent.author_index, post, "reply")
            self.engagement.engaged(who, parent.id)
        if quotes is not None:
            post.quotes = quotes
            quotes.reposts += 1
            quotes.changed()
            self.mention(quotes.author_index, post, "quote")
            self.engagement.engaged(who, quotes.id)
        self.engagement.wrote(who, post.id)
        self.posts.append(post)
        self.entry_of.append(len(self.timeline))
        self.enter(who, post, now)
        return post

    def enter(self, who: int, post: Post, now: Seconds) -> None:
        """Put `post` into the timeline of `who`'s followers."""
        entry = len(self.timeline)
        self.posted.append(post.id if self.entry_of[post.id] == entry else ~entry)
        self.timeline.append((who, post))
        self._entry_times.append(now)
        entered = self._entered[who]
        self.recent[who, entered % RECENT] = entry
        self._entered[who] = entered + 1

    def mention(self, whom: int, post: Post, how: str) -> None:
        """Add a reply or quote to a member's mentions, unless it is their own or hidden."""
        if whom != post.author_index and post.author_index not in self.hidden_from(whom):
            self.mentions[whom].append(post.id)
            self.triggered.append((whom, how))

    def send(self, whom: int, message: MessageSeen) -> None:
        """Put a message into a member's mail."""
        self.mail[whom].append(message)
        self.triggered.append((whom, "message"))

    # -- queries ----------------------------------------------------------------------

    def member(self, handle: str) -> int:
        """Find a member. Raises ActionError if there is none of that name."""
        try:
            return self.index[handle]
        except KeyError:
            raise ActionError(f"there is no @{handle}") from None

    def standing_post(self, number: int) -> Post:
        """Find a post that was not removed. Raises ActionError otherwise."""
        if not 0 <= number < len(self.posts):
            raise ActionError(f"there is no post {number}")
        if self.posts[number].removed:
            raise ActionError(f"post {number} was removed")
        return self.posts[number]

    def visible_post(self, who: int, number: int) -> Post:
        """Find a post that stands and whose author did not block `who`, nor `who` them."""
        post = self.standing_post(number)
        self.reachable(who, post.author_index)
        return post

    def reachable(self, who: int, whom: int) -> None:
        """Raise ActionError if a block or a suspension stands between two members."""
        if whom in self.blocks.get(who, NOBODY):
            raise ActionError(f"you blocked @{self.handles[whom]}")
        if whom in self.blocked_by.get(who, NOBODY):
            raise ActionError(f"@{self.handles[whom]} blocked you")
        if whom in self.suspended:
            raise ActionError(f"@{self.handles[whom]} is suspended")

    def hidden_from(self, viewer: int) -> frozenset[int] | set[int]:
        """Whose posts `viewer` does not see: muted, blocked either way, or suspended."""
        if not (self.mutes or self.blocks):
            return self.suspended or NOBODY
        tables = [
            table[viewer] for table in (self.mutes, self.blocks, self.blocked_by) if viewer in table
        ]
        if not tables:
            return self.suspended or NOBODY
        return self.suspended.union(*tables)

    def first_entry_since(self, since: Seconds) -> int:
        """Find the first timeline entry made at or after a moment."""
        return bisect_left(self._entry_times, since)

    def first_post_since(self, since: Seconds) -> int:
        """Find the number of the first post written at or after a moment."""
        return bisect_left(self.posts, since, key=_written)


def _written(post: Post) -> Seconds:
    return post.at
