"""Charts of a study: arms with every seed's value, differences, and courses over time."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from simnet.report.parts import Row
from simnet.report.pictures.style import COLOURS, INK, ROWS, finished, legend, palette

_ROW = 34
_TWO_LINES = "split(datum.label, regexp(' (?=minus (?!.*, at ))| (?=at .* less at )'))"
"""Labels of comparisons in two lines, as one would be cut off."""


def arm_values(rows: Sequence[Row], arms: Sequence[str], unit: str) -> dict[str, Any]:
    """Chart the value of each seed, with the mean and its interval, a line for each arm.

    Rows of `kind` "seed" have `line`, `arm`, `seed` and `value`; those of "mean" have `line`,
    `arm`, `value`, `low` and `high` (null for one seed); those of "reference" have `line`,
    `value` and `source`.
    """
    base = alt.Chart(ROWS)
    line = alt.Y("line:N", title=None, sort=None)
    x = alt.X("value:Q", title=unit or "value", scale=alt.Scale(zero=False))
    colour = alt.Color("arm:N", legend=None, scale=palette(arms))
    seeds = (
        base.transform_filter("datum.kind === 'seed'")
        .mark_circle(size=36, opacity=0.75)
        .encode(x=x, y=line, color=colour, yOffset=alt.YOffset("spread:Q", scale=_spread()),
                tooltip=["line:N", "seed:Q", "value:Q"])
    )  # fmt: skip
    intervals = (
        base.transform_filter("datum.kind === 'mean' && isValid(datum.low)")
        .mark_rule(color=INK, strokeWidth=2)
        .encode(x=alt.X("low:Q", title=unit or "value"), x2="high:Q", y=line)
    )
    means = (
        base.transform_filter("datum.kind === 'mean'")
        .mark_point(shape="diamond", size=90, filled=True, opacity=1, color=INK)
        .encode(x=x, y=line, tooltip=["line:N", "value:Q", "low:Q", "high:Q"])
    )
    references = (
        base.transform_filter("datum.kind === 'reference'")
        .mark_tick(color=COLOURS[1], thickness=3, size=26)
        .encode(x=x, y=line, tooltip=["line:N", "value:Q", "source:N"])
    )
    layers = [seeds, intervals, means, *([references] if _has(rows, "reference") else [])]
    return finished(alt.layer(*layers), rows, _height(rows))


def _has(rows: Sequence[Row], kind: str) -> bool:
    return any(row["kind"] == kind for row in rows)


def _height(rows: Sequence[Row]) -> int:
    """Return the height in pixels that gives each line as much room."""
    return _ROW * max(1, len({row["line"] for row in rows}))


def _spread() -> alt.Scale:
    return alt.Scale(domain=[-1, 1], range=[4, _ROW - 4])


def course(rows: Sequence[Row], arms: Sequence[str], unit: str) -> dict[str, Any]:
    """Chart means over time with their intervals.

    Rows of `kind` "mean" have `arm`, `hours`, `value`, `low` and `high`; those of "reference"
    have `hours`, `value`, `arm` and `source`.
    """
    base = alt.Chart(ROWS)
    hours = alt.X("hours:Q", title="simulated hours")
    colour = alt.Color("arm:N", scale=palette(arms), legend=legend(arms))
    y = alt.Y("value:Q", title=unit or "value", scale=alt.Scale(zero=False))
    mean = base.transform_filter("datum.kind === 'mean'")
    band = mean.transform_filter("isValid(datum.low)").mark_area(opacity=0.2)
    line = mean.mark_line(point=alt.OverlayMarkDef(size=18))
    reference = base.transform_filter("datum.kind === 'reference'")
    dashed = reference.mark_line(strokeDash=[5, 4], strokeWidth=2)
    tooltip = ["arm:N", "hours:Q", "value:Q"]
    layers = [
        band.encode(x=hours, y=alt.Y("low:Q", title=unit or "value"), y2="high:Q", color=colour),
        line.encode(x=hours, y=y, color=colour, tooltip=tooltip),
    ]
    if _has(rows, "reference"):
        layers.append(dashed.encode(x=hours, y=y, color=colour, tooltip=tooltip))
    return finished(alt.layer(*layers), rows)


def differences(rows: Sequence[Row], unit: str) -> dict[str, Any]:
    """Chart the difference within each seed, with the mean and its interval.

    Rows are as in `arm_values`.
    """
    base = alt.Chart(ROWS)
    line = alt.Y("line:N", title=None, sort=None, axis=alt.Axis(labelExpr=_TWO_LINES))
    x = alt.X("value:Q", title=f"difference{f', {unit}' if unit else ''}")
    zero = alt.Chart(alt.Data(values=[{"value": 0.0}])).mark_rule(
        strokeDash=[4, 4], color="#888888"
    )
    seeds = base.transform_filter("datum.kind === 'seed'").mark_circle(size=36, opacity=0.75)
    intervals = base.transform_filter("datum.kind === 'mean' && isValid(datum.low)")
    means = base.transform_filter("datum.kind === 'mean'").mark_point(
        shape="diamond", size=90, filled=True, opacity=1, color=INK
    )
    layers = [
        zero.encode(x="value:Q"),
        seeds.encode(x=x, y=line, yOffset=alt.YOffset("spread:Q", scale=_spread()),
                     tooltip=["line:N", "seed:Q", "value:Q"]),
        intervals.mark_rule(color=INK, strokeWidth=2).encode(x="low:Q", x2="high:Q", y=line),
        means.encode(x=x, y=line, tooltip=["line:N", "value:Q", "low:Q", "high:Q"]),
    ]  # fmt: skip
    return finished(alt.layer(*layers), rows, _height(rows))
