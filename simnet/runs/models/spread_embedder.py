"""Whether the vectors for the spread of texts can be made, before a run begins."""

from collections.abc import Callable

from simnet.errors import SimnetError
from simnet.scenario.scenario import Scenario


def check_spread_embedders(scenario: Scenario, report: Callable[[str], None]) -> None:
    """Load the embedders that the alarms of a scenario need.

    One that cannot be loaded is reported in one line, and the spread is not measured. Raises the
    error where the alarm on the spread resamples or stops, because the run depends on it then.
    """
    told: set[str] = set()
    for cohort in scenario.cohorts:
        health = scenario.health_of(cohort)
        if health.spread is None:
            continue
        from simnet.embedding import embedder  # noqa: PLC0415  (slow, and rarely needed)

        try:
            embedder(health.embedder)
        except SimnetError as error:
            if health.spread.then != "mark":
                raise
            line = f"the spread of texts is not measured: {error}"
            if line not in told:
                told.add(line)
                report(line)
