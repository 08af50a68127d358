"""The rows that an adapter is trained on and those held out, as token ids."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simnet import draws
from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.training.base_model import BaseModel

_KEY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "persona": lambda row: str(row["persona_id"]),
    "thread": lambda row: str(row["post"]),
}


class Encoded(NamedTuple):
    """A served prompt with its reply."""

    ids: list[int]
    """Token ids of both."""
    prompt: int
    """How many of them are the prompt."""

    @property
    def mask(self) -> list[int]:
        """1 for tokens of the reply, 0 for those of the prompt."""
        return [0] * self.prompt + [1] * (len(self.ids) - self.prompt)


class Split(NamedTuple):
    """The rows of one adapter."""

    train: list[Encoded]
    held_out: list[Encoded]
    keys: list[str]
    """The personas or posts that are held out."""
    too_long: int
    """How many rows are left out because they have too many tokens."""


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Read an exported subset with the columns `prompt` and `completion`."""
    import pyarrow.parquet as pq  # noqa: PLC0415  (slow)

    return list(pq.read_table(file).to_pylist())


def split_rows(
    cohort: str,
    rows: Sequence[Mapping[str, Any]],
    base: BaseModel,
    *,
    share: float,
    by: str,
    seed: int,
    max_length: int,
) -> Split:
    """Encode rows and hold a share of them out, all rows of a persona or of a post at a time.

    Which are held out is a draw of the seed and their names, so it is the same for the same rows
    in any order. Raises UsageError if one side would be empty or every row is too long.
    """
    encoded = [(_KEY[by](row), _encode(row, base)) for row in rows]
    fitting = [(key, one) for key, one in encoded if len(one.ids) <= max_length]
    if encoded and not fitting:
        longest = max(len(one.ids) for _, one in encoded)
        raise UsageError(
            f"every row of the cohort {cohort!r} is too long, up to {longest} tokens; give "
            f"--max-length {longest}"
        )
    keys = sorted({key for key, _ in fitting}, key=lambda key: draws.unit(seed, key, "held out"))
    if len(keys) < 2:
        groups = counted(len(keys), "persona" if by == "persona" else "post")
        raise UsageError(
            f"the cohort {cohort!r} has {counted(len(fitting), 'row')} of {groups}, too few to "
            "train on some and hold others out; make a larger run, or choose "
            f"--hold-out {'thread' if by == 'persona' else 'persona'}"
        )
    counts = Counter(key for key, _ in fitting)
    held: dict[str, None] = {}
    count = 0
    for key in keys[:-1]:
        if held and count >= share * len(fitting):
            break
        held[key] = None
        count += counts[key]
    return Split(
        train=[one for key, one in fitting if key not in held],
        held_out=[one for key, one in fitting if key in held],
        keys=list(held),
        too_long=len(encoded) - len(fitting),
    )


def _encode(row: Mapping[str, Any], base: BaseModel) -> Encoded:
    prompt = base.prompt_ids(row["prompt"])
    return Encoded([*prompt, *base.reply_ids(row["completion"][0]["content"])], len(prompt))
