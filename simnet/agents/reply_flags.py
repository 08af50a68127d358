"""Flags on replies, such as refusals and repeats; the record holds them in `events.marks`."""

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
REASONING = "reasoning"
REASONING_ONLY = "reasoning_only"
SURPLUS = "surplus"

FLAWS = frozenset({REFUSAL, REPEAT, NEAR_REPEAT, EMPTY, GARBLED, REPETITION})
"""Flags for which a reply is sampled again, at most `resamples` times."""
PIECES = 5
"""Pieces into which a text is cut to find near repeats of it."""
NEAR = 3
"""Pieces that a near repeat contains at least."""
SHORTEST_PIECE = 8
"""Characters; shorter pieces occur in unrelated texts."""
RUN = 16
"""Equal characters in a row that count as repetition."""
GRAM = 4
"""Words in a phrase, and occurrences of a phrase that count as repetition."""

_SPECIAL = re.compile(r"(?:<\|[^|>]*\|>|</?s>|\[/?INST\]|<(?:bos|eos|pad|unk)>|\s)+")
_SPACES = re.compile(r"\W+")


def garbled(text: str) -> bool:
    """Whether a reply is nothing but special tokens and spaces."""
    return bool(text.strip()) and _SPECIAL.fullmatch(text) is not None


@lru_cache(maxsize=16_384)
def gist(text: str) -> str:
    """Normalise a text to its words, casefolded, to compare it with others.

    A text without words is its own gist. Results are cached, as a post is in many views.
    """
    return (_SPACES.sub(" ", text).strip() or text.strip()).casefold()


def repeats_itself(text: str, words: Sequence[str]) -> bool:
    """Whether a text, with the words of its gist, repeats itself.

    That is a phrase of four words four times, or one character 16 times in a row.
    """
    passed = set(text[RUN - 1 :: RUN])  # RUN characters in a row contain one of these positions
    if any(one * RUN in text for one in passed if not one.isspace()):
        return True
    # Four equal phrases have at least this many repeated words: one word seven times.
    if len(words) - len(set(words)) < 2 * (GRAM - 1):
        return False
    phrases = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    if len(phrases) - len(set(phrases)) < GRAM - 1:
        return False
    return max(map(phrases.count, set(phrases))) >= GRAM


def pieces(text: str) -> Sequence[str]:
    """Cut a text into pieces, most of which a near repeat contains; none if it is short."""
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
