"""Posts and messages as the world holds them, and as members see them."""

from typing import Literal, NamedTuple, TypeAlias

from simnet.clock import Seconds
from simnet.foundation.text import cut, one_line
from simnet.world.state.markup import tags_in
from simnet.world.state.viewer_changes import ViewerChanges

LONGEST_SHOWN = 2000
"""Characters of a text that are shown; what is cut off is in the record."""
REASONS = 3
"""Reasons shown of the reports of a post."""


class Shown(NamedTuple):
    """A post as someone sees it. State hashes contain its values in this order, not their names."""

    id: int
    """Number of the post."""
    author: str
    """Handle of who wrote it."""
    text: str
    """On one line, without characters that cannot be seen, and cut if it is very long."""
    at: Seconds
    """Simulated time at which it was written."""
    to: str | None
    """Whom it replies to."""
    quoted: str | None
    """The text of the post it quotes."""
    label: str
    """A moderator's note."""
    likes: int
    """As the feed shows counts, as are the next three: exact, rounded down or 0."""
    dislikes: int
    """As `likes`."""
    replies: int
    """Replies below it, as `likes`."""
    reposts: int
    """As `likes`."""
    community: str | None = None
    """The community of a forum that it was posted to."""


Counts: TypeAlias = Literal["exact", "rounded", "none"]
"""How likes, dislikes, replies and reposts are shown: as they are, rounded down to powers of two,
or not at all."""


def with_counts(post: Shown, counts: Counts) -> Shown:
    """Return a post with its counts rounded down to powers of two, or without any."""
    likes, dislikes, replies, reposts = (
        0 if counts == "none" else rounded_down(count)
        for count in (post.likes, post.dislikes, post.replies, post.reposts)
    )
    return post._replace(likes=likes, dislikes=dislikes, replies=replies, reposts=reposts)


def rounded_down(count: int) -> int:
    """Round a count down to a power of two; 0 stays 0."""
    return 1 << (count.bit_length() - 1) if count else 0


