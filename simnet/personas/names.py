"""Names as handles: made valid, compared whatever their spelling, found to look alike."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from simnet.foundation.text import neutralise

MAX_LENGTH = 64
"""Most characters of a handle."""

_PLAIN = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.\-]{{0,{MAX_LENGTH - 1}}}")
_URN = re.compile(r"<?urn:uuid:([0-9a-fA-F\-]+)>?")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_FILLERS = frozenset(
    {"a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "from", "by"}
    | {"who", "whose", "that", "which", "is", "are", "was", "has", "have", "as", "their", "his"}
    | {"her", "its", "someone", "person", "individual"}
)
_LOOKALIKES = str.maketrans(
    # Letters of other alphabets and digits that look like a small Latin letter in common fonts,
    # from the Unicode data of confusable characters (UTS 39), after case folding.
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u043a\u043c\u0442\u0432\u043d\u0433\u043f\u04cf"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u03c7\u03c4\u03b7\u03b3\u03b5\u0131\u0261"
    "\u0251\u0578\u057d\u0585\u0570\u0581\u0566\u0584"
    "01",
    "aeopcyxijshdqwkmtbhrnl" + "aopvikuxtnyeig" + "anuohgqf" + "ol",
)


def normal(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), so that equal spellings are equal texts."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def sanitised(name: str) -> str:
    """Turn a name into a valid handle; valid names are returned unchanged, in NFC."""
    if _PLAIN.fullmatch(name):
        return name
    urn = _URN.fullmatch(name)
    if urn and _PLAIN.fullmatch(urn[1]):
        return urn[1]
    name = urn[1] if urn else normal(name)
    kept = "".join(one if _is_allowed(one) else "_" for one in name)
    if kept == name and 0 < len(name) <= MAX_LENGTH and name[0] not in ".-" and _starts(name):
        return name
    trimmed = re.sub("_+", "_", kept).strip("_.-")
    if not trimmed or len(trimmed) > MAX_LENGTH or not _starts(trimmed):
        trimmed = f"{trimmed[: MAX_LENGTH - 9] if _starts(trimmed) else 'persona'}-{digest(name)}"
    return trimmed


def handle_for(description: str, whole: str) -> str:
    """Build a readable handle: the first three content words of a description, and a hash."""
    words = [one.lower() for one in _WORD.findall(normal(description[:400]))]
    content_words = [one for one in words if one not in _FILLERS][:3]
    slug = "".join(one if _is_allowed(one) else "" for one in "_".join(content_words))[:40].strip(
        "_"
    )
    return f"{slug or 'persona'}_{digest(whole)}"


def digest(text: str) -> str:
    """Return 8 hexadecimal digits that tell texts apart."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def lookalikes(handles: Iterable[str], most: int = 3) -> list[list[str]]:
    """List groups of handles that a reader cannot tell apart or that differ in case alone.

    Compared are case, compatibility forms such as full-width letters, digits like 0 and 1, and
    letters of the Cyrillic, Greek and Armenian alphabets that look like Latin ones.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for handle in handles:
        groups[_skeleton(handle)].append(handle)
        if "I" in handle:  # looks like a small l too
            groups[_skeleton(handle.replace("I", "l"))].append(handle)
    alike = (group for group in groups.values() if len(set(group)) > 1)
    return [list(dict.fromkeys(group)) for _, group in zip(range(most), alike, strict=False)]


def _skeleton(handle: str) -> str:
    folded = handle if handle.isascii() else unicodedata.normalize("NFKC", handle)
    return folded.casefold().translate(_LOOKALIKES)


def _starts(name: str) -> bool:
    """Whether a handle may start with the first character of a name, which is no lone accent."""
    return bool(name) and unicodedata.category(name[0])[0] != "M"


def _is_allowed(character: str) -> bool:
    """Return whether a handle may contain a character; stricter than the pattern of Handle."""
    category = unicodedata.category(character)
    if character in "_.-" or category == "Nd":
        return True
    return category[0] in "LM" and neutralise(character) == character
