"""The models of a run by the names that cohorts give them, checked before anything starts."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.runtime.adapters import check_adapters
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.rhythms import Never
from simnet.scenario.scenario import Scenario

T = TypeVar("T")
Models: TypeAlias = Mapping[str | None, Backend | Model]
"""By name; None is the model of cohorts that name none."""

DEFAULT = "default"
"""What the model of cohorts that name none is called where it has to be called something."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def named(
    default: Backend | Model, further: Mapping[str, Backend | Model]
) -> dict[str | None, Backend | Model]:
    """Put the models of a run together, by the names that cohorts give them."""
    models: dict[str | None, Backend | Model] = {None: default}
    models.update(further.items())
    return models


def check_models(scenario: Scenario, models: Models) -> None:
    """Raise UsageError for a name, a model or an adapter with which no run can begin.

    That is a name that is none, a cohort whose model the run does not have or whose adapter
    that model does not serve, and models in this process together with others.
    """
    for name in models:
        if name is not None and (name == DEFAULT or _NAME.fullmatch(name) is None):
            raise UsageError(
                f"a model is called {name!r}; call it with letters, digits, `-` and `_`, and not "
                f"{DEFAULT!r}, which is the model of cohorts that name none"
            )
    for cohort in scenario.cohorts:
        if cohort.model not in models:
            raise _unknown(cohort, models)
    used = {name: models[name] for name in wanted(scenario)}
    if len({isinstance(one, Backend) for one in used.values()}) > 1:
        objects = [name or DEFAULT for name, one in used.items() if not isinstance(one, Backend)]
        raise UsageError(
            f"a model object runs in this process, as {', '.join(objects)} would, and the others "
            "do not; give all models as objects, or none"
        )
    for name, one in models.items():
        if isinstance(one, Backend):
            check_adapters(scenario, one, name)


def _unknown(cohort: Cohort, models: Models) -> UsageError:
    known = ", ".join(sorted(name for name in models if name is not None)) or "none"
    return UsageError(
        f"cohort {cohort.name!r} names the model {cohort.model!r}, which the run does not have; "
        f"named models: {known}; add --also {cohort.model}=MODEL, or models={{...}} in Python"
    )


def wanted(scenario: Scenario) -> list[str | None]:
    """List the models that someone who can ever wake asks: these have to be started."""
    found = {
        cohort.model: None for cohort in scenario.cohorts if not isinstance(cohort.rhythm, Never)
    }
    return list(found) or [None]


def ready(
    scenario: Scenario,
    default: Backend | Model,
    further: Mapping[str, Backend | Model],
    progress: Callable[[str], None],
) -> dict[str | None, Backend | Model]:
    """Return the models that have to be started, each found and ready to be built.

    Raises what `check_models` and `Backend.ready` raise.
    """
    models = named(default, further)
    check_models(scenario, models)
    found: dict[str | None, Backend | Model] = {}
    for name in wanted(scenario):
        one = models[name]
        found[name] = one.ready(progress) if isinstance(one, Backend) else one
    for name in models:
        if name is not None and name not in found:
            progress(f"nobody who thinks names the model {name}, so it is not started")
    check_models(scenario, {**models, **found})  # an endpoint has said by now what it serves
    return found


def split(models: Models) -> tuple[dict[str | None, Model], dict[str | None, Backend]]:
    """Tell model objects from backends; after `check_models` one of the two is empty."""
    objects = {name: one for name, one in models.items() if not isinstance(one, Backend)}
    backends = {name: one for name, one in models.items() if isinstance(one, Backend)}
    return objects, backends


def model_of(scenario: Scenario, who: str) -> str | None:
    """Tell which model a persona asks. Raises KeyError for someone who is not there."""
    (name,) = models_of([scenario])[who]
    return name


def models_of(scenarios: Sequence[Scenario]) -> dict[str, frozenset[str | None]]:
    """Tell which models each persona asks in one of the scenarios, which have the same people."""
    found: dict[str, frozenset[str | None]] = {}
    for cohorts in zip(*(scenario.cohorts for scenario in scenarios), strict=True):
        names = frozenset(cohort.model for cohort in cohorts)
        found |= dict.fromkeys(handles_of(cohorts[0].personas), names)
    return found


def with_fallback_models(
    models: Mapping[str | None, T], scenarios: Sequence[Scenario]
) -> dict[str | None, T]:
    """Add one for each name that only an earlier scenario of a fork knows.

    Turns that were under way at the fork may ask it; all others before have their replies.
    """
    stand_in = models[None] if None in models else next(iter(models.values()))
    names = (cohort.model for scenario in scenarios for cohort in scenario.cohorts)
    return {**dict.fromkeys(names, stand_in), **models}


def personas_by_adapter(scenario: Scenario, name: str | None) -> Counter[str | None]:
    """Count the personas who ask a model, by their adapter."""
    counts: Counter[str | None] = Counter()
    for cohort in scenario.cohorts:
        if cohort.model == name and not isinstance(cohort.rhythm, Never):
            counts[cohort.adapter] += len(cohort.personas)
    return counts
