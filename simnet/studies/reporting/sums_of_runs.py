"""What the runs of an arm have in all: outcomes of turns, actions over time, exposures, costs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from simnet.analysis.costs import costs
from simnet.clock import HOUR, format_time
from simnet.foundation.text import counted
from simnet.recording.reading.run import Run
from simnet.report.parts import Block, Grid, Notes, Picture, Section
from simnet.report.pictures.run_charts import survival
from simnet.report.pictures.study_charts import course
from simnet.report.run_tables import RunTables
from simnet.report.sections.distributions import survival_rows
from simnet.report.sections.over_time import span_for
from simnet.report.sections.turns_and_costs import LOWER_BOUNDS, NO_CALLS
from simnet.studies.paired import mean_of
from simnet.studies.reporting.recorded_study import RecordedStudy
from simnet.world.events import DONE, OUTSIDE

_MOST_RUNS = 60
"""Runs whose events are read for a picture."""
_MOST_CAUSES = 20


def complete_runs(study: RecordedStudy) -> Iterator[tuple[str, Run]]:
    """Yield the complete runs with their arms."""
    for one in study.runs:
        if one.run is not None and one.complete:
            yield one.arm, one.run


def ledger_by_arm(study: RecordedStudy) -> Section:
    """Sum the ledgers of the runs of each arm, and picture what was done when."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for arm, run in complete_runs(study):
        for row in run.read("ledger").to_pylist():
            counts[row["outcome"], row["cause"] or "", arm] += row["turns"]
    sums: Counter[tuple[str, str]] = Counter()
    for (outcome, cause, _), turns in counts.items():
        sums[outcome, cause] += turns
    rows = [
        (outcome, cause, *(f"{counts[outcome, cause, arm]:,}" for arm in study.arms))
        for (outcome, cause), turns in sums.most_common(_MOST_CAUSES)
        if turns
    ]
    heads = ("outcome", "cause", *study.arms)
    numbers = frozenset(range(2, len(heads)))
    left = len([turns for turns in sums.values() if turns]) - len(rows)
    note = f"{counted(left, 'rarer cause')} left out." if left else ""
    blocks: list[Block] = [Grid("Turns by outcome, all seeds", heads, rows, numbers, note)]
    picture = _over_time(study)
    return Section("ledger", "Ledger and time line", [*blocks, *([picture] if picture else [])])


def _over_time(study: RecordedStudy) -> Picture | None:
    runs = list(complete_runs(study))[:_MOST_RUNS]
    lasts = max((float(one.get("lasts", 0)) for one in study.plan["cells"].values()), default=0)
    span = span_for(max(lasts, 1.0))
    places = max(1, int(np.ceil(lasts / span)))
    found: dict[str, list[Any]] = {}
    for arm, run in runs:
        counts = np.zeros(places)
        for batch in run.batches("events", ["time", "who", "verb", "outcome"]):
            done = (batch["outcome"].to_numpy() == DONE) & (batch["verb"].to_numpy() != "pass")
            done &= batch["who"].to_numpy() != OUTSIDE
            at = np.minimum(batch["time"].to_numpy()[done] // span, places - 1).astype(int)
            counts += np.bincount(at, minlength=places)
        found.setdefault(arm, []).append(counts)
    if not any(counts.any() for own in found.values() for counts in own):
        return None
    rows = []
    for arm, own in found.items():
        for place in range(places):
            summary = mean_of([float(counts[place]) for counts in own])
            ends = summary.interval if summary.seeds > 1 else (None, None)
            rows.append({"kind": "mean", "arm": arm, "hours": (place + 0.5) * span / HOUR,
                         "value": summary.mean, "low": ends[0], "high": ends[1]})  # fmt: skip
    sums = {arm: float(np.mean([counts.sum() for counts in own])) for arm, own in found.items()}
    words = ", ".join(f"{arm} {mean:,.0f}" for arm, mean in sums.items())
    return Picture(
        "time-line",
        "Actions over time, by arm",
        f"Mean number of actions in spans of {format_time(span)}, with 95% intervals over seeds. "
        f"Actions a run: {words}.",
        course(rows, study.arms, "actions"),
        rows,
        _of_runs(study, len(runs)),
    )


def spread_by_arm(study: RecordedStudy) -> Section:
    """Picture which share of posts was shown at least so often, by arm."""
    shown: dict[str, list[int]] = {}
    runs = list(complete_runs(study))[:_MOST_RUNS]
    for arm, run in runs:
        tables = RunTables(run)
        counts = tables.shown
        posts = tables.made["made"].to_pylist()
        shown.setdefault(arm, []).extend(counts.get(post, 0) for post in posts)
    title = "Exposures of posts"
    shown = {arm: one for arm, one in shown.items() if any(one)}
    if not shown:
        return Section("exposures", title, [Notes(["No post was shown to anybody."])])
    rows = [row for arm, one in shown.items() for row in survival_rows(arm, one)]
    words = "; ".join(
        f"{arm}: median {np.median(one):g}, most {max(one):,}" for arm, one in shown.items()
    )
    picture = Picture(
        "exposures",
        "How often posts were shown, by arm",
        f"The share of posts that were shown at least so often, all seeds together. {words}.",
        survival(rows, [arm for arm in study.arms if arm in shown], "exposures"),
        rows,
        _of_runs(study, len(runs)),
    )
    return Section("exposures", title, [picture])


def cost_by_arm(study: RecordedStudy) -> Section:
    """Sum calls and tokens by arm."""
    sums: dict[str, Counter[str]] = {}
    for arm, run in complete_runs(study):
        own = sums.setdefault(arm, Counter())
        own["runs"] += 1
        for row in costs(run):
            own["calls"] += row.calls
            own["in"] += row.prompt_tokens
            own["cached"] += row.cached_tokens
            own["out"] += row.output_tokens
            own["unknown"] += row.unknown_in + row.unknown_out
    if not any(own["calls"] for own in sums.values()):
        return Section("cost", "Cost", [Notes([NO_CALLS])])
    names = ("runs", "calls", "in", "cached", "out")
    rows = [(arm, *(f"{sums[arm][name]:,}" for name in names)) for arm in study.arms if arm in sums]
    total: Counter[str] = sum(sums.values(), Counter())
    rows.append(("all", *(f"{total[name]:,}" for name in names)))
    heads = ("arm", "runs", "calls", "tokens in", "of them cached", "tokens out")
    note = LOWER_BOUNDS if total["unknown"] else ""
    table = Grid("Calls of models", heads, rows, frozenset(range(1, 6)), note)
    return Section("cost", "Cost", [table])


def _of_runs(study: RecordedStudy, read: int) -> str:
    complete = sum(one.complete for one in study.runs)
    return f"Of the first {read} of {complete} complete runs." if read < complete else ""
