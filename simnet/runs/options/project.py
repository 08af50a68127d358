"""What a `simnet.toml` says, and the options of a run with it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from simnet.runs.options.options import ModelOptions, RunOptions


class Project(NamedTuple):
    """What a file says."""

    file: Path | None
    """None: there is no file."""
    options: Mapping[str, Any]
    """By the names of the arguments of `simnet.run`; paths are absolute."""
    lines: Mapping[str, int]
    """The line of each, and of each adapter as `adapters.NAME`."""


NO_PROJECT = Project(None, {}, {})


def with_project(
    options: RunOptions, project: Project, is_given: Callable[[str], bool]
) -> RunOptions:
    """Return options with those of a project where the user has given none.

    `is_given` tells that of an argument of `simnet.run`. Settings of engines, adapters and further
    models are merged by name. Where the user has chosen another backend or other engines than the
    project, its models and their settings are left aside, and so is its cluster where the user
    wants no Ray.
    """
    said = dict(project.options)
    if options.ray is False and is_given("ray"):
        said.pop("address", None)
    models, fields = options.models, ModelOptions.__dataclass_fields__
    other = is_given("backend") and models.backend != said.get("backend", "vllm")
    if other or is_given("engines"):
        said = {key: value for key, value in said.items() if key not in fields}
    merged: dict[str, Any] = {
        key: {**said[key], **getattr(models, key)}
        for key in ("adapters", "engine", "models")
        if key in said
    }
    own = {key: said[key] for key in fields if key in said and key not in merged}
    own = {key: value for key, value in own.items() if not is_given(key)}
    budget = options.budget
    limits = {
        field: said[key]
        for key, field in (("max_tokens", "tokens"), ("max_calls", "calls"),
                           ("max_minutes", "minutes"))
        if key in said and not is_given(key)
    }  # fmt: skip
    if "accept_failures" in said and not is_given("accept_failures"):
        limits["failures"] = not said["accept_failures"]
    rest: dict[str, Any] = {
        key: Path(value) if key == "out" else value
        for key, value in said.items()
        if key in RunOptions.__dataclass_fields__ and key != "models" and not is_given(key)
    }
    return replace(
        options,
        models=replace(models, **merged, **own),
        budget=budget._replace(**limits),
        **rest,
    )
