"""Which models a run uses, from what was asked for, what is installed and what a record says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from simnet.errors import UsageError
from simnet.inference.backend import Backend, choose
from simnet.inference.endpoint import Endpoint
from simnet.inference.model import Model
from simnet.inference.settings import EngineSettings
from simnet.recording.files.manifest import ModelFacts
from simnet.recording.reading.run import Run
from simnet.runs.create import IN_PROCESS
from simnet.runtime.models import needed_models
from simnet.scenario.scenario import Scenario

Named: TypeAlias = Mapping[str, str | Backend | Model]
"""Models by the names that cohorts give them; a text is a folder or hub name."""
NONE: Named = MappingProxyType({})


@dataclass(frozen=True)
class ModelOptions:
    """What models are chosen with where only their folder or hub name is given."""

    backend: str | None = None
    settings: EngineSettings | None = None
    endpoint: Endpoint | None = None
    replicas: int | None = None
    """None is one, or as many as a record says."""


class ModelChoice(NamedTuple):
    """The models of a run."""

    default: Backend | Model
    """That of cohorts that name none."""
    further: dict[str, Backend | Model]


def choose_models(
    scenario: Scenario, model: str | Backend | Model | None, models: Named, means: ModelOptions
) -> ModelChoice:
    """Choose all models of a run. Raises UsageError; see `choose`."""
    further = {name: _chosen(scenario, name, one, means) for name, one in models.items()}
    if model is None and means.backend is None and further and None not in needed_models(scenario):
        return ModelChoice(next(iter(further.values())), further)  # nobody asks the default
    return ModelChoice(_chosen(scenario, None, model, means), further)


def choose_models_of(
    run: Run,
    scenario: Scenario,
    model: str | Backend | Model | None,
    models: Named,
    means: ModelOptions,
) -> ModelChoice:
    """Choose the models a run had, with those that are given in their place or besides.

    Those that nobody in `scenario` asks any more are left out.
    """
    manifest = run.manifest
    further = {name: _chosen(scenario, name, one, means) for name, one in models.items()}
    for name, facts in manifest.models.items():
        if name not in further and name in needed_models(scenario):
            further[name] = _recorded(run, scenario, name, facts, means)
    if model is not None:
        return ModelChoice(_chosen(scenario, None, model, means), further)
    if manifest.model is None and further and None not in needed_models(scenario):
        return ModelChoice(next(iter(further.values())), further)
    facts = manifest.model or ModelFacts(name="")
    facts = facts.model_copy(update={"backend": facts.backend or manifest.backend})
    return ModelChoice(_recorded(run, scenario, None, facts, means), further)


def _chosen(
    scenario: Scenario, name: str | None, model: str | Backend | Model | None, means: ModelOptions
) -> Backend | Model:
    if model is not None and not isinstance(model, str):
        return model
    settings = with_adapters(scenario, name, means.settings)
    return choose(means.backend, model, settings, means.endpoint, means.replicas or 1)


def _recorded(
    run: Run, scenario: Scenario, name: str | None, facts: ModelFacts, means: ModelOptions
) -> Backend | Model:
    """Choose a model as it is recorded, or as another backend knows it."""
    kind = means.backend or facts.backend
    if kind == IN_PROCESS:
        which = "" if name is None else f" as {name!r}"
        raise UsageError(
            f"{run.id} ran with a model object{which} in one process; give that model in Python, "
            "or name a backend"
        )
    known = facts.name if kind == facts.backend and facts.name else None
    count = means.replicas or facts.replicas
    return _chosen(scenario, name, known, replace(means, backend=kind, replicas=count))


def with_adapters(
    scenario: Scenario, name: str | None, settings: EngineSettings | None
) -> EngineSettings | None:
    """Leave a model those adapters that its cohorts name; the default keeps what nobody names.

    An adapter fits one model, so the models of a run do not share it as they share settings.
    """
    if settings is None or not settings.adapters:
        return settings
    own = {cohort.adapter for cohort in scenario.cohorts if cohort.model == name}
    named = {cohort.adapter for cohort in scenario.cohorts}
    kept = {
        adapter: folder
        for adapter, folder in settings.adapters.items()
        if adapter in own or (name is None and adapter not in named)
    }
    return replace(settings, adapters=kept)
