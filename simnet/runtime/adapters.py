"""Whether the adapters that a scenario names are served, found before anything starts."""

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.scenario.scenario import Scenario


def check_adapters(scenario: Scenario, backend: Backend, name: str | None = None) -> None:
    """Raise UsageError, naming the cohort and what is served, for an adapter that is not.

    Looks at the cohorts whose model is `name`, which is what `backend` is.
    """
    served = backend.adapters()
    if served is None:
        return
    for cohort in scenario.cohorts:
        if cohort.model == name and cohort.adapter is not None and cohort.adapter not in served:
            known = ", ".join(sorted(served)) or "none"
            advice = backend.adapter_advice(cohort.adapter)
            by = f" by the model {name!r}" if name is not None else ""
            raise UsageError(
                f"cohort {cohort.name!r} names the adapter {cohort.adapter!r}, which is not "
                f"served{by}; served: {known}{advice}"
            )
