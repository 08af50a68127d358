"""Recognises replies in which a model refuses its task or speaks as an assistant.

The phrases of thirteen languages are in `refusals_latin` and `refusals_scripts`. The reference page
on flags has the rates measured on sentences that the phrases were not tuned on.
"""

import re
import string
from functools import cache

from simnet.inference.replies.refusal_folding import fold
from simnet.inference.replies.refusals_latin import LATIN, Phrases
from simnet.inference.replies.refusals_scripts import OTHER_SCRIPTS

_SPACES = str.maketrans(dict.fromkeys(string.punctuation, " "))

LANGUAGES = tuple(phrases.language for phrases in (*LATIN, *OTHER_SCRIPTS))
"""Languages in which refusals are recognised."""

_OPENING = re.compile(
    r"^\W*(?:sorry\b|i apologi[sz]e|as an ai\b|unfortunately,? i\b"
    r"|i(?: a|['\u2019])m (?:very |so )?(?:sorry|unable|not able)"
    r"|i (?:cannot|can['\u2019]?t|won['\u2019]t)\b)",
    re.IGNORECASE,
)


def breaks_role(text: str) -> bool:
    """Return whether a text refuses, or speaks as an assistant, anywhere in it.

    Meant for posts of personas, which may well apologise: only phrases count that assistants
    use and people hardly do. Texts of any language are looked at, for phrases of LANGUAGES.
    """
    folded = fold(text)
    words = folded.translate(_SPACES).split()
    if not _cues(LATIN).isdisjoint(words):
        for cues, pattern in _searches(LATIN):
            if not cues.isdisjoint(words) and pattern.search(folded) is not None:
                return True
    return not folded.isascii() and any(
        any(cue in folded for cue in cues) and pattern.search(folded) is not None
        for cues, pattern in _searches(OTHER_SCRIPTS)
    )


@cache
def _searches(
    languages: tuple[Phrases, ...],
) -> tuple[tuple[frozenset[str], re.Pattern[str]], ...]:
    """Return patterns with their cues, folded as texts are."""
    found: list[tuple[frozenset[str], re.Pattern[str]]] = []
    for language in languages:
        pairs = [(language.cues, "|".join(language.phrases))]
        if language.tasks:
            refused = f"{language.inability}(?:{'|'.join(language.tasks)})"
            pairs.append((language.inability_cues, refused))
        found += [(frozenset(map(fold, cues)), re.compile(fold(one))) for cues, one in pairs]
    return tuple(found)


@cache
def _cues(languages: tuple[Phrases, ...]) -> frozenset[str]:
    """Return the cues of all patterns: a text without any of them needs no look at each."""
    return frozenset().union(*(cues for cues, _ in _searches(languages)))


def opens_with_refusal(text: str) -> bool:
    """Return whether a text begins with an apology or a refusal, or breaks its role.

    Meant for replies that only describe something, where no other text begins like that. The
    opening is looked at in English, the rest in all of LANGUAGES.
    """
    return _OPENING.match(text) is not None or breaks_role(text)
