"""Divides the rows of a data set into training and validation, by persona or by thread."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias

from simnet.errors import UsageError

KeepTogether: TypeAlias = Literal["persona", "thread"]
"""What is on one side as a whole: all rows of a persona, or all rows of a thread."""
TRAIN, VALIDATION = "train", "validation"
SIDES = (TRAIN, VALIDATION)
"""The names of the splits, as `datasets` calls them."""


@dataclass(frozen=True)
class Split:
    """Which rows are for validation.

    The side of a persona or thread is a hash of its name and the seed. So it stays the same when
    rows are added, and is the same in every set that is made with the same seed; the share that
    is for validation is `validation` on average. Raises UsageError for a share out of range.
    """

    validation: float = 0.0
    """Share of personas or threads whose rows are for validation, from 0 to below 1."""
    keep_together: KeepTogether = "persona"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.validation < 1:
            raise UsageError(
                f"the share for validation is {self.validation}; give one from 0 to below 1, "
                "such as 0.1"
            )

    def side(self, persona: str, thread: str) -> str:
        """Return the side of a row of a persona in a thread; a thread is named by `thread_name`."""
        if not self.validation:
            return TRAIN
        key = persona if self.keep_together == "persona" else thread
        text = f"{self.seed} {self.keep_together} {key}"
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return VALIDATION if int.from_bytes(digest) < self.validation * 2**64 else TRAIN

    def describe(self) -> str:
        """Say in a sentence how rows were divided."""
        if not self.validation:
            return "All rows are in the split `train`."
        return (
            f"All rows of a {self.keep_together} are in one split. A hash of the "
            f"{self.keep_together} and the seed {self.seed} puts {self.validation:.4g} of the "
            f"{self.keep_together}s into `validation` on average, and puts each into the same "
            "split when rows are added."
        )


def thread_name(run: str, root: int | None, text: str | None) -> str:
    """Name a thread by the text of its first post, so that equal first posts are kept together.

    A post that several runs begin with is therefore on one side in the sets of all of them. Where
    the text is not in the record, the run and the number of the post are the name.
    """
    return f"run {run} post {root}" if text is None else f"text {text}"
