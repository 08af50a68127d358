"""How probable a model found each of several replies, from the log probabilities of its tokens.

A token that only one label can begin with, or go on with, adds its probability to that label. What
several labels have in common is followed along the reply, so labels that part within it are told
apart, and labels that part elsewhere are not.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp
from typing import NamedTuple

TOP = 20
"""Most probable tokens that are asked for at each position; more are refused by most backends."""
_UNTOLD = 0.001
"""Share of the probability that may be on several labels at once."""
_BEFORE = " \t\r\n\"'*_`\u2581\u0120"
"""What tokens of a reply may begin with before the label: quotes, and marks of word beginnings."""


class TokenChoice(NamedTuple):
    """One token of a reply, and what it was chosen from."""

    text: str
    logprobs: Mapping[str, float]
    """Natural logarithms of the probabilities of tokens by text, the chosen one among them."""


def label_probabilities(
    labels: Sequence[str], tokens: Iterable[TokenChoice]
) -> tuple[float, ...] | None:
    """Return the probability of each label, normalised over all of them; None if unknown.

    It is unknown if no label is among the tokens, or if labels begin alike and the reply does not
    tell them apart.
    """
    folded = [label.casefold() for label in labels]
    sums = dict.fromkeys(folded, 0.0)
    untold, before, reached = 0.0, "", 1.0
    for token in tokens:
        for text, logprob in token.logprobs.items():
            if text == token.text:
                continue
            found = _fitting(folded, before + text)
            if len(found) == 1:
                sums[found[0]] += reached * exp(logprob)
            elif found:
                untold += reached * exp(logprob)
        reached *= exp(token.logprobs.get(token.text, 0.0))
        before += token.text
        found = _fitting(folded, before)
        if len(found) == 1:
            sums[found[0]] += reached
        if len(found) <= 1:
            break
    else:
        if (whole := _bare(before)) in sums:
            sums[whole] += reached
    total = sum(sums.values())
    if total <= 0.0 or untold > _UNTOLD * (total + untold):
        return None
    return tuple(sums[label] / total for label in folded)


def _fitting(labels: Iterable[str], text: str) -> list[str]:
    """List the labels that a reply with this beginning may be."""
    bare = _bare(text)
    begun = [label for label in labels if label.startswith(bare)]
    whole = [label for label in labels if bare.startswith(label) and not _goes_on(bare, label)]
    return begun or sorted(whole, key=len)[-1:]


def _bare(text: str) -> str:
    return text.lstrip(_BEFORE).casefold()


def _goes_on(bare: str, label: str) -> bool:
    """Whether a word of a text goes on after a label that it begins with."""
    return bare[len(label) : len(label) + 1].isalnum()
