"""Measures of a study as tables and pictures: arms, differences, courses over time."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from simnet.clock import HOUR, Seconds, format_time
from simnet.foundation.text import counted
from simnet.report.parts import Block, Grid, Picture, Section
from simnet.report.pictures.study_charts import arm_values, course, differences
from simnet.studies.expectations import Reference
from simnet.studies.paired import Difference, Interval, difference, mean_of
from simnet.studies.reporting.recorded_study import MeasureFacts, RecordedStudy
from simnet.studies.results import Results

Key = tuple[str, Seconds | None]
"""Group and time of a figure."""
Found = dict[Key, dict[str, dict[int, float]]]
"""The values of one measure: by group and time, arm and seed."""
_MOST_LINES = 24
_MOST_TIMES = 400


def measure_sections(study: RecordedStudy, results: Results) -> Iterator[Section]:
    """Yield a section for each measure."""
    found = values_of(results)
    for number, measure in enumerate(study.measures, start=1):
        values = found.get(measure.name, {})
        yield _section(study, number, measure, values)


def values_of(results: Results) -> dict[str, Found]:
    """Gather all values by measure."""
    found: dict[str, Found] = {}
    columns = ("measure", "group", "time", "arm", "seed", "value")
    lists = (results.table[name].to_pylist() for name in columns)
    for measure, group, time, arm, seed, value in zip(*lists, strict=True):
        by_arm = found.setdefault(measure, {}).setdefault((group, time), {})
        by_arm.setdefault(arm, {})[seed] = value
    return found


def _section(study: RecordedStudy, number: int, measure: MeasureFacts, values: Found) -> Section:
    key, title = f"measure-{number}", f"Measure: {measure.name}"
    notes = [f"Unit: {measure.unit}." if measure.unit else ""]
    notes += [f"Source: {measure.source}." if measure.source else ""]
    notes += ["It was added after the pre-registration."] * (measure.name in study.unregistered)
    notes += ["No run gave a figure."] * (not values)
    references = [one for one in study.references if one.measure == measure.name]
    blocks: list[Block] = []
    whole = {key: one for key, one in values.items() if key[1] is None}
    if whole:
        blocks += _of_the_whole(study, key, measure, whole, references)
    for group in dict.fromkeys(group for group, time in values if time is not None):
        timed = {at: by for (one, at), by in values.items() if one == group and at is not None}
        named = [one for one in references if one.group == group and one.time is not None]
        blocks.append(_course(study, f"{key}-course", measure, group, timed, named))
    return Section(key, title, blocks, " ".join(filter(None, notes)))


def _of_the_whole(
    study: RecordedStudy, key: str, measure: MeasureFacts, values: Found,
    references: Sequence[Reference],
) -> Iterator[Block]:  # fmt: skip
    rows, table, lines = [], [], 0
    for (group, _), by_arm in values.items():
        for arm in study.arms:
            if arm not in by_arm:
                continue
            line = f"{group} · {arm}" if group else arm
            known = [
                one for one in references
                if one.group == group and one.arm in {None, arm} and one.time is None
            ]  # fmt: skip
            table.append(_mean_row(line, by_arm[arm], known))
            if lines < _MOST_LINES:
                rows += seed_rows(line, arm, by_arm[arm])
                rows += [
                    {"kind": "reference", "line": line, "value": one.value, "source": one.source}
                    for one in known
                ]
            lines += 1
    yield Picture(
        f"{key}-arms",
        f"{measure.name}, by arm",
        "Each dot is a seed, the diamond the mean, the line its 95% interval"
        + (", the orange stroke the known value. " if references else ". ")
        + _means_in_words(values, study.arms),
        arm_values(rows, study.arms, measure.unit or measure.name),
        rows,
        f"The first {_MOST_LINES} of {lines} lines." if lines > _MOST_LINES else "",
    )
    heads = ("arm", "seeds", "mean", "95% interval", "deviation", "known value", "source")
    width = len(heads) if references else len(heads) - 2
    yield Grid(
        f"{measure.name}: means and Student's intervals",
        heads[:width],
        [row[:width] for row in table],
        frozenset({1, 2, 3, 4}),
    )
    compared = list(_differences(study.arms, values))
    if compared:
        yield from _compared(key, measure, compared)


def seed_rows(line: str, arm: str, values: dict[int, float]) -> list[dict[str, Any]]:
    """Return the rows of a chart for one line: every seed, and the mean with its interval."""
    places = sorted(values)
    rows: list[dict[str, Any]] = [
        {"kind": "seed", "line": line, "arm": arm, "seed": seed, "value": values[seed],
         "spread": spread}
        for seed, spread in zip(places, _spreads(len(places)), strict=True)
    ]  # fmt: skip
    summary = mean_of(list(values.values()))
    low, high = _ends(summary.interval)
    rows.append({"kind": "mean", "line": line, "arm": arm, "value": summary.mean, "low": low,
                 "high": high})  # fmt: skip
    return rows


def _spreads(count: int) -> list[float]:
    """Place dots of one line beside each other, so that equal ones can be told apart."""
    return [((place * 7) % 5 - 2) / 3 for place in range(count)]


def _mean_row(line: str, values: dict[int, float], known: Sequence[Reference]) -> tuple[str, ...]:
    summary = mean_of(list(values.values()))
    deviation = "" if not isfinite(summary.deviation) else f"{summary.deviation:.4g}"
    return (
        line, str(summary.seeds), f"{summary.mean:.4g}", summary.interval.in_words(), deviation,
        ", ".join(f"{one.value:.4g}" for one in known),
        ", ".join(dict.fromkeys(one.source for one in known)),
    )  # fmt: skip


def _ends(interval: Interval) -> tuple[float | None, float | None]:
    return interval if isfinite(interval.low) else (None, None)


def _means_in_words(values: Found, arms: Sequence[str]) -> str:
    (group, _), by_arm = next(iter(values.items()))
    means = [
        f"{arm} {mean_of(list(by_arm[arm].values())).mean:.4g}" for arm in arms if arm in by_arm
    ]
    return f"Means{f' of {group}' if group else ''}: {', '.join(means)}."


def _differences(
    arms: Sequence[str], values: Found
) -> Iterator[tuple[str, dict[int, float], Difference]]:
    """Compare each arm with the first one, group by group, where at least two seeds have both."""
    for (group, _), by_arm in values.items():
        baseline = by_arm.get(arms[0], {})
        for arm in arms[1:]:
            own = by_arm.get(arm, {})
            seeds = sorted(own.keys() & baseline.keys())
            if len(seeds) < 2:
                continue
            line = f"{arm} minus {arms[0]}"
            changes = {seed: own[seed] - baseline[seed] for seed in seeds}
            found = difference([own[s] for s in seeds], [baseline[s] for s in seeds])
            yield (f"{group} · {line}" if group else line), changes, found


def _compared(
    key: str, measure: MeasureFacts, compared: Sequence[tuple[str, dict[int, float], Difference]]
) -> Iterator[Block]:
    rows: list[dict[str, Any]] = []
    for line, changes, found in compared[:_MOST_LINES]:
        own = seed_rows(line, line, changes)
        low, high = _ends(found.t_interval)
        own[-1] |= {"low": low, "high": high}
        rows += own
    yield Picture(
        f"{key}-differences",
        f"{measure.name}, differences within each seed",
        "Each dot is the difference of two runs with the same seed; the diamond is the mean, the "
        "line its 95% interval (Student's). "
        + "; ".join(f"{line}: {found.mean:.4g}" for line, _, found in compared[:6]) + ".",
        differences(rows, measure.unit),
        rows,
        f"The first {_MOST_LINES} of {len(compared)} lines."
        if len(compared) > _MOST_LINES else "",
    )  # fmt: skip
    heads = ("difference", "pairs", "mean", "95% bootstrap", "95% Student", "effect d",
             "p (t)", "p (permutation)", "variance, paired by unpaired")  # fmt: skip
    yield Grid(
        f"{measure.name}: paired differences",
        heads,
        [_difference_row(line, found) for line, _, found in compared],
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


def _course(
    study: RecordedStudy,
    name: str,
    measure: MeasureFacts,
    group: str,
    timed: dict[Seconds, dict[str, dict[int, float]]],
    references: Sequence[Reference],
) -> Picture:
    times = sorted(timed)[:_MOST_TIMES]
    rows: list[dict[str, Any]] = []
    for time in times:
        for arm in study.arms:
            if arm not in timed[time]:
                continue
            summary = mean_of(list(timed[time][arm].values()))
            low, high = _ends(summary.interval)
            rows.append({"kind": "mean", "arm": arm, "hours": time / HOUR, "value": summary.mean,
                         "low": low, "high": high, "seeds": summary.seeds})  # fmt: skip
    rows += [
        {"kind": "reference", "arm": arm, "hours": (one.time or 0.0) / HOUR, "value": one.value,
         "source": one.source}
        for one in references
        for arm in (study.arms if one.arm is None else [one.arm])
    ]  # fmt: skip
    ends = f"from {format_time(times[0])} to {format_time(times[-1])}"
    notes = ["Dashed lines are known values."] * bool(references)
    notes += [f"The first {_MOST_TIMES} of {len(timed)} times."] * (len(timed) > _MOST_TIMES)
    title = f"{measure.name}{f', {group}' if group else ''}, over time"
    return Picture(
        f"{name}-{_slug(group)}" if group else name,
        title,
        f"Means of {counted(len(study.arms), 'arm')} {ends}, with 95% intervals over seeds as "
        f"bands. {_turning(rows, study.arms)}",
        course(rows, study.arms, measure.unit or measure.name),
        rows,
        " ".join(notes),
    )


def _turning(rows: Sequence[dict[str, Any]], arms: Sequence[str]) -> str:
    """Say where each arm begins and ends."""
    words = []
    for arm in arms:
        own = [row["value"] for row in rows if row["kind"] == "mean" and row["arm"] == arm]
        if own:
            words.append(f"{arm} goes from {own[0]:.4g} to {own[-1]:.4g}")
    return "; ".join(words) + "." if words else ""


def _slug(text: str) -> str:
    """Name a file after a group: other letters than plain ones become their code."""
    return "".join(
        letter if letter.isascii() and letter.isalnum() else f"x{ord(letter):x}"
        for letter in text[:40]
    )
