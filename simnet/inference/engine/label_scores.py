"""Reads the log probabilities of tokens that vLLM gives with a reply."""

from collections.abc import Iterator, Sequence
from typing import Any

from simnet.inference.replies.label_probabilities import TOP, TokenChoice, label_probabilities


def wanted(labels: Sequence[str]) -> int | None:
    """Return how many log probabilities are wanted for each token; None without labels."""
    return TOP if labels else None


def told_probabilities(labels: Sequence[str], reply: Any) -> tuple[float, ...] | None:
    """Return the probability of each label; None without labels or without log probabilities.

    `reply` is a CompletionOutput. With a constraint, tokens that it forbids have no probability.
    """
    if not labels or reply.logprobs is None:
        return None
    return label_probabilities(labels, _choices(reply))


def _choices(reply: Any) -> Iterator[TokenChoice]:
    for token, found in zip(reply.token_ids, reply.logprobs, strict=False):
        texts = {number: one.decoded_token or "" for number, one in found.items()}
        logprobs: dict[str, float] = {}
        for number, one in found.items():  # two tokens may have one text
            logprobs[texts[number]] = max(one.logprob, logprobs.get(texts[number], one.logprob))
        if token not in texts:
            return
        yield TokenChoice(texts[token], logprobs)
