"""Makes rows of the tables `ledger` and `metrics` from the progress of a run."""

from collections import Counter

from simnet.kernel.ledger import Ledger
from simnet.recording.files.manifest import LedgerLine
from simnet.recording.row_types import LedgerRow, Metric
from simnet.recording.schema import encode
from simnet.scheduler.driver import Phases
from simnet.scheduler.progress.messages import Finish, Progress

SAMPLE_SECONDS, SAMPLE_SHARE = 1.0, 0.001
"""Shortest time between two samples of the model's statistics: wall seconds, and a share of the
time since the start, so that a run of a week has 7,000 samples and not 600,000."""


class Meter:
    """Turns progress into rows of `metrics`: a sample a second at first, then fewer and fewer."""

    def __init__(self) -> None:
        self._sampled_at = -SAMPLE_SECONDS

    def rows(self, progress: Progress) -> list[tuple[str, bytes]]:
        """Return a sample, of the model and the texts; no rows if the last one is too recent."""
        wait = max(SAMPLE_SECONDS, SAMPLE_SHARE * progress.elapsed)
        if progress.elapsed - self._sampled_at < wait:
            return []
        metrics = _sample(progress)
        if not metrics:
            return []
        self._sampled_at = progress.elapsed
        return [("metrics", encode("metrics", metrics))]


def closing_rows(
    finish: Finish, phases: Phases, slots: int | None = None
) -> list[tuple[str, bytes]]:
    """Return the rows that summarise a run; those of `ledger` only if the run is complete.

    `slots` is how many calls the models of the run work on at once, if that is known.

    A stopped run may be resumed; until then its ledger is in the manifest.
    """
    progress, usage = finish.progress, finish.progress.usage
    lines = [
        LedgerRow(outcome=line.outcome, cause=line.cause, turns=line.turns)
        for line in ledger_lines(progress.ledger)
    ]
    metrics = [
        Metric(progress.elapsed, name, float(value), "tokens" if "tokens" in name else "calls")
        for name, value in usage.figures().items()
        if value is not None
    ]
    metrics += [
        Metric(progress.elapsed, f"phase.{name}", seconds, "seconds")
        for name, seconds in phases.seconds.items()
    ]
    metrics += [
        Metric(progress.elapsed, f"incident.{cause}", float(times), "times")
        for cause, times in sorted(Counter(progress.incidents).items())
    ]
    metrics += _load(progress, slots)
    metrics += _sample(progress)
    metrics += _texts(progress)
    metrics += [
        Metric(progress.elapsed, f"model.{state.engine}.restarts", float(state.restarts), "times")
        for state in progress.engines
    ]
    ledger = [] if finish.stopped else [("ledger", encode("ledger", lines))]
    return [*ledger, ("metrics", encode("metrics", metrics))]


def ledger_lines(ledger: Ledger) -> tuple[LedgerLine, ...]:
    """Return a ledger as lines; the turns planned are the sum of all others."""
    return (
        LedgerLine(outcome="planned", turns=ledger.planned),
        LedgerLine(outcome="done", turns=ledger.done),
        *(LedgerLine(outcome="refused", cause=c, turns=n) for c, n in ledger.refused.items()),
        *(LedgerLine(outcome="failed", cause=c, turns=n) for c, n in ledger.failed.items()),
        LedgerLine(outcome="open", turns=ledger.open),
    )


def _load(progress: Progress, slots: int | None) -> list[Metric]:
    """Return how long simulated time waited for replies, and how full the models were."""
    at, load = progress.elapsed, progress.load
    figures = [
        Metric(at, "stall.seconds", load.stalled, "seconds"),
        Metric(at, "stall.share", load.stalled_share(at), "share"),
        Metric(at, "turns_in_flight.mean", load.mean(at), "turns"),
    ]
    if slots:
        figures.append(Metric(at, "slots", float(slots), "calls"))
        figures.append(Metric(at, "slots.filled", load.mean(at) / slots, "share"))
    return figures


def _texts(progress: Progress) -> list[Metric]:
    """Return what was counted of the texts of each cohort over the whole run."""
    metrics = []
    for one in progress.health.cohorts:
        whole = {f"{measure}.all": (rate, "share") for measure, rate in one.rates.items()}
        rung = {f"alarm.{measure}": (float(n), "times") for measure, n in one.alarms.items()}
        judged = {"judged": (float(one.judged), "texts")} if one.judged else {}
        metrics += [
            Metric(progress.elapsed, f"health.{one.cohort}.{name}", value, unit)
            for name, (value, unit) in (whole | rung | judged).items()
        ]
    return metrics


def _sample(progress: Progress) -> list[Metric]:
    """Return the statistics of the model, of each engine if there are several, and of texts."""
    sources = [("model", progress.statistics)]
    sources += [(f"model.{state.engine}", state.statistics) for state in progress.engines]
    metrics = [
        Metric(progress.elapsed, f"{source}.{name}", value, unit)
        for source, statistics in sources
        if statistics is not None
        for name, value, unit in statistics.figures()
    ]
    metrics += [
        Metric(progress.elapsed, f"health.{one.cohort}.{measure}", value, "share")
        for one in progress.health.cohorts
        for measure, value in one.recent.items()
    ]
    return metrics
