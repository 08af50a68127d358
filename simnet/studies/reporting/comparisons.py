"""Arms of a study compared within each seed, measure by measure: differences and interactions."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from simnet.clock import Seconds
from simnet.report.parts import Block, Grid, Picture
from simnet.report.pictures.study_charts import differences
from simnet.studies.crossings import Comparison, Crossings
from simnet.studies.interactions import compared, paired
from simnet.studies.paired import Difference, Interval, mean_of
from simnet.studies.reporting.recorded_study import MeasureFacts, RecordedStudy

Found = dict[tuple[str, Seconds | None], dict[str, dict[int, float]]]
"""The values of one measure: by group and time, arm and seed."""
MOST_LINES = 24
"""Lines of a picture."""


class _Line(NamedTuple):
    """One comparison."""

    name: str
    changes: dict[int, float]
    """By seed."""
    found: Difference


def comparisons(
    study: RecordedStudy, key: str, measure: MeasureFacts, values: Found
) -> Iterator[Block]:
    """Yield the differences of conditions that differ in one factor, and their interactions."""
    crossings = Crossings(study.arms, study.parameters)
    yield from _compared(
        f"{key}-differences",
        measure,
        list(_lines(crossings.differences(), values)),
        "differences within each seed",
        "the difference of two runs with the same seed",
        "paired differences",
    )
    yield from _compared(
        f"{key}-interactions",
        measure,
        list(_lines(crossings.interactions(), values)),
        "interactions within each seed",
        "the difference of two differences, of four runs with the same seed",
        "interactions, differences of paired differences",
    )


def _lines(compare: Iterable[Comparison], values: Found) -> Iterator[_Line]:
    """Compare conditions, group by group, where at least two seeds have a value in all."""
    wanted = list(compare)
    for (group, _), by_arm in values.items():
        for name, arms in wanted:
            own = [by_arm.get(arm, {}) for arm in arms]
            seeds = sorted(set.intersection(*map(set, own)))
            if len(seeds) < 2:
                continue
            found = [[arm[seed] for seed in seeds] for arm in own]
            changes = np.subtract(*paired(found)).tolist()
            yield _Line(
                f"{group} · {name}" if group else name,
                dict(zip(seeds, changes, strict=True)),
                compared(found),
            )


def _compared(
    key: str, measure: MeasureFacts, lines: Sequence[_Line], title: str, dots: str, caption: str
) -> Iterator[Block]:
    if not lines:
        return
    rows: list[dict[str, Any]] = []
    for line, changes, found in lines[:MOST_LINES]:
        own = seed_rows(line, line, changes)
        low, high = ends_of(found.t_interval)
        own[-1] |= {"low": low, "high": high}
        rows += own
    yield Picture(
        key,
        f"{measure.name}, {title}",
        f"Each dot is {dots}; the diamond is the mean, the line its 95% interval (Student's). "
        + "; ".join(f"{line}: {found.mean:.4g}" for line, _, found in lines[:6]) + ".",
        differences(rows, measure.unit),
        rows,
        f"The first {MOST_LINES} of {len(lines)} lines." if len(lines) > MOST_LINES else "",
    )  # fmt: skip
    heads = ("difference", "pairs", "mean", "95% bootstrap", "95% Student", "effect d",
             "p (t)", "p (permutation)", "variance, paired by unpaired")  # fmt: skip
    yield Grid(
        f"{measure.name}: {caption}",
        heads,
        [_difference_row(line, found) for line, _, found in lines],
        frozenset(range(1, len(heads))),
        "These p values are not corrected for how many there are; those of hypotheses are.",
    )


def _difference_row(line: str, found: Difference) -> tuple[str, ...]:
    numbers = (found.effect, found.p_t, found.p_permutation, found.variance_ratio)
    return (
        line, str(found.pairs), f"{found.mean:.4g}", found.bootstrap_interval.in_words(),
        found.t_interval.in_words(),
        *("" if not isfinite(one) else f"{one:.3g}" for one in numbers),
    )  # fmt: skip


def seed_rows(line: str, arm: str, values: dict[int, float]) -> list[dict[str, Any]]:
    """Return the rows of a chart for one line: every seed, and the mean with its interval."""
    places = sorted(values)
    rows: list[dict[str, Any]] = [
        {"kind": "seed", "line": line, "arm": arm, "seed": seed, "value": values[seed],
         "spread": spread}
        for seed, spread in zip(places, _spreads(len(places)), strict=True)
    ]  # fmt: skip
    summary = mean_of(list(values.values()))
    low, high = ends_of(summary.interval)
    rows.append({"kind": "mean", "line": line, "arm": arm, "value": summary.mean, "low": low,
                 "high": high})  # fmt: skip
    return rows


def _spreads(count: int) -> list[float]:
    """Place dots of one line beside each other, so that equal ones can be told apart."""
    return [((place * 7) % 5 - 2) / 3 for place in range(count)]


def ends_of(interval: Interval) -> tuple[float | None, float | None]:
    """Return the ends of an interval for a chart; None if there are none."""
    return interval if isfinite(interval.low) else (None, None)
