"""What was done when: counts of actions by span of simulated time."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.clock import HOUR, MINUTE, Seconds, format_time
from simnet.report.parts import Picture
from simnet.report.pictures.run_charts import time_line

_SPANS = 60
_KINDS = 7
_STEPS = (1.0, 5.0, 10.0, 30.0, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,
          2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)  # fmt: skip
OTHER = "other"


def span_for(lasts: Seconds, most: int = _SPANS) -> Seconds:
    """Return a round length, in seconds, of which at most so many fill a time."""
    for step in _STEPS:
        if lasts / step <= most:
            return step
    days = 24 * HOUR
    return days * math.ceil(lasts / days / most)


def common_verbs(done: pa.Table, most: int = _KINDS) -> list[str]:
    """List the verbs by how often they were done, without `pass`."""
    counts: Counter[str] = Counter()
    for row in pc.value_counts(done["verb"]).to_pylist():
        counts[row["values"]] += row["counts"]
    counts.pop("pass", None)
    return [verb for verb, _ in counts.most_common(most)]


def counted_by_span(
    done: pa.Table, verbs: Sequence[str], span: Seconds
) -> list[dict[str, float | str]]:
    """Count actions by span and verb; verbs that are not listed are `other`, `pass` is left out.

    `low` and `high` are the ends of bars that stand one upon the other.
    """
    counts: Counter[tuple[int, str]] = Counter()
    places = np.floor(done["time"].to_numpy() / span).astype(int)
    for place, verb in zip(places.tolist(), done["verb"].to_pylist(), strict=True):
        if verb != "pass":
            counts[place, verb if verb in verbs else OTHER] += 1
    order = {verb: place for place, verb in enumerate([*verbs, OTHER])}
    heights: Counter[int] = Counter()
    rows: list[dict[str, float | str]] = []
    for place, verb in sorted(counts, key=lambda key: (key[0], order[key[1]])):
        count, low = counts[place, verb], heights[place]
        heights[place] += count
        rows.append(
            {"hours": place * span / HOUR, "until": (place + 1) * span / HOUR, "kind": verb,
             "count": count, "low": low, "high": low + count}
        )  # fmt: skip
    return rows


def time_line_of(done: pa.Table, name: str = "time-line") -> Picture | None:
    """Picture the actions of a run over time; None if nothing was done."""
    verbs = common_verbs(done)
    if not verbs:
        return None
    last = float(pc.max(done["time"]).as_py())
    span = span_for(max(last, 1.0))
    rows = counted_by_span(done, verbs, span)
    kinds = [*verbs, *([OTHER] if any(row["kind"] == OTHER for row in rows) else [])]
    total = Counter[str]()
    for row in rows:
        total[str(row["kind"])] += int(row["count"])
    busiest = max({row["hours"] for row in rows}, key=lambda at: _sum(rows, at))
    words = ", ".join(f"{count:,} {verb}" for verb, count in total.most_common())
    return Picture(
        name,
        "Actions over time",
        f"Counts of actions in spans of {format_time(span)}: {words}. The busiest span begins at "
        f"{format_time(float(busiest) * HOUR)}.",
        time_line(rows, kinds),
        rows,
        f"A bar is {format_time(span)} of simulated time.",
    )


def _sum(rows: Sequence[dict[str, float | str]], at: float | str) -> float:
    return sum(float(row["count"]) for row in rows if row["hours"] == at)
