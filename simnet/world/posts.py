"""What the world keeps, and what of it is shown."""

from typing import NamedTuple

from simnet.clock import Seconds
from simnet.text import cut, one_line

LONGEST_SHOWN = 2000
"""Characters of a text that are shown; what is cut off is in the record."""


class Shown(NamedTuple):
    """A post as someone sees it. State hashes contain its repr: renaming it changes them."""

    id: int
    author: str
    text: str
    """On one line, without characters that cannot be seen, and cut if it is very long."""
    at: Seconds
    to: str | None
    """Whom it replies to."""
    quoted: str | None
    """The text of the post it quotes."""
    label: str
    """A moderator's note."""
    likes: int
    dislikes: int
    replies: int
    reposts: int


class Post:
    """One text in the world. Only the World changes it."""

    __slots__ = (
        "_quoting",
        "_seen",
        "at",
        "author",
        "author_index",
        "dislikes",
        "feelings",
        "id",
        "label",
        "likes",
        "parent",
        "picture",
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
        self.label = ""
        self.removed = False
        self.likes = 0
        self.dislikes = 0
        self.replies = 0
        self.reposts = 0
        self.reports = 0
        self.feelings: dict[str, int] | None = None
        self.picture: Shown | None = None
        """What `shown` gives, as long as that is sure; a post that quotes has none here."""
        self._quoting: Shown | None = None
        self._seen: str | None = None

    def changed(self) -> None:
        """Forget the picture of it that is handed out."""
        self.picture = self._quoting = None

    def shown(self) -> Shown:
        """Picture it as it is now; one picture is shared until the post changes."""
        if self.picture is not None:
            return self.picture
        if self.quotes is None:
            self.picture = self._pictured(None)
            return self.picture
        if self.quotes.removed:
            self.quotes = self._quoting = None  # a removal is final
            return self.shown()
        if self._quoting is None:
            self._quoting = self._pictured(self.quotes.seen)
        return self._quoting

    def _pictured(self, quoted: str | None) -> Shown:
        return Shown(
            self.id, self.author, self.seen, self.at, self.to, quoted, self.label,
            self.likes, self.dislikes, self.replies, self.reposts,
        )  # fmt: skip

    @property
    def seen(self) -> str:
        """Its text as it is shown."""
        if self._seen is None:
            self._seen = seen(self.text)
        return self._seen

    def reactions(self) -> int:
        """Count likes and feelings, without dislikes."""
        return self.likes + (sum(self.feelings.values()) if self.feelings else 0)


def seen(text: str) -> str:
    """Put a text as it is shown: on one line, all of it visible, cut if it is very long."""
    return one_line(cut(text, LONGEST_SHOWN))


class MessageSeen(NamedTuple):
    """A direct or group message as its reader sees it."""

    sender: str
    group: str | None
    text: str
    at: Seconds


class View(NamedTuple):
    """What one persona sees when it looks."""

    who: str
    turn: int
    now: Seconds
    seed: int
    """64 random bits of this persona's turn, the same wherever the turn is computed."""
    posts: tuple[Shown, ...]
    why: tuple[str, ...]
    """For each post, why it is there: empty, `replied to you` or `reposted by @handle`."""
    messages: tuple[MessageSeen, ...] = ()
    news: tuple[str, ...] = ()
    """What the platform says: results of a search, trends, suggestions."""
    suggested: tuple[str, ...] = ()
    """Members the platform suggests to follow, or found in a search."""
    groups: tuple[str, ...] = ()
    """Groups one can join or send to."""
    refused: tuple[str, ...] = ()
    """Why what one tried last was not done."""
