"""What the model calls of a run cost, by cohort and by what came of them."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from simnet.recording.reading.run import Run

OPEN = "(open)"
"""In place of a verb: the turn had no outcome when the run stopped."""
_KEY = ["who", "turn"]
_COUNTED = ("prompt_tokens", "cached_tokens", "output_tokens", "seconds")


class Cost(NamedTuple):
    """What some calls cost together."""

    cohort: str
    verb: str
    """Of the first thing done in the turn; its outcome, if that was `failed`."""
    turns: int
    """Turns that asked a model."""
    calls: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    seconds: float
    """Wall time of the calls added up; many are under way at once."""


def costs(run: Run) -> list[Cost]:
    """Add up the calls of a run, the costliest first. Raises RecordError if it cannot be read.

    A call that the completion of another's answered counts like the others.
    """
    calls = run.table("calls").to_table(columns=[*_KEY, *_COUNTED])
    joined = calls.join(_outcomes(run), _KEY, join_type="left outer")
    joined = joined.join(_members(run), "who", join_type="left outer")
    verbs = pc.if_else(pc.equal(joined["outcome"], "failed"), "failed", joined["verb"])
    joined = joined.append_column("did", pc.fill_null(verbs, OPEN))
    # Of a turn's calls one stands for the turn.
    turn = pc.binary_join_element_wise(joined["who"], pc.cast(joined["turn"], pa.string()), " ")
    joined = joined.append_column("one", turn)
    summed = joined.group_by(["cohort", "did"]).aggregate(
        [("one", "count_distinct"), ("one", "count"), *((name, "sum") for name in _COUNTED)]
    )
    names = ("cohort", "did", "one_count_distinct", "one_count", *(f"{n}_sum" for n in _COUNTED))
    found = [Cost(*values) for values in zip(*(summed[n].to_pylist() for n in names), strict=True)]
    return sorted(found, key=lambda one: (-one.prompt_tokens - one.output_tokens, one))


def _outcomes(run: Run) -> pa.Table:
    """List what came of each turn."""
    events = run.table("events")
    wanted = (pc.field("part") == 0) & pc.field("turn").is_valid()
    return events.to_table(columns=[*_KEY, "verb", "outcome"], filter=wanted)


def _members(run: Run) -> pa.Table:
    people = run.table("personas").to_table(columns=["id", "cohort"])
    return people.rename_columns(["who", "cohort"])
