"""Charts of one run: time line, distributions, cascade and network."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from simnet.report.parts import Row
from simnet.report.pictures.style import ROWS, finished, legend, palette

_POINT = 45
_TICKS = 6
"""Of an axis with counts, which has none at fractions."""


def time_line(rows: Sequence[Row], kinds: Sequence[str]) -> dict[str, Any]:
    """Chart counts by span of time, one kind upon the other.

    Rows have `hours`, `until`, `kind` and `count`, and `low` and `high`, the ends of the bar.
    """
    highest = max((int(row["high"]) for row in rows), default=1)
    whole = alt.Axis(tickCount=max(1, min(highest, _TICKS)), format=",d")
    chart = (
        alt.Chart(ROWS)
        .mark_bar()
        .encode(
            x=alt.X("hours:Q", title="simulated hours"),
            x2="until:Q",
            y=alt.Y("low:Q", title="actions", axis=whole),
            y2="high:Q",
            color=alt.Color("kind:N", scale=palette(kinds), legend=legend(kinds)),
            tooltip=["kind:N", "hours:Q", "count:Q"],
        )
    )
    return finished(chart, rows)


def survival(rows: Sequence[Row], kinds: Sequence[str], what: str) -> dict[str, Any]:
    """Chart which share of posts has at least so many; rows have `kind`, `least` and `share`."""
    most = max((int(row["least"]) for row in rows), default=1)
    counts = [0, *(one * 10**power for power in range(len(str(most))) for one in (1, 2, 5))]
    ticks = alt.Axis(values=[one for one in counts if one <= most], format=",d",
                     labelOverlap="greedy")  # fmt: skip
    chart = (
        alt.Chart(ROWS)
        .mark_line(interpolate="step-before", point=alt.OverlayMarkDef(size=_POINT / 2))
        .encode(
            x=alt.X("least:Q", title=what, axis=ticks,
                    scale=alt.Scale(type="symlog", constant=1)),
            y=alt.Y("share:Q", title="share of posts with at least so many",
                    axis=alt.Axis(format="%")),
            color=alt.Color("kind:N", scale=palette(kinds), legend=legend(kinds)),
            tooltip=["kind:N", "least:Q", alt.Tooltip("share:Q", format=".2%")],
        )
    )  # fmt: skip
    return finished(chart, rows)


def cascade_picture(rows: Sequence[Row], verbs: Sequence[str]) -> dict[str, Any]:
    """Chart a cascade as a tree over time.

    Rows have `hours`, `place`, `verb` and `who`, and `from_hours` and `from_place` of the node
    above, null for the first one.
    """
    base = alt.Chart(ROWS)
    lines = (
        base.transform_filter("isValid(datum.from_hours)")
        .mark_rule(color="#888888", opacity=0.6)
        .encode(x="from_hours:Q", x2="hours:Q", y=_place("from_place"), y2="place:Q")
    )
    points = base.mark_circle(size=_POINT, opacity=1).encode(
        x=alt.X("hours:Q", title="hours since the post"),
        y=_place("place"),
        color=alt.Color("verb:N", scale=palette(verbs), legend=legend(verbs)),
        tooltip=["who:N", "verb:N", "hours:Q", "depth:Q"],
    )
    return finished(alt.layer(lines, points), rows, height=320)


def _place(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(reverse=True, nice=False))


def network_picture(rows: Sequence[Row], communities: Sequence[str]) -> dict[str, Any]:
    """Chart people and ties.

    Rows of `kind` "tie" have `x`, `y`, `x2` and `y2`; those of "person" have `x`, `y`, `who`,
    `community`, `cohort` and `followers`.
    """
    base = alt.Chart(ROWS)
    x, y = (alt.X("x:Q", axis=None), alt.Y("y:Q", axis=None))
    ties = (
        base.transform_filter("datum.kind === 'tie'")
        .mark_rule(color="#888888", opacity=0.25)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
    )
    people = (
        base.transform_filter("datum.kind === 'person'")
        .mark_circle(opacity=0.9)
        .encode(
            x=x,
            y=y,
            size=alt.Size("followers:Q", legend=None, scale=alt.Scale(range=[20, 260])),
            color=alt.Color("community:N", title="community", scale=palette(communities)),
            tooltip=["who:N", "cohort:N", "community:N", "followers:Q"],
        )
    )
    return finished(alt.layer(ties, people), rows, height=420)
