"""Finds attributes that say nothing about a person: ids, dates, counters, flags, copies.

They stay with the persona, for search and export, and no prompt contains them. A column is
judged by the words of its name and by its value; what is in doubt is told.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from simnet.personas.persona import Attribute
from simnet.personas.sources.columns.vocabulary import words

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_WORD = re.compile(r"\w+")
_UUID = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}"
    r"|[0-9a-f]{64}",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?")
_LINK = re.compile(r"(?:https?://|www\.|data:|s3://)\S+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")

_BIRTH = frozenset({"birth", "born", "birthday", "birthdate", "dob", "anniversary", "wedding"})
_IDS = words("id ids uuid uuids guid pk index idx hash checksum rowid rownum rownumber serial")
_DATES = words(
    "created updated modified timestamp timestamps datetime crawled scraped fetched retrieved "
    "ingested exported"
)
_TECHNICAL = words(
    "embedding embeddings vector vectors url urls uri link avatar thumbnail filename filepath "
    "checkpoint prompt tokens usage finish metadata provenance licence license revision version "
    "split dataset email phone password ip seed temperature unnamed"
)
_WHOLE = words(
    "row date time joined image images file path model source cluster cluster_label projection "
    "nn_indices nn_scores model_name model_id simulation_id run_id original_id registered "
    "join_date "
    "signup_date last_seen last_login last_active lang_code"
)
"""Names that are bookkeeping as a whole, though their words alone need not be."""
_STARTS = ("source_", "cluster_", "nn_", "last_seen", "last_login", "last_active", "profile_image")
_COUNTED = words(
    "karma followers follower following followings followee followees friends friend status "
    "statuses post posts tweet tweets retweet retweets comment comments like likes dislike "
    "dislikes view views reaction reactions upvote upvotes downvote downvotes share shares listed "
    "favorites favourites favorite favourite subscribers subscriptions media token char chars "
    "word words message messages reply replies score visits reposts position"
)
"""What accounts have counts of; people have children and pets."""
_COUNTING = words("count counts num n nr number total no")
_FAMILY = words(
    "child children kid kids sibling siblings pet pets dog dogs cat cats household dependents "
    "grandchildren brother brothers sister sisters"
)
_FLAGS = words(
    "needs processing processed active verified valid enabled disabled deleted protected private "
    "public suspended locked controllable super bot default checked flag flagged test archived "
    "visible hidden complete completed done"
)
_SHORTEST_COPY = 20
_ALIKE = 0.9
"""Share of the words of a text that have to be in another for it to say the same."""
_FEWEST_WORDS = 6


class _Kinds(NamedTuple):
    """What a name alone says."""

    always: bool
    """It is bookkeeping whatever the value."""
    if_number: bool
    """It counts something if the value is a number."""
    if_flag: bool
    """It is a switch if the value is true or false."""
    of_birth: bool


def bookkeeping(attributes: dict[str, Attribute], description: str) -> list[str]:
    """List the attributes that no prompt should contain."""
    texts = _Texts(description)
    return [
        name
        for name, value in attributes.items()
        if _is_bookkeeping(name, value) or (isinstance(value, str) and texts.say(value))
    ]


def _is_bookkeeping(name: str, value: Attribute) -> bool:
    kinds = _kinds(name)
    if kinds.always:
        return True
    if isinstance(value, list) or value is None:
        return False
    written = str(value).strip()
    is_number = kinds.if_number and not isinstance(value, bool) and _NUMBER.fullmatch(written)
    is_flag = kinds.if_flag and written.casefold() in {"true", "false", "0", "1", "yes", "no"}
    return bool(is_number or is_flag) or _is_for_machines(written, birth=kinds.of_birth)


def _is_for_machines(written: str, *, birth: bool) -> bool:
    """Whether a value is a moment other than of birth, an address or a checksum."""
    if _MOMENT.fullmatch(written):
        return not birth
    return " " not in written and bool(_LINK.fullmatch(written) or _UUID.fullmatch(written))


@lru_cache(maxsize=4096)
def _kinds(name: str) -> _Kinds:
    parts = [word.casefold() for word in _WORDS.findall(name)]
    if not parts:
        return _Kinds(always=True, if_number=True, if_flag=True, of_birth=False)
    kinds = set(parts)
    joined = "_".join(parts)
    of_birth = not kinds.isdisjoint(_BIRTH)
    is_date = not of_birth and (
        not kinds.isdisjoint(_DATES) or (len(parts) > 1 and parts[-1] == "at")
    )
    always = (
        parts[-1] in _IDS
        or is_date
        or not kinds.isdisjoint(_TECHNICAL)
        or joined in _WHOLE
        or joined.startswith(_STARTS)
    )
    counted = not kinds.isdisjoint(_COUNTED) or not kinds.isdisjoint({"count", "counts"})
    counts = counted and not kinds.isdisjoint(_COUNTING) and kinds.isdisjoint(_FAMILY)
    return _Kinds(
        always=always,
        if_number=counts or joined in _COUNTED or parts[-1] == "karma" or parts[0] == "initial",
        if_flag=not kinds.isdisjoint(_FLAGS) or parts[0] == "needs",
        of_birth=of_birth,
    )


class _Texts:
    """What is told of one persona so far, to find texts that say it again."""

    def __init__(self, description: str) -> None:
        self._first = description
        self._words: list[tuple[str, frozenset[str]]] | None = None
        """Each text without case and punctuation, and its words."""

    def say(self, text: str) -> bool:
        """Return whether another says the same, perhaps with a little more; else remember it."""
        if len(text) < _SHORTEST_COPY:
            return bool(text) and text.strip().casefold() == self._first.strip().casefold()
        if self._words is None:
            self._words = [_bare(self._first)]
        bare = _bare(text)
        if any(_same(bare, other) for other in self._words):
            return True
        self._words.append(bare)
        return False


def _bare(text: str) -> tuple[str, frozenset[str]]:
    several = _WORD.findall(text.casefold())
    return " ".join(several), frozenset(several)


def _same(one: tuple[str, frozenset[str]], other: tuple[str, frozenset[str]]) -> bool:
    (shorter, few), (longer, many) = sorted((one, other), key=_length)
    if shorter == longer or (len(shorter) >= _SHORTEST_COPY and shorter in longer):
        return bool(shorter)
    return len(few) >= _FEWEST_WORDS and len(few & many) >= _ALIKE * len(few)


def _length(text: tuple[str, frozenset[str]]) -> int:
    return len(text[0])
