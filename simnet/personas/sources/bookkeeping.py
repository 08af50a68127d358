"""Finds attributes that say nothing about a person: ids, dates, counters, flags, copies.

They stay with the persona, for search and export, and no prompt contains them. A column is
judged by the words of its name and by its value; what is in doubt is told.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from simnet.personas.persona import Attribute
from simnet.personas.sources.vocabulary import words

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
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
    texts = [description]
    found = []
    for name, value in attributes.items():
        if _is_bookkeeping(name, value) or _is_copy(value, texts):
            found.append(name)
        elif isinstance(value, str) and len(value) >= _SHORTEST_COPY:
            texts.append(value)
    return found


def _is_bookkeeping(name: str, value: Attribute) -> bool:
    kinds = _kinds(name)
    if kinds.always:
        return True
    if isinstance(value, list) or value is None:
        return False
    written = str(value).strip()
    if kinds.if_number and not isinstance(value, bool) and _NUMBER.fullmatch(written):
        return True
    if kinds.if_flag and written.casefold() in {"true", "false", "0", "1", "yes", "no"}:
        return True
    if _MOMENT.fullmatch(written):
        return not kinds.of_birth
    return bool(_UUID.fullmatch(written) or _LINK.fullmatch(written))


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


def _is_copy(value: Attribute, texts: list[str]) -> bool:
    """Whether a text says again what one of others says already, perhaps with a little more."""
    if not isinstance(value, str):
        return False
    bare = _bare(value)
    return any(_same(bare, _bare(text)) for text in texts if text)


def _same(one: str, other: str) -> bool:
    if one == other:
        return bool(one)
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= _SHORTEST_COPY and shorter in longer:
        return True
    several, more = shorter.split(), set(longer.split())
    return len(several) >= _FEWEST_WORDS and sum(w in more for w in several) >= _ALIKE * len(
        several
    )


def _bare(text: str) -> str:
    """Return the words of a text, without case and punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))
