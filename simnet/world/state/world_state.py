"""What is true on the platform: members, posts, ties and messages. No clock, network or chance.

Rankings, sources and the rules of verbs take a `WorldState`; only `simnet.world.world.World`
begins a change. Members are positions in `handles` inside; users only ever meet handles.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, MutableMapping, Sequence
from math import inf
from typing import Any

import numpy as np

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.state.engagement import EngagementLog
from simnet.world.state.forum import Forum
from simnet.world.state.markup import by_any_case, mentioned
from simnet.world.state.network import Network
from simnet.world.state.posts import MessageSeen, Post
from simnet.world.state.scenario_facts import ScenarioFacts
from simnet.world.state.tfidf import Words

NOBODY: frozenset[int] = frozenset()
RECENT = 8
"""How many of one member's newest posts and reposts reach their followers' feeds."""


class WorldState:
    """The data of a world, what can be asked of it, and the steps that rules of verbs take."""

    facts = ScenarioFacts()
    """What feed sources and verbs may know of the scenario; not part of the digest."""

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
        self.entry_times: list[Seconds] = []
        self.entry_of: list[int] = []
        """For each post, its own entry in the timeline."""
        self.recent = np.full((len(handles), RECENT), -1, np.int32)
        """The newest timeline entries of each member, in no order; -1 where there is none."""
        self._entered: defaultdict[int, int] = defaultdict(int)
        self.reactions: dict[tuple[int, int], str] = {}
        """(member, post) -> like, dislike or a feeling."""
        self.reposted: set[tuple[int, int]] = set()
        self.reposters: dict[int, list[int]] = {}
        """Post -> who reposted it, in order."""
        self._begin_relations()
        self.engagement = EngagementLog()
        """Who wrote and engaged with what lately; rankings by taste and popularity read it."""
        self.words = Words()
        """The words of the posts; a ranking that needs them fills it."""
        self.seen: defaultdict[int, dict[int, int | None]] = defaultdict(dict)
        """Posts each member was shown; in a dict those shown last lie together in memory.

        Of a feed that shows posts again, each with the number of entries at that time."""
        self.forget_at: dict[int, int] = {}
        """Number of seen posts at which a member's old ones are dropped next."""
        self.findings: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        """Unread results of a member's last search or trend: lines of news, handles."""
        self.forum = Forum()
        self.kept: defaultdict[str, MutableMapping[Any, Any]] = defaultdict(dict)
        """Data of custom verbs, each under a name; part of the digest."""
        # Case-folded handle -> member; -1 where there are several. Made when first needed.
        self._folded: dict[str, int] = {}
        self.triggered: list[tuple[int, str]] = []
        """(member, how an event concerns them); the kernel reads and clears it.

        How: reply, quote, mention, message, reinstated."""

    def _begin_relations(self) -> None:
        self.report_queue: list[int] = []
        """Reported posts that still stand, oldest report first."""
        self.open_reports: dict[int, list[tuple[int, str]]] = {}
        """Post in the queue -> (who reported it, why), in order. Follows from the events."""
        self.settled_reports: dict[int, dict[int, str]] = {}
        """Post -> who reported it -> the verb that settled it and left the post where it was, since
        the post was dismissed last. Follows from the events."""
        self.strikes: defaultdict[int, int] = defaultdict(int)
        """Member -> how often moderators warned or suspended them."""
        self.pins: set[int] = set()
        """Posts that come first in every feed they are in."""
        self.mutes: defaultdict[int, set[int]] = defaultdict(set)
        self.blocks: defaultdict[int, set[int]] = defaultdict(set)
        self.blocked_by: defaultdict[int, set[int]] = defaultdict(set)
        self.suspended: set[int] = set()
        """Who is suspended now; whose suspensions end is in `suspension_ends`."""
        self.suspension_ends: dict[int, Seconds] = {}
        """Member -> when their last suspension ends or ended, if it was for a time."""
        self._next_end: Seconds = inf
        self.absent: set[int] = set()
        """Those who have not joined yet or have left; they are in `suspended` too."""
        self.groups: dict[str, dict[int, None]] = {}
        self.mail: defaultdict[int, list[MessageSeen]] = defaultdict(list)
        """Unread messages."""
        self.mentions: defaultdict[int, list[int]] = defaultdict(list)
        """Unread replies, quotes and posts that name the member."""

    # -- steps that rules take --------------------------------------------------------

    def publish(
        self,
        who: int,
        text: str,
        now: Seconds,
        *,
        parent: Post | None = None,
        quotes: Post | None = None,
        community: str | None = None,
        find: Callable[[str], int | None] | None = None,
    ) -> Post:
        """Put a new post at the end of the timeline; tell those it answers, quotes and names.

        `find` returns the member of a handle that the text names; by default anybody's counts.

        A post of a community, and the replies to it, are in the feeds of that community and not
        in those of the author's followers.
        """
        post = Post(len(self.posts), self.handles[who], who, text, now)
        post.community = community if parent is None else parent.community
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
        if "@" in text:
            informed = {one.author_index for one in (parent, quotes) if one}
            self._mention_named(post, informed, find or self.find)
        self.engagement.wrote(who, post.id)
        self.posts.append(post)
        self.entry_of.append(len(self.timeline))
        self.enter(who, post, now)
        return post

    def enter(self, who: int, post: Post, now: Seconds) -> None:
        """Put `post` into the timeline: of its community, else of `who`'s followers."""
        entry = len(self.timeline)
        self.posted.append(post.id if self.entry_of[post.id] == entry else ~entry)
        self.timeline.append((who, post))
        self.entry_times.append(now)
        if post.community is not None and self.posted[-1] >= 0:
            self.forum.communities[post.community].entries.append(entry)
            return
        entered = self._entered[who]
        self.recent[who, entered % RECENT] = entry
        self._entered[who] = entered + 1

    def mention(self, whom: int, post: Post, how: str) -> None:
        """Add a post that addresses a member to their mentions, unless it is theirs or hidden."""
        if whom != post.author_index and post.author_index not in self.hidden_from(whom):
            self.mentions[whom].append(post.id)
            self.triggered.append((whom, how))

    def _mention_named(
        self, post: Post, informed: set[int], find: Callable[[str], int | None]
    ) -> None:
        """Tell the members whose handles a post has after an `@`, but for those `informed`."""
        for whom in mentioned(post.text, find):
            if whom not in informed:
                self.mention(whom, post, "mention")

    def send(self, whom: int, message: MessageSeen) -> None:
        """Put a message into a member's mail."""
        self.mail[whom].append(message)
        self.triggered.append((whom, "message"))

    def suspend(self, whom: int, until: Seconds = inf) -> None:
        """Suspend a member, for good or until a moment."""
        self.strikes[whom] += 1
        self.bar(whom)
        if until < inf:
            self.suspension_ends[whom] = until
            self._next_end = min(self._next_end, until)

    def settle(self, post: Post, milder: str | None = None) -> None:
        """Take a post out of the report queue, if it is in there.

        With the verb of a `milder` sanction its reports go on to count towards a severer one.
        """
        if milder is None:
            self.settled_reports.pop(post.id, None)
        if post.reports:
            post.reports = 0
            self.report_queue.remove(post.id)
            reports = self.open_reports.pop(post.id, ())
            if milder is not None:
                settled = self.settled_reports.setdefault(post.id, {})
                settled.update((who, milder) for who, _ in reports)

    def bar(self, whom: int) -> None:
        """Let a member neither wake nor act nor be seen, until they are reinstated."""
        self.suspended.add(whom)
        self.suspension_ends.pop(whom, None)

    def reinstate(self, whom: int) -> None:
        """End a suspension."""
        self.suspended.remove(whom)
        self.suspension_ends.pop(whom, None)

    def lift_suspensions(self, now: Seconds) -> None:
        """End the suspensions whose time is over."""
        ends = self.suspension_ends
        self.suspended -= {whom for whom, end in ends.items() if end <= now}
        self._next_end = min((ends[one] for one in self.suspended if one in ends), default=inf)

    # -- queries ----------------------------------------------------------------------

    def member(self, handle: str) -> int:
        """Find a member. Raises ActionError if there is none of that name."""
        try:
            return self.index[handle]
        except KeyError:
            raise ActionError(f"there is no @{handle}") from None

    def find(self, handle: str) -> int | None:
        """Find a member by a handle as people write it: case matters only between namesakes."""
        exact = self.index.get(handle)
        if exact is not None:
            return exact
        if not self._folded:
            self._folded.update(by_any_case(self.handles))
        found = self._folded.get(handle.casefold(), -1)
        return None if found < 0 else found

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
            raise ActionError(self.why_hidden(whom))

    def why_hidden(self, whom: int) -> str:
        """Say why a member is in `suspended`."""
        why = "is not on the platform" if whom in self.absent else "is suspended"
        return f"@{self.handles[whom]} {why}"

    def is_suspended(self, who: int, now: Seconds) -> bool:
        """Whether a member is suspended at a moment."""
        return who in self.suspended and now < self.suspension_ends.get(who, inf)

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
        return bisect_left(self.entry_times, since)

    def first_post_since(self, since: Seconds) -> int:
        """Find the number of the first post written at or after a moment."""
        return bisect_left(self.posts, since, key=_written)


def _written(post: Post) -> Seconds:
    return post.at
