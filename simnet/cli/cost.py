"""What `simnet cost` does."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simnet.analysis.costs import Cost, costs
from simnet.cli.records import open_run


def print_costs(run: str, root: Path, *, as_json: bool) -> None:
    """Print what the calls of a run cost, by cohort and verb."""
    found = costs(open_run(run, root))
    if as_json:
        told = [one._asdict() for one in found]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    console = Console()
    if not found:
        console.print("no model was asked")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("cohort", "verb", "turns", "calls", "tokens in", "cached", "tokens out"):
        left = heading in {"cohort", "verb"}
        table.add_column(heading, justify="left" if left else "right")
    for one in [*found, _total(found)]:
        cached = f"{one.cached_tokens / max(1, one.prompt_tokens):.0%}"
        counts = (one.turns, one.calls, one.prompt_tokens)
        cells = [one.cohort, one.verb, *(f"{count:,}" for count in counts), cached]
        table.add_row(*map(Text, [*cells, f"{one.output_tokens:,}"]))
    console.print(table)


def _total(found: Sequence[Cost]) -> Cost:
    sums = [sum(column) for column in list(zip(*found, strict=True))[2:]]
    return Cost("all", "", *sums)
