"""The models of a run by the names that cohorts give them, checked before anything starts."""

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TypeAlias, TypeVar

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.scenario.adapter_uses import adapters_in
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never
from simnet.scenario.waves import asked_cohorts

T = TypeVar("T")
Models: TypeAlias = Mapping[str | None, Backend | Model]
"""By name; None is the default model, that of cohorts that name none."""

DEFAULT = "default"
"""The name of the default model in messages, metrics and tables."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def models_by_name(
    default: Backend | Model, further: Mapping[str, Backend | Model]
) -> dict[str | None, Backend | Model]:
    """Return all models of a run by name, the default under None."""
    models: dict[str | None, Backend | Model] = {None: default}
    models.update(further.items())
    return models


def needed_models(scenario: Scenario) -> list[str | None]:
    """List the models that have to be started: those of cohorts that ever wake or are asked."""
    asked = asked_cohorts(scenario)
    names = {
        cohort.model: None
        for cohort in scenario.cohorts
        if not isinstance(cohort.rhythm, Never) or cohort.name in asked
    }
    return list(names) or [None]


def check_models(scenario: Scenario, models: Models, *, ray: bool | None = None) -> None:
    """Raise UsageError for models with which no run can start.

    Checked are the names, that the run has the model of each cohort and that this model serves
    the cohort's adapter, and that the models can run where `ray` says (see `RunOptions.ray`).
    """
    for name in models:
        if name is not None and (name == DEFAULT or _NAME.fullmatch(name) is None):
            raise UsageError(
                f"a model is called {name!r}; call it with letters, digits, `-` and `_`, and not "
                f"{DEFAULT!r}, which is the model of cohorts that name none"
            )
    for cohort in scenario.cohorts:
        if cohort.model not in models:
            raise _missing_model(cohort, models)
    needed = {name: models[name] for name in needed_models(scenario)}
    if ray is False:
        _check_in_process(needed)
    else:
        _check_on_ray(needed, ray=ray)
    for name, model in models.items():
        if isinstance(model, Backend):
            check_adapters(scenario, model, name)


def _check_in_process(needed: Models) -> None:
    """Raise UsageError for a model that cannot run in this process."""
    for name, model in needed.items():
        if not isinstance(model, Backend):
            continue
        if model.needs_process:
            raise UsageError(
                f"{model.name}, the backend of the model {name or DEFAULT}, needs a process of its "
                "own, which Ray starts; leave out ray=False (--no-ray), or choose the backend "
                "openai or fake"
            )
        if model.replicas > 1:
            raise UsageError(
                f"the model {name or DEFAULT} has {model.replicas} replicas, which are actors of "
                "Ray; leave out ray=False (--no-ray), or the replicas"
            )


def _check_on_ray(needed: Models, *, ray: bool | None) -> None:
    """Raise UsageError for model objects on Ray, or together with backends, which run there."""
    objects = [name or DEFAULT for name, model in needed.items() if not isinstance(model, Backend)]
    if objects and ray:
        raise UsageError(
            f"a model object runs in this process, as {', '.join(objects)} would; leave out "
            "ray=True, or give backends"
        )
    if objects and len(objects) < len(needed):
        raise UsageError(
            f"a model object runs in this process, as {', '.join(objects)} would, and the others "
            "do not; give all models as objects, or none"
        )


def _missing_model(cohort: Cohort, models: Models) -> UsageError:
    names = ", ".join(sorted(name for name in models if name is not None)) or "none"
    return UsageError(
        f"cohort {cohort.name!r} names the model {cohort.model!r}, which the run does not have; "
        f"named models: {names}; add --also {cohort.model}=MODEL, or models={{...}} in Python"
    )


def check_adapters(scenario: Scenario, backend: Backend, name: str | None = None) -> None:
    """Raise UsageError for a cohort whose adapter is not served by `backend`.

    Looks at the cohorts whose model is `name`, the name of `backend` in the run.
    """
    served = backend.adapters()
    if served is None:
        return
    for cohort, adapter, _ in adapters_in(scenario):
        if cohort.model == name and adapter not in served:
            names = ", ".join(sorted(served)) or "none"
            remedy = backend.adapter_advice(adapter)
            server = f" by the model {name!r}" if name is not None else ""
            raise UsageError(
                f"cohort {cohort.name!r} names the adapter {adapter!r}, which is not "
                f"served{server}; served: {names}{remedy}"
            )


def prepare_models(
    scenario: Scenario,
    default: Backend | Model,
    further: Mapping[str, Backend | Model],
    report: Callable[[str], None],
    *,
    ray: bool | None = None,
    kept: Container[str | None] = (),
) -> dict[str | None, Backend | Model]:
    """Check all models and return those that have to be started, each ready to be built.

    Those in `kept` are up already, and are as their engines have them. `report` gets a line for
    each slow step. Raises what `check_models` and `Backend.ready` raise.
    """
    models = models_by_name(default, further)
    check_models(scenario, models, ray=ray)
    prepared: dict[str | None, Backend | Model] = {}
    for name in needed_models(scenario):
        model = models[name]
        if isinstance(model, Backend) and name not in kept:
            model = model.ready(report)
        prepared[name] = model
    for name in models:
        if name is not None and name not in prepared:
            report(f"nobody who thinks names the model {name}, so it is not started")
    # An endpoint says what it serves only once it is ready, so the adapters are checked again.
    check_models(scenario, {**models, **prepared}, ray=ray)
    return prepared


def model_of(scenario: Scenario, who: str) -> str | None:
    """Return the name of the model that a persona asks. Raises KeyError for an unknown handle."""
    (name,) = models_of([scenario])[who]
    return name


def models_of(scenarios: Sequence[Scenario]) -> dict[str, frozenset[str | None]]:
    """Return the names of the models that each persona asks in one of the scenarios.

    The scenarios have the same personas in the same cohorts.
    """
    names_of: dict[str, frozenset[str | None]] = {}
    for cohorts in zip(*(scenario.cohorts for scenario in scenarios), strict=True):
        names = frozenset(cohort.model for cohort in cohorts)
        names_of |= dict.fromkeys(handles_of(cohorts[0].personas), names)
    return names_of


def with_fallback_models(
    models: Mapping[str | None, T], scenarios: Sequence[Scenario]
) -> dict[str | None, T]:
    """Add a model for each name that only an earlier scenario of a fork uses.

    Turns in flight at the fork may ask it; all earlier turns have recorded replies.
    """
    fallback = models[None] if None in models else next(iter(models.values()))
    names = (cohort.model for scenario in scenarios for cohort in scenario.cohorts)
    return {**dict.fromkeys(names, fallback), **models}


def personas_by_adapter(scenario: Scenario, name: str | None) -> Counter[str | None]:
    """Count the personas that ask the model `name`, by their adapter."""
    counts: Counter[str | None] = Counter()
    for cohort in scenario.cohorts:
        if cohort.model == name and not isinstance(cohort.rhythm, Never):
            counts[cohort.adapter_name] += len(cohort.personas)
    return counts
