"""The options of a run from the command line, the environment and `simnet.toml` together."""

import os
from dataclasses import fields

import typer

from simnet.cli.given_options import is_given
from simnet.cli.options import ModelFlags, RunFlags
from simnet.cli.output import print_table
from simnet.errors import InputError
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.options.project import Project, with_project
from simnet.runs.options.project_file import KEYS, find_project

_FLAGS = {"models": "also", "out": "runs"}
"""Arguments of `simnet.run` whose options are called otherwise."""
_BUDGET = {"max_tokens": "tokens", "max_calls": "calls", "max_minutes": "minutes"}


def with_file(
    options: RunOptions, target: str, context: typer.Context
) -> tuple[RunOptions, Project]:
    """Return options with those of the project of a scenario, and that project.

    What the command line says counts, then the environment, then the file. Raises InputError for
    a file that is wrong, and for an adapter that it names and that is not there.
    """
    project = find_project(target)
    options = _with_project(options, project, context)
    for name, folder in project.options.get("adapters", {}).items():
        if options.models.adapters.get(name) == folder:
            try:
                ModelOptions(adapters={name: folder}).settings()
            except InputError as error:
                line = project.lines[f"adapters.{name}"]
                raise InputError(f"{project.file}:{line}: {error}") from None
    return options, project


def read_options(target: str, context: typer.Context) -> RunOptions:
    """Return the options of a run from a parsed command line of `simnet run` and its project."""
    models = ModelFlags(**{one.name: context.params[one.name] for one in fields(ModelFlags)})
    flags = RunFlags(**{one.name: context.params[one.name] for one in fields(RunFlags)})
    return _with_project(flags.read(models), find_project(target), context)


def _with_project(options: RunOptions, project: Project, context: typer.Context) -> RunOptions:
    return with_project(options, project, lambda key: _given(key, context) is not None)


def print_sources(options: RunOptions, project: Project, context: typer.Context) -> None:
    """Print each option that has a value, and where that is from."""
    rows = []
    for key in KEYS:
        value = _value(options, key)
        if value in (None, {}, ""):
            continue
        line = f"{project.file}:{project.lines[key]}" if key in project.lines else None
        source = _given(key, context)
        both = source and line and isinstance(value, dict)
        where = f"{source}, and {line}" if both else source or _used(value, project, key, line)
        rows.append((key, value, where))
    print_table(["option", "value", "from"], rows)


def _used(value: object, project: Project, key: str, line: str | None) -> str:
    said = project.options.get(key)
    text = str(value) == str(said) or (isinstance(value, dict) and said is not None)
    return line if line is not None and text else "default"


def _given(key: str, context: typer.Context) -> str | None:
    """Return where an option was given, other than in a file; None if it was not."""
    if is_given(context, _FLAGS.get(key, key)):
        return "command line"
    if key == "address" and os.environ.get("RAY_ADDRESS", "").strip():
        return "RAY_ADDRESS"
    return None


def _value(options: RunOptions, key: str) -> object:
    if key == "accept_failures":
        return not options.budget.failures
    if key in _BUDGET:
        return getattr(options.budget, _BUDGET[key])
    if key == "address":
        return options.cluster_address
    if key == "models":
        return dict(options.models.models)
    holder = options.models if hasattr(options.models, key) else options
    value = getattr(holder, key)
    return str(value) if key == "out" else value
