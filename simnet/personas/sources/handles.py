"""Handles for personas from files: ids are kept if valid; the others get a new handle."""

import re
import unicodedata
from hashlib import blake2b

from simnet.personas.sources.containers import Row
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import FieldError

MAX_LENGTH = 64
_URN = re.compile(r"<?urn:uuid:([0-9a-fA-F\-]+)>?")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_FILLERS = frozenset(
    {"a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "from", "by"}
    | {"who", "whose", "that", "which", "is", "are", "was", "has", "have", "as", "their", "his"}
    | {"her", "its", "someone", "person", "individual"}
)


class Handles:
    """Gives every row of a file a unique handle."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self._copies: dict[str, int] = {}

    def take(self, draft: Draft, row: Row) -> tuple[str, bool]:
        """Return the handle, and whether it differs from the id in the row.

        Raises FieldError when an earlier row has the same id.
        """
        if draft.id is None:
            return self._free(handle_for(draft.description, repr(row.fields))), False
        if draft.id in self._places:
            raise FieldError(
                "id",
                f"{draft.id!r} is the id at {self._places[draft.id]} already; rename one of them",
            )
        self._places[draft.id] = row.place
        handle = sanitised(draft.id)
        if handle in self._copies:
            handle = f"{handle[: MAX_LENGTH - 9]}-{_digest(draft.id)}"
        return self._free(handle), handle != draft.id

    def _free(self, handle: str) -> str:
        free = handle
        while free in self._copies:
            self._copies[handle] += 1
            free = f"{handle[: MAX_LENGTH - 9]}-{self._copies[handle]}"
        self._copies[free] = 1
        return free


def sanitised(name: str) -> str:
    """Turn a name into a valid handle; valid names are returned unchanged."""
    urn = _URN.fullmatch(name)
    name = urn[1] if urn else name
    kept = "".join(one if _is_allowed(one) else "_" for one in name)
    if kept == name and len(name) <= MAX_LENGTH and name[0] not in ".-":
        return name
    trimmed = re.sub("_+", "_", kept).strip("_.-")
    if not trimmed or len(trimmed) > MAX_LENGTH:
        trimmed = f"{trimmed[: MAX_LENGTH - 9] or 'persona'}-{_digest(name)}"
    return trimmed


def handle_for(description: str, whole: str) -> str:
    """Build a readable handle: the first three content words of a description, and a hash."""
    words = [one.lower() for one in _WORD.findall(description[:400])]
    content_words = [one for one in words if one not in _FILLERS][:3]
    slug = "".join(one if _is_allowed(one) else "" for one in "_".join(content_words))[:40].strip(
        "_"
    )
    return f"{slug or 'persona'}_{_digest(whole)}"


def _is_allowed(character: str) -> bool:
    """Return whether a handle may contain a character; stricter than the pattern of Handle."""
    category = unicodedata.category(character)
    return character in "_.-" or category[0] in "LM" or category == "Nd"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
