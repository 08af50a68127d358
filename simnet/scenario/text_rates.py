"""Measures of texts in words."""

from collections.abc import Mapping

from simnet.scenario.text_alarms import RATES


def rate_words(measure: str, value: float | None) -> str:
    """Write a measure: `2.5% refusals`, `distinct 0.84`."""
    name = measure.replace("_", " ")
    if value is None:
        return name
    return f"{value:.1%} {name}" if measure in RATES else f"{name} {value:.2f}"


def figures_line(measures: Mapping[str, float]) -> str:
    """Write the measures of one cohort; rates that are 0 are left out."""
    shown = ((measure, value) for measure, value in measures.items())
    return ", ".join(rate_words(m, value) for m, value in shown if value or m not in RATES)
