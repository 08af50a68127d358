"""Kept engines as the models of a run: what a run wants of them, and what they serve."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from simnet.errors import InputError, UsageError
from simnet.inference.backend import Backend
from simnet.inference.model_folder import folder_checksum
from simnet.recording.files.manifest import ModelFacts
from simnet.runs.models.model_folders import as_recorded
from simnet.runs.options.options import ModelChoice, ModelOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.kept_engines import Asked, PendingEngines
from simnet.runtime.models import needed_models
from simnet.scenario.adapter_uses import adapters_in
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import last_scenario


def pending(
    name: str | None,
    model: ModelChoice | None,
    options: ModelOptions,
    facts: ModelFacts | None = None,
) -> PendingEngines:
    """Return what stands for the kept engines of a model; `facts` are of the recorded one.

    A model that the user names takes the place of the recorded one. Raises UsageError for a model
    object or a backend with settings of its own.
    """
    kept = options.kept[name]
    if model is not None and not isinstance(model, str):
        raise UsageError(f"the engines {kept!r} serve a model; give no other beside them")
    folders = {adapter: str(folder) for adapter, folder in options.adapters.items()}
    asked = Asked(model, options.backend, None, folders)
    if facts is not None and model is None and facts.name:
        asked = Asked(facts.name, options.backend or facts.backend, facts.checksum, folders)
    return PendingEngines(model=asked.model or kept, engines=kept, asked=asked)


async def looked_up(plan: RunPlan, report: Callable[[str], None]) -> RunPlan:
    """Return the plan with the models that its kept engines serve; this process is connected.

    Raises UsageError, saying what they serve, if that is not what the run asks for.
    """
    from simnet.runtime.ray.engines.borrowed_engines import backend_of  # noqa: PLC0415  (slow)

    scenario = last_scenario(plan.scenario, plan.continuation)
    default, further = plan.backend, dict(plan.models)
    for name in needed_models(scenario):
        model = default if name is None else further[name]
        if not isinstance(model, PendingEngines):
            continue
        served = await backend_of(model.engines)
        check_served(model, served, scenario, name)
        report(f"using the engines {model.engines}, which serve {served.recorded_name}")
        if plan.into is not None:
            served = _as_recorded(served, plan.into.manifest.model, name)
        if name is None:
            default = served
        else:
            further[name] = served
    return replace(plan, backend=default, models=further)


def check_served(
    wanted: PendingEngines, served: Backend, scenario: Scenario, name: str | None
) -> None:
    """Raise UsageError if kept engines do not serve what the cohorts of the model `name` need."""
    asked, adapters = wanted.asked, served.adapters()
    there = f"the engines {wanted.engines!r} serve {served.recorded_name} ({served.name})"
    if adapters is not None:
        there += f", adapters: {', '.join(sorted(adapters)) or 'none'}"
    if asked.backend is not None and asked.backend != served.name:
        raise UsageError(f"{there}, and the run asks for the backend {asked.backend}")
    if asked.model is not None and not _is(asked, served):
        raise UsageError(
            f"{there}, and the run asks for the model {asked.model}; to go on with what they "
            f"serve, name it: --model {served.recorded_name}"
        )
    if adapters is None:
        return
    for use in adapters_in(scenario):
        if use.cohort.model != name:
            continue
        if use.name not in adapters:
            raise UsageError(
                f"{there}, and cohort {use.cohort.name!r} names the adapter {use.name!r}; serve "
                f"them with --adapter {use.name}=FOLDER"
            )
        folder = asked.folders.get(use.name) or use.folder
        if folder is not None and _checksum(folder) != served.adapter_checksums().get(use.name):
            raise UsageError(f"{there}, and their adapter {use.name!r} is not that in {folder}")


def _is(asked: Asked, served: Backend) -> bool:
    if asked.checksum is not None:
        return served.checksum() == asked.checksum
    if asked.model in {served.model, served.recorded_name}:
        return True
    folder = Path(asked.model or "").expanduser()
    return folder.is_dir() and folder_checksum(folder) == served.checksum()


def _checksum(folder: str) -> str | None:
    try:
        return folder_checksum(Path(folder).expanduser())
    except InputError as error:
        raise UsageError(f"the adapter folder {folder} cannot be read: {error}") from error


def _as_recorded(served: Backend, facts: ModelFacts | None, name: str | None) -> Backend:
    """Give the model its recorded name, where it has the recorded files."""
    if name is not None or facts is None:
        return served
    renamed = as_recorded(served, facts)
    return renamed if isinstance(renamed, Backend) else served
