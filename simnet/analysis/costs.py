"""Costs of the model calls of a run, by cohort and by outcome."""

from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from simnet.inference.calls.statistics import cached_share, known_sum
from simnet.recording.reading.run import Run

OPEN = "(open)"
"""Stands for the verb of a turn that had no outcome when the run stopped."""
SURVEY = "(survey)"
"""Stands for the verb of a turn in which somebody answered a survey."""
_KEY = ["who", "turn"]
_READ = ("prompt_tokens", "cached_tokens", "output_tokens", "seconds")
_COUNTED = (*_READ, "uncounted_tokens", "unknown_in", "unknown_out")


class Cost(NamedTuple):
    """The summed costs of the calls of one cohort and verb."""

    cohort: str
    """Name of the cohort."""
    verb: str
    """Verb of the first action of the turn, or `failed` if its outcome is that."""
    turns: int
    """Number of turns that called a model."""
    calls: int
    """Number of calls."""
    prompt_tokens: int
    """Of the calls of which that is known, as with the two counts below."""
    cached_tokens: int
    """Prompt tokens that were in the model's prefix cache."""
    output_tokens: int
    """Tokens of the replies."""
    seconds: float
    """Summed wall time of the calls; they overlap."""
    uncounted_tokens: int = 0
    """Prompt tokens of calls of which it is unknown how many were in the model's cache."""
    unknown_in: int = 0
    """Calls whose prompt tokens are unknown, so that `prompt_tokens` is a lower bound."""
    unknown_out: int = 0
    """Calls whose output tokens are unknown, so that `output_tokens` is a lower bound."""

    @property
    def tokens_in(self) -> int | None:
        """The known prompt tokens; None if those of no call are known."""
        return known_sum(self.prompt_tokens, self.unknown_in, self.calls)

    @property
    def tokens_out(self) -> int | None:
        """The known output tokens; None if those of no call are known."""
        return known_sum(self.output_tokens, self.unknown_out, self.calls)

    def figures(self) -> dict[str, str | int | float | None]:
        """Return the fields by name; a sum of tokens is None if no call told it."""
        cached = None if self.cached is None else self.cached_tokens
        fields: dict[str, str | int | float | None] = self._asdict()
        sums = {"prompt_tokens": self.tokens_in, "output_tokens": self.tokens_out}
        return fields | sums | {"cached_tokens": cached}

    @property
    def cached(self) -> float | None:
        """Share of the prompt tokens that were in the model's cache, 0 to 1; None if unknown."""
        if self.tokens_in is None:
            return None
        return cached_share(self.cached_tokens, self.prompt_tokens, self.uncounted_tokens)


def costs(run: Run) -> list[Cost]:
    """Sum the costs of a run's calls, most tokens first. Raises RecordError if it cannot be read.

    A call answered by the completion of an identical one counts like the others.
    """
    calls = _with_unknown(run.table("calls").to_table(columns=[*_KEY, *_READ]))
    joined = calls.join(_outcomes(run), _KEY, join_type="left outer")
    joined = joined.join(_members(run), "who", join_type="left outer")
    verbs = pc.if_else(pc.equal(joined["outcome"], "failed"), "failed", joined["verb"])
    verbs = pc.if_else(pc.less(joined["turn"], 0), SURVEY, verbs)
    joined = joined.append_column("action", pc.fill_null(verbs, OPEN))
    turn = pc.binary_join_element_wise(joined["who"], pc.cast(joined["turn"], pa.string()), " ")
    joined = joined.append_column("key", turn)
    summed = joined.group_by(["cohort", "action"]).aggregate(
        [("key", "count_distinct"), ("key", "count"), *((name, "sum") for name in _COUNTED)]
    )
    names = ("cohort", "action", "key_count_distinct", "key_count")
    columns = [summed[name].to_pylist() for name in (*names, *(f"{n}_sum" for n in _COUNTED))]
    rows = [Cost(*values) for values in zip(*columns, strict=True)]
    return sorted(rows, key=lambda row: (-row.prompt_tokens - row.output_tokens, row))


class EarlyCosts(NamedTuple):
    """What early calls of a run cost; those that were used are in `costs` too."""

    made: int
    used: int
    tokens_in_vain: int
    """Prompt and output tokens of calls that served no turn, as far as they are known."""
    unknown: int
    """Calls that served no turn and whose tokens are not known: they were aborted, or the model
    does not tell."""


def early_costs(run: Run) -> EarlyCosts:
    """Sum up what all starts of a run made early. Raises RecordError if it cannot be read."""
    sums: Counter[str] = Counter()
    rows = run.table("metrics").to_table(
        columns=["name", "value"], filter=pc.starts_with(pc.field("name"), "early")
    )
    for row in rows.to_pylist():
        sums[row["name"]] += int(row["value"])
    made = sums["early_prompt_tokens"] + sums["early_output_tokens"]
    used = sums["early_hit_prompt_tokens"] + sums["early_hit_output_tokens"]
    return EarlyCosts(sums["early"], sums["early_hits"], made - used, sums["early_unknown"])


def _with_unknown(calls: pa.Table) -> pa.Table:
    """Put 0 for counts that are unknown, and add columns that say how much is."""
    unknown_in, unknown_out = (calls[f"{name}_tokens"].is_null() for name in ("prompt", "output"))
    uncounted = pc.if_else(calls["cached_tokens"].is_null(), calls["prompt_tokens"], 0)
    for position, name in enumerate(calls.column_names):
        if name.endswith("_tokens"):
            calls = calls.set_column(position, name, calls[name].fill_null(0))
    calls = calls.append_column("uncounted_tokens", uncounted.fill_null(0))
    calls = calls.append_column("unknown_in", pc.cast(unknown_in, pa.int64()))
    return calls.append_column("unknown_out", pc.cast(unknown_out, pa.int64()))


def _outcomes(run: Run) -> pa.Table:
    """Return the verb and the outcome of each turn's first action."""
    events = run.table("events")
    wanted = (pc.field("part") == 0) & pc.field("turn").is_valid()
    return events.to_table(columns=[*_KEY, "verb", "outcome"], filter=wanted)


def _members(run: Run) -> pa.Table:
    personas = run.table("personas").to_table(columns=["id", "cohort"])
    return personas.rename_columns(["who", "cohort"])
