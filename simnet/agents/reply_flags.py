"""What is remarkable about a reply: marks that go into the record beside it."""

import re
from collections.abc import Sequence
from functools import lru_cache

AT_LIMIT = "at_limit"
REFUSAL = "refusal"
REPEAT = "repeat"
EMPTY = "empty"
GARBLED = "garbled"
ARCHETYPE = "archetype"
PROMOTED = "promoted"
NEAR_REPEAT = "near_repeat"
REPETITION = "repetition"
RESAMPLED = "resampled"
TRIMMED = "trimmed"

FLAWS = frozenset({REFUSAL, REPEAT, NEAR_REPEAT, EMPTY, GARBLED, REPETITION})
"""What a reply is asked for again for, where a cohort wants that."""
PIECES = 5
"""Into how many pieces a text is cut to find near repeats of it."""
NEAR = 3
"""How many of them another text has to hold."""
SHORTEST_PIECE = 8
"""Characters; smaller pieces are everywhere."""
RUN = 16
"""How often a character in a row is too often."""
GRAM = 4
"""How many words make a phrase, and how often a phrase in a text is too often."""

_CANNOT = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:unable|not able|not allowed) to"
    r"|(?:am|'m) not (?:comfortable|going to be able) (?:to|with))"
)
_TASK = (
    r"(?:this|that|these|those|your|the|such|any|an?|further|more)?\s?(?:kinds? of |type of )?"
    r"(?:request|content|conversation|discussion|response|information|instructions?|role-?play"
    r"|prompt|task|guidance|material|language|messages?|persona)"
)
_REFUSAL = re.compile(
    rf"\bi ?{_CANNOT} (?:(?:help|assist)(?: you)?(?: with|[.!]|$)|fulfil|comply with {_TASK}"
    rf"|(?:provide|answer|engage in|participate in|generate|create|write|respond to|continue"
    rf"|discuss|support|do|help create|produce) {_TASK}"
    r"|(?:engage in|participate in|continue with) (?:this|that)\b"
    r"|(?:answer|discuss|do) (?:this|that)(?:[.!]|$))"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:(?:large )?language model|digital assistant"
    r"|ai\b(?! \w*(?:er|or|ist|student|skeptic|fan|company)\b)"
    r"|artificial intelligence|virtual assistant)",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"(?:<\|[^|>]*\|>|</?s>|\[/?INST\]|<(?:bos|eos|pad|unk)>|\s)+")
_SPACES = re.compile(r"\W+")


def refuses(text: str) -> bool:
    """Whether a reply declines to play its part, as assistants do."""
    return _REFUSAL.search(text.replace("\u2019", "'")) is not None


def garbled(text: str) -> bool:
    """Whether a reply is nothing but special tokens and spaces."""
    return bool(text.strip()) and _SPECIAL.fullmatch(text) is not None


@lru_cache(maxsize=16_384)
def gist(text: str) -> str:
    """Reduce a text to what two near repeats have in common: its words, in one case.

    A text without words is its own gist. A post is in many views, so gists are kept.
    """
    return (_SPACES.sub(" ", text).strip() or text.strip()).casefold()


def repeats_itself(text: str, words: Sequence[str]) -> bool:
    """Whether a text, with the words of its gist, is stuck.

    That is a phrase of four words four times, or one character again and again.
    """
    passed = set(text[RUN - 1 :: RUN])  # so many characters in a row pass one of these places
    if any(one * RUN in text for one in passed if not one.isspace()):
        return True
    if len(words) - len(set(words)) < 2 * (GRAM - 1):  # as many as one word over and over has
        return False
    phrases = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    if len(phrases) - len(set(phrases)) < GRAM - 1:
        return False
    return max(map(phrases.count, set(phrases))) >= GRAM


def pieces(text: str) -> Sequence[str]:
    """Cut a text into pieces that a near repeat would hold most of; none if it is short."""
    size = len(text) // PIECES
    if size < SHORTEST_PIECE:
        return ()
    return [text[start : start + size] for start in range(0, PIECES * size, size)]


def nearly_holds(text: str, parts: Sequence[str]) -> bool:
    """Whether a text holds most of the pieces of another."""
    missing = 0
    for part in parts:
        if part not in text:
            missing += 1
            if missing > PIECES - NEAR:
                return False
    return bool(parts)
