"""The health of the texts of a run, for displays and summaries."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simnet.foundation.text import counted, terminal_safe
from simnet.scenario.text_rates import figures_line, rate_words

if TYPE_CHECKING:
    from simnet.kernel.text_health import CohortHealth, HealthProgress

MOST_LIVE = 3
"""Cohorts in a live display, those whose alarm rings first."""
MOST_CLOSING = 20
"""Cohorts in a summary."""


def live_lines(health: "HealthProgress") -> list[tuple[str, bool]]:
    """Describe the newest texts of a few cohorts; with each line, whether an alarm rings."""
    ordered = sorted(health.cohorts, key=lambda one: not one.ringing)
    lines = ((_live(one), bool(one.ringing)) for one in ordered)
    return [(line, rings) for line, rings in lines if line][:MOST_LIVE]


def ringing(health: "HealthProgress") -> Iterator[str]:
    """Name each alarm that rings, with the measure now."""
    for one in health.cohorts:
        for measure in one.ringing:
            shown = rate_words(measure, one.recent.get(measure))
            yield f"alarm in {terminal_safe(one.cohort)}: {shown}"


def closing_lines(health: "HealthProgress") -> list[str]:
    """Describe the texts of each cohort over the whole run, and what was not measured."""
    lines = [line for one in health.cohorts if (line := _closing(one))]
    omitted = len(lines) - MOST_CLOSING
    more = [f"... and {counted(omitted, 'more cohort')}"] if omitted > 0 else []
    fault = [terminal_safe(health.fault)] if health.fault is not None else []
    return [*lines[:MOST_CLOSING], *more, *fault]


def health_json(health: "HealthProgress") -> dict[str, Any]:
    """Return the figures as values that JSON knows."""
    cohorts = [
        {**one._asdict(), "rates": _rounded(one.rates), "recent": _rounded(one.recent)}
        for one in health.cohorts
    ]
    return {"cohorts": cohorts, "stopped": health.stopped, "fault": health.fault}


def _rounded(measures: Any) -> dict[str, float]:
    return {measure: round(value, 4) for measure, value in measures.items()}


def _live(one: "CohortHealth") -> str:
    words = figures_line(one.recent)
    rings = f" (alarm: {', '.join(one.ringing)})" if one.ringing else ""
    return f"{terminal_safe(one.cohort)}: {words}{rings}" if words or rings else ""


def _closing(one: "CohortHealth") -> str:
    measures = {name: value for name, value in one.recent.items() if name not in one.rates}
    words = figures_line({**one.rates, **measures})
    facts = [words] if words else []
    if one.unjudged:
        facts.append(f"no verdict on {one.unjudged:,} of {counted(one.judged, 'judged text')}")
    facts += [f"alarm {measure} {counted(times, 'time')}" for measure, times in one.alarms.items()]
    return f"{terminal_safe(one.cohort)}: {', '.join(facts)}" if facts else ""
