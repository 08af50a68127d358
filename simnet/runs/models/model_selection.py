"""Chooses the models of a run from options, from what is installed and from a record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.backends.choice import BACKENDS, choose
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.model import Model
from simnet.inference.settings import EngineSettings
from simnet.recording.files.manifest import IN_PROCESS, ModelFacts
from simnet.recording.reading.run import Run
from simnet.runs.models.kept_models import pending
from simnet.runs.models.model_folders import as_recorded, known_adapters
from simnet.runs.options.options import ModelChoice, ModelOptions
from simnet.runs.plans.demand import NO_MODEL, asks_any_model, no_model
from simnet.runs.plans.engine_paths import engine_of
from simnet.runtime.models import needed_models
from simnet.scenario.adapter_uses import adapters_in
from simnet.scenario.scenario import Scenario


class ChosenModels(NamedTuple):
    """The models of a run."""

    default: Backend | Model
    """The model of cohorts that name none."""
    further: Mapping[str, Backend | Model]
    """Further models by the names that cohorts give them."""


def choose_models(scenario: Scenario, options: ModelOptions) -> ChosenModels:
    """Choose all models of a new run. Raises UsageError; see `choose`."""
    options.check_names()
    further = _further(scenario, options)
    unnamed = options.model is None and options.backend is None and None not in options.kept
    if unnamed and _default_is_unused(scenario, further):
        return ChosenModels(next(iter(further.values())), further)
    return ChosenModels(_chosen(scenario, None, options.model, options), further)


def choose_recorded_models(run: Run, scenario: Scenario, options: ModelOptions) -> ChosenModels:
    """Choose the models that a run had; models in `options` replace them or are added.

    Models that no cohort of `scenario` asks are left out. Raises UsageError; see `choose`.
    """
    manifest = run.manifest
    options.check_names(manifest.models)
    further = _further(scenario, options)
    for name, facts in manifest.models.items():
        if name not in further and name in needed_models(scenario):
            further[name] = _recorded(run, scenario, name, facts, options)
    for name, facts in manifest.models.items():
        if name in options.models and name not in options.kept:
            further[name] = as_recorded(further[name], facts)
    if options.model is not None and None not in options.kept:
        chosen = _chosen(scenario, None, options.model, options)
        return ChosenModels(as_recorded(chosen, manifest.model), further)
    if manifest.model is None and _default_is_unused(scenario, further):
        return ChosenModels(next(iter(further.values())), further)
    facts = manifest.model or ModelFacts(name="")
    facts = facts.model_copy(update={"backend": facts.backend or manifest.backend})
    return ChosenModels(_recorded(run, scenario, None, facts, options), further)


def _further(scenario: Scenario, options: ModelOptions) -> dict[str, Backend | Model]:
    names = {name: None for name in options.kept if name is not None} | dict(options.models)
    return {name: _chosen(scenario, name, model, options) for name, model in names.items()}


def _default_is_unused(scenario: Scenario, further: Mapping[str, Backend | Model]) -> bool:
    return bool(further) and None not in needed_models(scenario)


def _chosen(
    scenario: Scenario, name: str | None, model: ModelChoice | None, options: ModelOptions
) -> Backend | Model:
    if name in options.kept:
        return pending(name, model, options)
    options = options.of_model(name)
    if model is not None and not isinstance(model, str):
        return model
    if options.backend != FakeBackend.name and not asks_any_model(scenario):
        return no_model()
    if options.backend in {None, VllmBackend.name}:
        options = replace(options, adapters={**adapter_folders(scenario), **options.adapters})
    settings = with_adapters(scenario, name, options.settings())
    return choose(
        options.backend,
        model,
        settings,
        options.endpoint(),
        1 if options.replicas is None else options.replicas,
        options.settings_by_name,
        elsewhere=options.elsewhere,
    )


def _recorded(
    run: Run, scenario: Scenario, name: str | None, facts: ModelFacts, options: ModelOptions
) -> Backend | Model:
    """Choose a recorded model; with another backend, the default model of that backend."""
    if name in options.kept:
        return pending(name, options.model if name is None else None, options, facts)
    options = options.of_model(name)
    kind = options.backend or facts.backend
    if facts.name == NO_MODEL and kind == facts.backend:
        kind = None  # nobody asked a model; in a fork someone may
    if kind == IN_PROCESS:
        which = "" if name is None else f" as {name!r}"
        raise UsageError(
            f"{run.id} ran with a model object{which} in one process; give that model in Python, "
            "or name a backend"
        )
    model = None
    replicas = facts.replicas if options.replicas is None else options.replicas
    engine, adapters = dict(options.engine), dict(options.adapters)
    if kind is not None and kind == facts.backend:
        model = BACKENDS[kind].recorded_model(facts.name, facts.checksum) if facts.name else None
        engine = {**engine_of(facts, engine), **engine}
        adapters = {**known_adapters(facts), **adapters}
    chosen = replace(options, backend=kind, replicas=replicas, engine=engine, adapters=adapters)
    return as_recorded(_chosen(scenario, name, model, chosen), facts)


def adapter_folders(scenario: Scenario) -> dict[str, str]:
    """Return the folders of adapters that cohorts name. Raises UsageError for two of one name."""
    folders: dict[str, str] = {}
    for cohort, adapter, own in adapters_in(scenario):
        if own is None:
            continue
        folder = folders.setdefault(adapter, own)
        if folder != own:
            raise UsageError(
                f"cohort {cohort.name!r} names the adapter folder {own}, and "
                f"another cohort {folder}, of the same name; rename one"
            )
    return folders


def with_adapters(
    scenario: Scenario, name: str | None, settings: EngineSettings | None
) -> EngineSettings | None:
    """Return settings with only those adapters that the cohorts of one model name.

    An adapter fits one model, so models do not share adapters as they share other settings. The
    default model also keeps adapters that no cohort names.
    """
    if settings is None or not settings.adapters:
        return settings
    uses = list(adapters_in(scenario))
    own = {use.name for use in uses if use.cohort.model == name}
    used = {use.name for use in uses}
    kept = {
        adapter: folder
        for adapter, folder in settings.adapters.items()
        if adapter in own or (name is None and adapter not in used)
    }
    return replace(settings, adapters=kept)
