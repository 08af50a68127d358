"""Rows of the `ledger` and the `metrics` tables, made of the reports of a run."""

from collections import Counter

from simnet.kernel.ledger import Ledger
from simnet.recording.files.manifest import LedgerLine
from simnet.recording.row_types import LedgerRow, Metric
from simnet.recording.schema import encode
from simnet.scheduler.driver import Phases
from simnet.scheduler.messages import Finish, Progress

SAMPLED_EVERY = 1.0
"""Wall seconds at least between two samples of the model's statistics."""


class Meter:
    """Turns reports of progress into rows, one sample a second at most."""

    def __init__(self) -> None:
        self._sampled = -SAMPLED_EVERY

    def rows(self, progress: Progress) -> list[tuple[str, bytes]]:
        """Return a sample of the model's statistics, or nothing if there was one just now."""
        if progress.statistics is None or progress.elapsed - self._sampled < SAMPLED_EVERY:
            return []
        self._sampled = progress.elapsed
        return [("metrics", encode("metrics", _sample(progress)))]


def closing_rows(finish: Finish, phases: Phases) -> list[tuple[str, bytes]]:
    """Return the rows that sum a run up; the ledger only if it came to its end.

    What was stopped may be resumed, and its ledger is in the manifest until then.
    """
    progress, usage = finish.progress, finish.progress.usage
    lines = [LedgerRow(*(line.outcome, line.cause, line.turns)) for line in
             ledger_lines(progress.ledger)]  # fmt: skip
    metrics = [
        Metric(progress.elapsed, name, float(value), "tokens" if "tokens" in name else "calls")
        for name, value in usage._asdict().items()
    ]
    metrics += [
        Metric(progress.elapsed, f"phase.{name}", seconds, "seconds")
        for name, seconds in phases.seconds.items()
    ]
    metrics += [
        Metric(progress.elapsed, f"incident.{cause}", float(times), "times")
        for cause, times in sorted(Counter(progress.incidents).items())
    ]
    metrics += _sample(progress)
    metrics += [
        Metric(progress.elapsed, f"model.{state.engine}.restarts", float(state.restarts), "times")
        for state in progress.engines
    ]
    ledger = [] if finish.stopped else [("ledger", encode("ledger", lines))]
    return [*ledger, ("metrics", encode("metrics", metrics))]


def ledger_lines(ledger: Ledger) -> tuple[LedgerLine, ...]:
    """Write a ledger as lines: planned = the sum of the others."""
    return (
        LedgerLine(outcome="planned", turns=ledger.planned),
        LedgerLine(outcome="done", turns=ledger.done),
        *(LedgerLine(outcome="refused", cause=c, turns=n) for c, n in ledger.refused.items()),
        *(LedgerLine(outcome="failed", cause=c, turns=n) for c, n in ledger.failed.items()),
        LedgerLine(outcome="open", turns=ledger.open),
    )


def _sample(progress: Progress) -> list[Metric]:
    """Write what the model does; of several engines all together, then each under its name."""
    told = [("model", progress.statistics)]
    told += [(f"model.{state.engine}", state.statistics) for state in progress.engines]
    return [
        Metric(progress.elapsed, f"{whose}.{name}", value, unit)
        for whose, statistics in told
        if statistics is not None
        for name, value, unit in statistics.figures()
    ]
