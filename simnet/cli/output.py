"""What commands print: JSON, tables, checks. Imports rich when it is called."""

import json
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simnet.cli.table_layout import print_rows
from simnet.foundation.text import terminal_safe, visible

if TYPE_CHECKING:
    from simnet.recording.checking.verify import Check
    from simnet.recording.reading.run import Run

_STEERING = re.compile("[\x7f-\x9f\xad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters that JSON may hold as they are and that steer a terminal or hide text."""


def print_json(value: Any) -> None:
    """Print a value as one line of JSON, with control and formatting characters as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    sys.stdout.write(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def print_error(line: str) -> None:
    """Print a line on stderr, unless that is gone."""
    with suppress(OSError):
        sys.stderr.write(terminal_safe(line) + "\n")


def print_checks(checks: "Iterable[Check]") -> None:
    """Print each check on a line, with its problems, or why it was not done, below it."""
    for check in checks:
        done = "ok" if check.not_done is None else "not done"
        sys.stdout.write(f"{'FAILED' if check.problems else done:6}  {check.name}\n")
        for line in check.problems or filter(None, [check.not_done]):
            sys.stdout.write(f"{'':8}{terminal_safe(line)}\n")


def print_missing(run: "Run") -> None:
    """Say on stderr that the record of a run is incomplete, if it is."""
    for lack in run.missing:
        print_error(f"note: the record of {visible(run.id)} is incomplete: {visible(lack)}")


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[str] = (),
    unbroken: Collection[str] = (),
) -> None:
    """Print rows under headings on stdout; see `print_rows`."""
    from simnet.cli.display.lasting_console import ClosableConsole  # noqa: PLC0415

    print_rows(ClosableConsole(), headings, list(rows), numbers=numbers, unbroken=unbroken)


def print_cells(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Collection[str] = (),
    unbroken: Collection[str] = (),
) -> None:
    """Print a table on a terminal; elsewhere lines of cells separated by tabs."""
    if sys.stdout.isatty():
        print_table(headings, rows, numbers=numbers, unbroken=unbroken)
        return
    for row in rows:
        sys.stdout.write("\t".join(" ".join(terminal_safe(cell).split()) for cell in row) + "\n")
