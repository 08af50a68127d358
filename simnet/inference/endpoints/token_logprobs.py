"""Reads the log probabilities of tokens that an endpoint tells with a reply."""

from collections.abc import Iterator, Sequence
from typing import Any

from simnet.inference.replies.label_probabilities import TokenChoice, label_probabilities


def told_probabilities(labels: Sequence[str], choice: Any) -> tuple[float, ...] | None:
    """Return the probability of each label; None if the endpoint does not tell enough.

    `choice` is a choice of a chat completion, as the client reads it. Endpoints that do not know
    `top_logprobs` ignore it, or leave fields out.
    """
    tokens = getattr(getattr(choice, "logprobs", None), "content", None)
    if not labels or not isinstance(tokens, list):
        return None
    return label_probabilities(labels, _choices(tokens))


def _choices(tokens: Sequence[Any]) -> Iterator[TokenChoice]:
    for token in tokens:
        told = [token, *(getattr(token, "top_logprobs", None) or ())]
        logprobs = {
            one.token: float(one.logprob)
            for one in told
            if isinstance(getattr(one, "token", None), str)
            and isinstance(getattr(one, "logprob", None), int | float)
        }
        if getattr(token, "token", None) not in logprobs or len(told) == 1:
            return
        yield TokenChoice(token.token, logprobs)
