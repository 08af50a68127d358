"""Measures of a study as tables and pictures: arms, differences, courses over time."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from simnet.clock import HOUR, Seconds, format_time
from simnet.foundation.text import counted
from simnet.report.parts import Block, Grid, Picture, Section
from simnet.report.pictures.study_charts import arm_values, course
from simnet.studies.expectations import Reference
from simnet.studies.paired import mean_of
from simnet.studies.reporting.comparisons import MOST_LINES, Found, comparisons, ends_of, seed_rows
from simnet.studies.reporting.recorded_study import MeasureFacts, RecordedStudy
from simnet.studies.results import Results

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
            if lines < MOST_LINES:
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
        f"The first {MOST_LINES} of {lines} lines." if lines > MOST_LINES else "",
    )
    heads = ("arm", "seeds", "mean", "95% interval", "deviation", "known value", "source")
    width = len(heads) if references else len(heads) - 2
    yield Grid(
        f"{measure.name}: means and Student's intervals",
        heads[:width],
        [row[:width] for row in table],
        frozenset({1, 2, 3, 4}),
    )
    yield from comparisons(study, key, measure, values)


def _mean_row(line: str, values: dict[int, float], known: Sequence[Reference]) -> tuple[str, ...]:
    summary = mean_of(list(values.values()))
    deviation = "" if not isfinite(summary.deviation) else f"{summary.deviation:.4g}"
    return (
        line, str(summary.seeds), f"{summary.mean:.4g}", summary.interval.in_words(), deviation,
        ", ".join(f"{one.value:.4g}" for one in known),
        ", ".join(dict.fromkeys(one.source for one in known)),
    )  # fmt: skip


def _means_in_words(values: Found, arms: Sequence[str]) -> str:
    (group, _), by_arm = next(iter(values.items()))
    means = [
        f"{arm} {mean_of(list(by_arm[arm].values())).mean:.4g}" for arm in arms if arm in by_arm
    ]
    return f"Means{f' of {group}' if group else ''}: {', '.join(means)}."


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
            low, high = ends_of(summary.interval)
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