class Post:
    """One post of the world. Only the rules of verbs change it."""

    __slots__ = (
        "_cached_quote",
        "_coarse",
        "_shown_text",
        "_tags",
        "at",
        "author",
        "author_index",
        "cached",
        "community",
        "dislikes",
        "feelings",
        "id",
        "label",
        "likes",
        "parent",
        "quotes",
        "removed",
        "replies",
        "reports",
        "reposts",
        "root",
        "text",
        "to",
    )

    def __init__(
        self,
        id: int,
        author: str,
        author_index: int,
        text: str,
        at: Seconds,
    ) -> None:
        self.id = id
        self.author = author
        self.author_index = author_index
        self.text = text
        self.at = at
        self.root = id
        self.parent: int | None = None
        self.to: str | None = None
        self.quotes: Post | None = None
        self.community: str | None = None
        self.label = ""
        self.removed = False
        self.likes = 0
        self.dislikes = 0
        self.replies = 0
        self.reposts = 0
        self.reports = 0
        self.feelings: dict[str, int] | None = None
        self.cached: Shown | None = None
        """What `shown` returns, until the post changes; of a post that quotes, always None."""
        self._cached_quote: Shown | None = None
        self._coarse: tuple[Counts, Shown, Shown] | None = None
        """How counts were shown last, then what was shown with exact and with such counts."""
        self._shown_text: str | None = None
        self._tags: tuple[str, ...] | None = None

    def __copy__(self) -> "Post":
        fresh = object.__new__(Post)
        for name in Post.__slots__:
            setattr(fresh, name, getattr(self, name))
        if self.feelings is not None:
            fresh.feelings = self.feelings.copy()
        return fresh

    def changed(self) -> None:
        """Drop the cached `Shown`; call it after a change of what is shown."""
        self.cached = self._cached_quote = None

    def shown(self) -> Shown:
        """Return it as members see it now; the value is cached until the post changes."""
        if self.cached is not None:
            return self.cached
        if self.quotes is None:
            self.cached = self._as_shown(None)
            return self.cached
        if self.quotes.removed:
            self.quotes = self._cached_quote = None  # a removal is final
            return self.shown()
        if self._cached_quote is None:
            self._cached_quote = self._as_shown(self.quotes.shown_text)
        return self._cached_quote

    def shown_with(self, counts: Counts) -> Shown:
        """Return it as members see it whose feeds show counts in this way."""
        exact = self.shown()
        if counts == "exact":
            return exact
        last = self._coarse
        if last is not None and last[0] == counts and last[1] is exact:
            return last[2]
        coarse = with_counts(exact, counts)
        if last is not None and last[2] == coarse:
            coarse = last[2]  # lines of prompts are cached by the object
        self._coarse = (counts, exact, coarse)
        return coarse

    def _as_shown(self, quoted: str | None) -> Shown:
        # A hot path: arguments by position, in the order of the fields, cost a quarter.
        return Shown(
            self.id,
            self.author,
            self.shown_text,
            self.at,
            self.to,
            quoted,
            self.label,
            self.likes,
            self.dislikes,
            self.replies,
            self.reposts,
            self.community,
        )

    @property
    def shown_text(self) -> str:
        """Its text as members see it."""
        if self._shown_text is None:
            self._shown_text = shown_text(self.text)
        return self._shown_text

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in its text, each once, case-folded and without `#`."""
        if self._tags is None:
            self._tags = tuple(tags_in(self.text))
        return self._tags

    def reactions(self) -> int:
        """Count likes and feelings, without dislikes."""
        return self.likes + (sum(self.feelings.values()) if self.feelings else 0)


def shown_text(text: str) -> str:
    """Return a text as members see it: on one line, all of it visible, cut if it is very long."""
    return one_line(cut(text, LONGEST_SHOWN))


class MessageSeen(NamedTuple):
    """A direct or group message as its reader sees it."""

    sender: str
    """Handle of who sent it."""
    group: str | None
    """None for a message to the reader alone."""
    text: str
    """What it says."""
    at: Seconds
    """Simulated time at which it was sent."""


class Reported(NamedTuple):
    """What moderators see of the reports of a post."""

    members: int
    """How many members reported it since its reports were settled."""
    reasons: tuple[str, ...]
    """Why, the newest reports last; at most `REASONS`."""
    strikes: int
    """How often moderators warned or suspended its author before."""
    counted: int = 0
    """How many members reported it since it was dismissed last, before a label or a warning too."""
    answered: tuple[str, ...] = ()
    """Which of `label` and `warn` settled reports of it since then."""


class View(NamedTuple):
    """What one persona sees at one look."""

    who: str
    """Handle of the viewer."""
    turn: int
    """The viewer's turn, from 0."""
    now: Seconds
    """Simulated time of the look."""
    seed: int
    """64 random bits of this persona's turn, the same wherever the turn is computed."""
    posts: tuple[Shown, ...]
    """Best first, or the oldest first where the feed says so."""
    why: tuple[str, ...]
    """For each post, why it is there: empty, how it addresses the viewer (`replied to you`,
    `quoted you`, `mentioned you`), or `reposted by @one, @two and 3 others you follow`."""
    messages: tuple[MessageSeen, ...] = ()
    """Unread messages, the oldest first; those beyond a few come at the next look."""
    news: tuple[str, ...] = ()
    """What the platform says: what interventions told, results of a search (those with words of
    members are of the class `Finding`), trends, karma."""
    suggested: tuple[str, ...] = ()
    """Members the platform suggests to follow, or found in a search."""
    groups: tuple[str, ...] = ()
    """Groups one can join or send to; of many, those with messages in view and those one is in come
    before others."""
    refused: tuple[str, ...] = ()
    """Why what one tried last was not done."""
    communities: tuple[str, ...] = ()
    """Communities one is in, then others one can join."""
    reposters: tuple[tuple[str, ...], ...] = ()
    """For each post, who put it into the feed by a repost, then others the viewer follows who
    reposted it, newest first; empty if nobody did."""
    done: tuple[tuple[str, ...], ...] = ()
    """For each post, what the viewer did with it already: the reaction, `repost`. Empty if
    there is nothing, and for feeds that show every post once."""
    reports: tuple[Reported, ...] = ()
    """For each post, how it was reported; empty for feeds that show no reports."""
    changed: ViewerChanges | None = None
    """What interventions changed about the viewer; None if nothing."""
    resamples: int = 0
    """How often a flawed reply is asked for again because of an alarm, if the cohort's own
    `resamples` is lower."""

    def with_posts(self, kept: slice) -> "View":
        """Leave out posts."""
        return self._replace(
            posts=self.posts[kept],
            why=self.why[kept],
            reposters=self.reposters[kept],
            done=self.done[kept],
            reports=self.reports[kept],
        )
