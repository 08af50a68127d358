"""Handles for personas from elsewhere: kept where they can be, made where there are none."""

import re
import unicodedata
from hashlib import blake2b

from simnet.personas.sources.containers import Row
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import FieldError

LONGEST = 64
_URN = re.compile(r"<?urn:uuid:([0-9a-fA-F\-]+)>?")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_FILLERS = frozenset(
    {"a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "from", "by"}
    | {"who", "whose", "that", "which", "is", "are", "was", "has", "have", "as", "their", "his"}
    | {"her", "its", "someone", "person", "individual"}
)


class Handles:
    """Gives every row of a file a handle of its own."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self._copies: dict[str, int] = {}

    def take(self, draft: Draft, row: Row) -> tuple[str, bool]:
        """Give the handle, and whether it differs from the id in the row.

        Raises FieldError when an earlier row has the same id.
        """
        if draft.id is None:
            return self._free(made(draft.description, repr(row.fields))), False
        if draft.id in self._places:
            raise FieldError(
                "id",
                f"{draft.id!r} is the id at {self._places[draft.id]} already; rename one of them",
            )
        self._places[draft.id] = row.place
        handle = sanitised(draft.id)
        if handle in self._copies:
            handle = f"{handle[: LONGEST - 9]}-{_digest(draft.id)}"
        return self._free(handle), handle != draft.id

    def _free(self, handle: str) -> str:
        free = handle
        while free in self._copies:
            self._copies[handle] += 1
            free = f"{handle[: LONGEST - 9]}-{self._copies[handle]}"
        self._copies[free] = 1
        return free


def sanitised(name: str) -> str:
    """Bring a name into the form of a handle; names that have it stay as they are."""
    urn = _URN.fullmatch(name)
    name = urn[1] if urn else name
    kept = "".join(one if _fits(one) else "_" for one in name)
    if kept == name and len(name) <= LONGEST and name[0] not in ".-":
        return name
    trimmed = re.sub("_+", "_", kept).strip("_.-")
    if not trimmed or len(trimmed) > LONGEST:
        trimmed = f"{trimmed[: LONGEST - 9] or 'persona'}-{_digest(name)}"
    return trimmed


def made(description: str, whole: str) -> str:
    """Make a handle a reader can follow: the first telling words, then a hash of all of it."""
    words = [one.lower() for one in _WORD.findall(description[:400])]
    telling = [one for one in words if one not in _FILLERS][:3]
    slug = "".join(one if _fits(one) else "" for one in "_".join(telling))[:40].strip("_")
    return f"{slug or 'persona'}_{_digest(whole)}"


def _fits(character: str) -> bool:
    """Tell what a handle may hold; narrower than its pattern, which not all engines read alike."""
    category = unicodedata.category(character)
    return character in "_.-" or category[0] in "LM" or category == "Nd"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
