"""Lays out tables for the width of a terminal. Numbers are never cut or folded; texts may fold."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from simnet.foundation.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GAP = 2
"""Columns between two columns of a table."""
LEAST_TEXT = 12
"""Columns a text gets at least, if it is not shorter, before rows are printed one below another."""


def print_rows(
    console: "Console",
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    numbers: Collection[str] = (),
    unbroken: Collection[str] = (),
) -> None:
    """Print rows under their headings; where that is too wide, each row as lines of its own.

    Columns in `numbers` are aligned to the right; they and those in `unbroken` keep one line a
    value.
    """
    cells = [[_shown(str(cell)) for cell in row] for row in rows]
    whole = {*numbers, *unbroken}
    if _least_width(headings, cells, whole) <= console.width:
        console.print(_table(headings, cells, numbers, whole))
    else:
        _print_blocks(console, headings, cells, whole)


def _least_width(
    headings: Sequence[str], cells: Sequence[Sequence[str]], whole: Collection[str]
) -> int:
    """Return the width below which a value would be cut, or words of a text would be broken."""
    least = 0
    for place, heading in enumerate(headings):
        widths = [_width(row[place]) for row in cells]
        if heading not in whole:
            widths = [min(width, LEAST_TEXT) for width in widths]
        least += max([_width(heading), *widths])
    return least + GAP * (len(headings) - 1)


def _width(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    return max(map(cell_len, text.split("\n")))


def _table(
    headings: Sequence[str],
    cells: Sequence[Sequence[str]],
    numbers: Collection[str],
    whole: Collection[str],
) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        widths = [_width(heading), *(_width(row[place]) for row in cells)]
        table.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=heading in whole,
            overflow="fold",
            min_width=max(widths) if heading in whole else min(max(widths), LEAST_TEXT),
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _print_blocks(
    console: "Console",
    headings: Sequence[str],
    cells: Sequence[Sequence[str]],
    whole: Collection[str],
) -> None:
    """Print each row as lines of a heading and a value, with an empty line between two rows."""
    for number, row in enumerate(cells):
        if number:
            console.print()
        print_pairs(console, dict(zip(headings, row, strict=True)), whole)


def print_pairs(console: "Console", pairs: dict[str, str], whole: Collection[str] = ()) -> None:
    """Print names and values side by side, or below each other where a whole value needs that."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    names = max(map(_width, pairs), default=0)
    longest = max((_width(value) for name, value in pairs.items() if name in whole), default=0)
    if names + GAP + max(longest, LEAST_TEXT) <= console.width:
        grid = Table.grid(padding=(0, GAP, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in pairs.items():
            grid.add_row(name, Text(value))
        console.print(grid)
        return
    for name, value in pairs.items():
        console.print(Text(name, "dim"), soft_wrap=True)
        console.print(Text(value), soft_wrap=name in whole)


def _shown(cell: str) -> str:
    """Escape what a cell must not do, line by line."""
    return "\n".join(visible(line) for line in cell.split("\n"))
