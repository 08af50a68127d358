"""`@handle` and `#tag` in texts.

Both end where a word ends. Scripts that are written without spaces have no end of a word to see:
a handle may be followed there by any of their characters, and the longest handle that fits counts.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from simnet.foundation.text import UNSPACED

LONGEST_HANDLE = 64
_AT = re.compile(rf"@([^\s@]{{1,{LONGEST_HANDLE + 1}}})")
_HASH = re.compile(r"#([^\s#]+)")
_UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")


def by_any_case(handles: Sequence[str]) -> dict[str, int]:
    """Return the places of handles by how they are folded; -1 where case alone tells them apart."""
    places: dict[str, int] = {}
    for place, handle in enumerate(handles):
        folded = unicodedata.normalize("NFC", handle).casefold()
        places[folded] = -1 if folded in places else place
    return places


def mentioned(text: str, find: Callable[[str], int | None]) -> list[int]:
    """List the members whose handles a text has after an `@`, each once, in their order.

    `find` returns the member of a handle, None if there is none.
    """
    if "@" not in text:
        return []
    found: dict[int, None] = {}
    text = unicodedata.normalize("NFC", text)
    for match in _AT.finditer(text):
        if _begins_word(text, match.start()):
            whom = _longest(match[1], find)
            if whom is not None:
                found[whom] = None
    return list(found)


def tags_in(text: str) -> list[str]:
    """List the tags of a text, each once, case-folded and without `#`; numbers are no tags."""
    if "#" not in text:
        return []
    found: dict[str, None] = {}
    text = unicodedata.normalize("NFC", text)
    for match in _HASH.finditer(text):
        tag = _word(match[1]).casefold()
        if tag and not tag.isdigit() and _begins_word(text, match.start()):
            found[tag] = None
    return list(found)


def _longest(run: str, find: Callable[[str], int | None]) -> int | None:
    """Find the longest handle at the beginning of some characters."""
    for end in range(min(len(run), LONGEST_HANDLE), 0, -1):
        inside_word = end < len(run) and _in_word(run[end]) and not _UNSPACED_LETTER.match(run[end])
        if not inside_word and (whom := find(run[:end])) is not None:
            return whom
    return None


def _word(run: str) -> str:
    """Return the characters of the first word of some characters."""
    return run[: next(_others(run), len(run))]


def _others(run: str) -> Iterator[int]:
    return (place for place, letter in enumerate(run) if not _in_word(letter))


def _begins_word(text: str, place: int) -> bool:
    """Whether no word goes on at this place, as it does in `ana@example.org`."""
    before = text[place - 1 : place]
    return not before or not _in_word(before) or bool(_UNSPACED_LETTER.match(before))


def _in_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LMN"
