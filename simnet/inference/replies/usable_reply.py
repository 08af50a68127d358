"""Takes the usable text of a reply, or says of which kind an unusable reply is."""

from simnet.errors import ModelError
from simnet.inference.model import Completion
from simnet.inference.replies.reasoning import without_reasoning

FAILED = "failed"
"""The call failed: there is no reply."""
REASONING_ONLY = "reasoning only"
EMPTY = "empty"
REFUSED = "refused"
CUT_OFF = "cut off"
INVALID = "invalid"
"""The reply has not the form that was asked for."""


class UnusableReplyError(ModelError):
    """A reply that cannot be used; `kind` is one of the constants of this module."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def without_its_reasoning(completion: Completion, model: str) -> Completion:
    """Return a completion without its reasoning.

    Raises UnusableReplyError when there is no reply, or nothing but reasoning.
    """
    if not completion.usable:
        raise UnusableReplyError(
            f"{model} gave no reply ({completion.finish}): {completion.text[:200]}", FAILED
        )
    completion = without_reasoning(completion)
    if completion.reasoning_only:
        raise UnusableReplyError(
            f"{model} was still reasoning when its reply ended; try a model that does not reason, "
            "or switch its reasoning off",
            REASONING_ONLY,
        )
    return completion
