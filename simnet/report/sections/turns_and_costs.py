"""What became of turns and calls: the ledger, actions by verb, and what the calls cost."""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.costs import Cost, costs
from simnet.recording.reading.run import Run
from simnet.report.parts import Block, Grid, Notes, Section
from simnet.report.run_tables import RunTables

_MOST_CAUSES = 20
_MOST_COHORTS = 8
LOWER_BOUNDS = "Some calls did not tell their tokens; sums are lower bounds."
NO_CALLS = "No model was asked."


def ledger(tables: RunTables) -> Section:
    """Show how many turns had which outcome, and what was done by whom."""
    rows = sorted(tables.run.read("ledger").to_pylist(), key=lambda row: -row["turns"])
    shown = [
        (row["outcome"], row["cause"] or "", f"{row['turns']:,}") for row in rows if row["turns"]
    ]
    note = f"{len(shown) - _MOST_CAUSES} rarer causes are left out." * (len(shown) > _MOST_CAUSES)
    blocks: list[Block] = []
    if shown:
        heads = ("outcome", "cause", "turns")
        table = Grid("Turns by outcome", heads, shown[:_MOST_CAUSES], frozenset({2}), note)
        blocks.append(table)
    else:
        ended = "Nobody took a turn." if rows else "The run did not end, so it has no ledger yet."
        blocks.append(Notes([ended]))
    if len(tables.events):
        blocks.append(actions_by_cohort(tables.events))
    return Section("ledger", "Ledger", blocks)


def actions_by_cohort(events: pa.Table) -> Grid:
    """Count what was done by verb and cohort, and what was refused or failed."""
    counts: Counter[tuple[str, str, str]] = Counter()
    columns = ["verb", "cohort", "outcome"]
    grouped = events.select(columns).group_by(columns).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        counts[row["verb"], row["cohort"], row["outcome"]] += row["count_all"]
    people: Counter[str] = Counter()
    for (_, cohort, _), count in counts.items():
        people[cohort] += count
    cohorts = [name for name, _ in people.most_common(_MOST_COHORTS)]
    totals: Counter[str] = Counter()
    for (verb, _, outcome), count in counts.items():
        totals[verb if outcome == "done" else f"{verb}, {outcome}"] += count
    rows = [
        (label, *(f"{_count(counts, label, cohort):,}" for cohort in cohorts), f"{total:,}")
        for label, total in totals.most_common()
    ]
    note = (
        f"The {_MOST_COHORTS} most active of {len(people)} cohorts; the sums are of all."
        if len(people) > _MOST_COHORTS
        else ""
    )
    heads = ("action", *(name or "(interventions)" for name in cohorts), "all")
    return Grid("Actions by cohort", heads, rows, frozenset(range(1, len(heads))), note)


def _count(counts: Counter[tuple[str, str, str]], label: str, cohort: str) -> int:
    return sum(
        count
        for (verb, one, outcome), count in counts.items()
        if one == cohort and label == (verb if outcome == "done" else f"{verb}, {outcome}")
    )


def cost(run: Run) -> Section:
    """Show what the calls of models cost."""
    return Section("cost", "Cost", [cost_table(costs(run))])


def cost_table(rows: Sequence[Cost]) -> Grid | Notes:
    """Sum calls and tokens by cohort."""
    if not rows:
        return Notes([NO_CALLS])
    by_cohort: dict[str, list[Cost]] = {}
    for row in rows:
        by_cohort.setdefault(row.cohort, []).append(row)
    cells = []
    for name, own in [*by_cohort.items(), ("all", list(rows))]:
        calls, tokens_in = sum(row.calls for row in own), sum(row.prompt_tokens for row in own)
        cached, out = sum(row.cached_tokens for row in own), sum(row.output_tokens for row in own)
        seconds = sum(row.seconds for row in own)
        cells.append(
            (name or "(nobody)", f"{calls:,}", f"{tokens_in:,}", f"{cached:,}", f"{out:,}",
             f"{seconds:,.1f}")
        )  # fmt: skip
    unknown = sum(row.unknown_in + row.unknown_out for row in rows)
    note = LOWER_BOUNDS if unknown else ""
    heads = ("cohort", "calls", "tokens in", "of them cached", "tokens out", "seconds of calls")
    return Grid("Calls of models", heads, cells, frozenset(range(1, 6)), note)


def marks_of(events: pa.Table) -> Counter[str]:
    """Count the marks of replies."""
    counts: Counter[str] = Counter()
    values = pc.list_flatten(events["marks"]).value_counts().to_pylist()
    for row in values:
        counts[row["values"]] += row["counts"]
    return counts
