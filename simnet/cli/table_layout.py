"""Lays out tables for the width of a terminal. Numbers are never cut or folded; texts may fold."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

from simnet.foundation.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GAP = 2
"""Columns between two columns of a table."""
LEAST_TEXT = 12
"""Columns a text gets at least, if it is not shorter, before rows are printed one below another."""
WHOLE_WORD = 24
"""Columns of the longest word that is not broken where the table has room for it."""


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
    room = console.width - GAP * (len(headings) - 1)
    least = _least_widths(headings, cells, whole)
    if sum(least) > room:
        least = _least_widths(headings, cells, whole, LEAST_TEXT)
    if sum(least) <= room:
        console.print(_table(headings, cells, numbers, _widths(headings, cells, least, room)))
    else:
        _print_blocks(console, headings, cells, whole)


def _least_widths(
    headings: Sequence[str],
    cells: Sequence[Sequence[str]],
    whole: Collection[str],
    longest: int | None = None,
) -> list[int]:
    """Return the width of each column below which a value would be cut or a word be broken.

    Of texts, words up to WHOLE_WORD count, or else their first `longest` columns.
    """
    least = []
    for place, heading in enumerate(headings):
        values = [row[place] for row in cells]
        if heading in whole:
            widths = [_width(value) for value in values]
        elif longest is not None:
            widths = [min(_width(value), longest) for value in values]
        else:
            widths = [_longest_word(value) for value in values]
        least.append(max([_width(heading), *widths]))
    return least


def _widths(
    headings: Sequence[str], cells: Sequence[Sequence[str]], least: Sequence[int], room: int
) -> list[int]:
    """Return the width of each column: of all its text, or less where there is no room for that.

    Rich's own way to find them gives some more than there is room for, and cuts what is too much.
    """
    widths = _least_widths(headings, cells, headings)
    while sum(widths) > room:
        shrinkable = [place for place, width in enumerate(widths) if width > least[place]]
        widths[max(shrinkable, key=lambda place: widths[place])] -= 1
    return widths


def _longest_word(text: str) -> int:
    """Return the columns of the longest word; at least LEAST_TEXT, or all of a shorter text."""
    words = max(map(_width, text.split()), default=0)
    return max(min(words, WHOLE_WORD), min(_width(text), LEAST_TEXT))


def _width(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    return max(map(cell_len, text.split("\n")))


def _table(
    headings: Sequence[str],
    cells: Sequence[Sequence[str]],
    numbers: Collection[str],
    widths: Sequence[int],
) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading, width in zip(headings, widths, strict=True):
        justify: Literal["left", "right"] = "right" if heading in numbers else "left"
        table.add_column(heading, justify=justify, overflow="fold", width=width)
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
