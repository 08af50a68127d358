"""Flags on replies, such as refusals and repeats; the record holds them in `events.marks`."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from simnet.agents.formats import reply_grammar
from simnet.agents.reply_words import dense, gist, unspaced
from simnet.foundation.user_code import raised_by, shown, wrong_result
from simnet.inference.model import USABLE
from simnet.inference.replies.refusals import breaks_role

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
CODE_ERROR = "code_error"
"""The turn failed because a function of the user did."""
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
SHORTEST_DENSE_PIECE = 4
"""The same in Chinese, Japanese and Korean, whose letters stand for a syllable or a word."""
RUN = 16
"""Equal characters in a row that count as repetition."""
GRAM = 4
"""Words in a phrase, and occurrences of a phrase that count as repetition."""
LETTERS = 6
"""Letters in a phrase where no spaces are written between words."""

_SPECIAL = re.compile(r"(?:<\|[^|>]*\|>|</?s>|\[/?INST\]|<(?:bos|eos|pad|unk)>|\s)+")


def garbled(text: str) -> bool:
    """Whether a reply is nothing but special tokens and spaces."""
    return _SPECIAL.fullmatch(text) is not None and bool(text.strip())


def repeats_itself(text: str, words: Sequence[str]) -> bool:
    """Whether a text, with the words of its gist, repeats itself.

    That is a phrase of four words four times, or one character 16 times in a row. In scripts
    without spaces a phrase has six letters.
    """
    passed = set(text[RUN - 1 :: RUN])  # RUN characters in a row contain one of these positions
    if any(one * RUN in text for one in passed if not one.isspace()):
        return True
    if not text.isascii() and any(map(_repeats_letters, unspaced(" ".join(words)))):
        return True
    # Four equal phrases have at least this many repeated words: one word seven times.
    if len(words) - len(set(words)) < 2 * (GRAM - 1):
        return False
    phrases = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    if len(phrases) - len(set(phrases)) < GRAM - 1:
        return False
    return max(map(phrases.count, set(phrases))) >= GRAM


def _repeats_letters(run: str) -> bool:
    phrases = [run[start : start + LETTERS] for start in range(len(run) - LETTERS + 1)]
    if len(phrases) - len(set(phrases)) < GRAM - 1:
        return False
    return max(Counter(phrases).values()) >= GRAM


def text_flags(text: str) -> list[str]:
    """List the flags that a text has by itself, whatever its author and others have said."""
    if not text.strip():
        return [EMPTY]
    found = [REFUSAL] if breaks_role(text) else []
    if garbled(text):
        found.append(GARBLED)
    if repeats_itself(text, gist(text).split()):
        found.append(REPETITION)
    return found


def unreadable(reply: str) -> tuple[str, ...]:
    """Return the flags of a reply without an action in it, which may be a bare refusal."""
    return (GARBLED, REFUSAL) if breaks_role(reply) else (GARBLED,)


def failure_flags(reason: str, finish: str, reply: str) -> tuple[str, ...]:
    """Return the flags of a turn that failed for a `reason`, of which `reply` was the last one."""
    if finish not in USABLE:
        return ()
    if reason == reply_grammar.ONLY_REASONING:
        return (EMPTY, REASONING_ONLY)
    nothing_said = {reply_grammar.NO_REPLY, reply_grammar.NO_TEXT}
    return (EMPTY,) if reason in nothing_said else unreadable(reply)


def own_flags(flagger: Callable[[str], Iterable[str]] | None, text: str) -> tuple[str, ...]:
    """Return the flags that a user's function gives a text; none without a function.

    Raises UserCodeError if the function raises, or returns anything but names.
    """
    if flagger is None:
        return ()
    try:
        found = flagger(text)
        names = () if isinstance(found, str) or not isinstance(found, Iterable) else tuple(found)
    except BaseException as error:  # a function of the user may raise SystemExit too
        raise raised_by("flagger", flagger, error) from error
    if (found and not names) or not all(isinstance(name, str) for name in names):
        problem = f"returned {shown(found)}, not a list of names of flags"
        raise wrong_result("flagger", flagger, problem)
    return names


def pieces(text: str) -> Sequence[str]:
    """Cut a text into pieces, most of which a near repeat contains; none if it is short."""
    size = len(text) // PIECES
    if size < (SHORTEST_DENSE_PIECE if dense(text) else SHORTEST_PIECE):
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
