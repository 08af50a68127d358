"""What commands print: JSON, tables, checks. Imports rich when it is called."""

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from simnet.text import terminal_safe

if TYPE_CHECKING:
    from rich.table import Table

    from simnet.recording.checking.verify import Check


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_error(line: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(terminal_safe(line) + "\n")


def print_checks(checks: "Iterable[Check]") -> None:
    """Print each check on a line, with its problems, or why it was not done, below it."""
    for check in checks:
        done = "ok" if check.not_done is None else "not done"
        sys.stdout.write(f"{'FAILED' if check.problems else done:6}  {check.name}\n")
        for line in check.problems or filter(None, [check.not_done]):
            sys.stdout.write(f"{'':8}{terminal_safe(line)}\n")


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[str] = (),
    unbroken: Collection[str] = (),
) -> "Table":
    """Lay rows out under headings, for a rich Console to print.

    Columns named in `numbers` are aligned to the right, those in `unbroken` are not wrapped.
    """
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    laid_out = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        laid_out.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=heading in unbroken,
            overflow="fold",
        )
    for row in rows:
        laid_out.add_row(*(Text(terminal_safe(str(cell))) for cell in row))
    return laid_out


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[str] = (),
    unbroken: Collection[str] = (),
) -> None:
    """Print rows under headings; see `table`."""
    from rich.console import Console  # noqa: PLC0415

    Console().print(table(headings, rows, numbers=numbers, unbroken=unbroken))
