"""`simnet cost` prints what the model calls of a run cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from simnet.cli.display.pace import format_cached, format_sum
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_json, print_missing, print_table
from simnet.cli.run_names import RUNS

if TYPE_CHECKING:
    from simnet.analysis.costs import Cost

HEADINGS = ("cohort", "verb", "turns", "calls", "tokens in", "cached", "tokens out")


def cost(run: RunName = "latest", runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Print what the model calls of a run cost, by cohort and by what came of them."""
    from simnet.analysis.costs import costs, early_costs  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_missing(opened)
    rows, early = costs(opened), early_costs(opened)
    if as_json:
        figures = [row.figures() for row in rows]
        print_json({"run": opened.id, "costs": figures, "early": early._asdict()})
    elif rows:
        cells = [_cells(row) for row in [*rows, _total(rows)]]
        print_table(HEADINGS, cells, numbers=HEADINGS[2:])
        if early.made:
            tokens = format_sum(early.tokens_in_vain, early.unknown, "token")
            in_vain = f"{early.made - early.used:,} more in vain: {tokens}"
            typer.echo(f"{early.used:,} of these calls were made early, and {in_vain}")
    else:
        typer.echo("no model was asked")


def _total(rows: "Sequence[Cost]") -> "Cost":
    sums = [sum(filter(None, column)) for column in list(zip(*rows, strict=True))[2:]]
    return type(rows[0])("all", "", *sums)


def _cells(row: "Cost") -> list[str]:
    tokens_in = format_sum(row.tokens_in, row.unknown_in)
    tokens_out = format_sum(row.tokens_out, row.unknown_out)
    counts = (f"{row.turns:,}", f"{row.calls:,}")
    return [row.cohort, row.verb, *counts, tokens_in, format_cached(row.cached), tokens_out]
