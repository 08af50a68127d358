"""How pictures look: colours that can be read on white and on black, and sizes.

Lines and letters have the colour of the text around them (`currentColor`), so that one picture
serves a light and a dark page. A file of its own has black ones, on white.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

from simnet.foundation.text import neutralise
from simnet.report.parts import Row

COLOURS = (
    "#1b7ac4", "#d55e00", "#0b9268", "#bf5fa0", "#9a7d0a", "#7d6fd0", "#c8414b", "#808080",
)  # fmt: skip
"""Of categories: each has a contrast of 3 to 1 or more with both grounds of a page."""
GROUNDS = ("#ffffff", "#14181d")
"""The grounds of a page, light and dark."""
_LEGEND_LETTERS = 40
"""Of a line of a legend on the page of a phone, with a symbol and a gap for each name as 3."""
WIDTH = 640
"""Of a picture in a file, in pixels; in a page it is as wide as there is room."""
INK = "currentColor"
FAINT = "#88888844"
_AXIS = {
    "labelColor": INK, "titleColor": INK, "gridColor": FAINT, "domainColor": "#888888",
    "tickColor": "#888888", "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
    "labelLimit": 220,
}  # fmt: skip
_LEGEND = {
    "labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12,
    "orient": "top", "titleFontWeight": "normal", "labelLimit": 220, "symbolLimit": 12,
    "columns": 4, "symbolOpacity": 1,
}  # fmt: skip
CONFIG = {
    "font": "sans-serif",
    "aria": False,  # the figure has one label; a label for each mark helps nobody
    "axis": _AXIS,
    "legend": _LEGEND,
    "range": {"category": list(COLOURS)},
    "view": {"stroke": None},
    "mark": {"color": COLOURS[0]},
}


ROWS = alt.NamedData("rows")
"""The rows of a picture, which `finished` puts into its chart."""


def plain(value: Any) -> Any:
    """Return a value as it may be shown: texts on one line, without invisible characters."""
    return " ".join(neutralise(value).split()) if isinstance(value, str) else value


def palette(names: Sequence[str]) -> alt.Scale:
    """Give categories colours, the same for the same order; the ninth begins again."""
    shown = [plain(name) for name in names]
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(shown))]
    return alt.Scale(domain=shown, range=colours)


def legend(names: Sequence[str]) -> alt.Legend:
    """Return a legend with as many columns as a narrow page has room for."""
    longest = max(map(len, names), default=1)
    return alt.Legend(title=None, columns=max(1, min(4, _LEGEND_LETTERS // (longest + 3))))


def finished(chart: Any, rows: Sequence[Row], height: int = 260) -> dict[str, Any]:
    """Return the Vega-Lite of a chart with its rows, as wide as its place and without a ground.

    Rows are put in last, as Altair would check each.
    """
    made: dict[str, Any] = chart.properties(width="container", height=height).to_dict()
    made["datasets"] = {"rows": cleaned(rows)}
    made["config"] = CONFIG
    made["background"] = None
    made["autosize"] = {"type": "fit-x", "contains": "padding"}
    return made


def cleaned(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as they are shown, in a chart and in its CSV; see `plain`."""
    return [{name: plain(value) for name, value in row.items()} for row in rows]
