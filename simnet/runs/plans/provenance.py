"""Finds where a scenario that is given as a value comes from, so that its run can be made again.

A scenario can be made again if it is bound to a name of its module, alone or as an arm in a
mapping, or if it was made by a function of the module that is declared to return a Scenario and
whose arguments can be written down. The module has to be in a file, and importing the file must
not start a run.
"""

import ast
import dis
import inspect
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from simnet.errors import UsageError
from simnet.foundation.text import visible
from simnet.scenario.files.loading import Loaded, declares_scenario
from simnet.scenario.files.parameters import (
    Parameter,
    parameters_of,
    plain,
    read_settings,
    signature_of,
)
from simnet.scenario.making import FunctionCall, maker_of
from simnet.scenario.scenario import Scenario


class _Recipe(NamedTuple):
    """How a scenario is made again, or why it cannot be."""

    attribute: str | None = None
    sets: tuple[str, ...] = ()
    parameters: Mapping[str, object] = {}
    why_not: str | None = None


def from_python(scenario: Scenario, seed: int | None = None) -> Loaded:
    """Return a scenario and where it comes from, with another seed if one is given.

    `recipe["not_again"]` says why it cannot be made again from a record; it is None if it can.
    """
    made = maker_of(scenario)
    module = sys.modules.get(made.module) if made is not None else None
    source = _file_of(module) if module is not None else None
    if module is None or source is None:
        why = "its code is in no file, as in a notebook or an interactive session"
        found = _Recipe(why_not=why)
    else:
        calls = made.calls if made is not None else ()
        found = _recipe(scenario, module, calls)
        if found.why_not is None and (line := _line_that_runs(module, source)) is not None:
            why = f"importing {source.name} starts a run in line {line}"
            why += '; do that under `if __name__ == "__main__"`'
            found = found._replace(why_not=why)
    if seed is not None:
        scenario = replace(scenario, seed=seed)
    name = module.__name__ if module is not None else None
    recipe: dict[str, Any] = {
        "attribute": found.attribute if found.why_not is None else None,
        "sets": found.sets,
        "seed": seed,
        "origin": str(source) if name == "__main__" and source is not None else name,
        "not_again": found.why_not,
    }
    parameters = found.parameters if seed is None else {**found.parameters, "seed": seed}
    return Loaded(scenario, source, recipe["attribute"] or "", parameters, (), recipe)


def say_if_lost(loaded: Loaded) -> None:
    """Say on stderr that a scenario cannot be made again from the record, before its run begins."""
    if why := loaded.recipe.get("not_again"):
        note = (
            f"note: the scenario {visible(loaded.scenario.name)} cannot be made again from the "
            f"record: {visible(why)}; to resume, replay or fork the run, give it again\n"
        )
        with suppress(OSError, ValueError):  # a terminal that is gone, an encoding that lacks it
            sys.stderr.write(note)


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    path = Path(file) if file else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _recipe(scenario: Scenario, module: ModuleType, calls: tuple[FunctionCall, ...]) -> _Recipe:
    for name, value in vars(module).items():
        if value is scenario and not name.startswith("_"):
            return _Recipe(name)
        if isinstance(value, Mapping):
            for label, arm in value.items():
                if arm is scenario and isinstance(label, str):
                    return _Recipe(f"{name}.{label}")
    for call in reversed(calls):
        function = getattr(module, call.function)
        if declares_scenario(signature_of(function).return_annotation):
            return _called(function, call)
    return _Recipe(
        why_not="it is bound to no name of its module, and no function of it that is declared "
        "`-> Scenario` made it"
    )


def _called(function: Any, call: FunctionCall) -> _Recipe:
    """Write the arguments of a call down as texts, as `--set` takes them."""
    known = parameters_of(function)
    changed = _assigned(function)
    given = call.arguments
    parameters = {one.name: plain(given.get(one.name, one.default)) for one in known}
    sets, why_not = [], None
    for parameter in known:
        text = _as_text(parameter, given.get(parameter.name, parameter.default))
        if parameter.name in changed:
            why_not = f"{call.function}() assigns to its parameter {parameter.name}"
        elif parameter.name in call.objects or text is None:
            why_not = f"the parameter {parameter.name} of {call.function}() is no text or number"
        elif text:
            sets.append(f"{parameter.name}={text}")
    return _Recipe(call.function, tuple(sets), parameters, why_not)


def _as_text(parameter: Parameter, value: Any) -> str | None:
    """Write a value so that it is read as the same; empty for the default, None if impossible."""
    if value is parameter.default or (type(value), value) == (
        type(parameter.default),
        parameter.default,
    ):
        return ""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    try:
        (read,) = read_settings({parameter.name: text}, [parameter], "").values()
    except UsageError:
        return None
    return text if text and read == value else None


def _assigned(function: Any) -> set[str]:
    """Name the local variables that a function assigns to or deletes."""
    code = inspect.unwrap(function).__code__
    names: set[str] = set()
    for step in dis.get_instructions(code):
        if step.opname.startswith(("STORE_FAST", "DELETE_FAST", "STORE_DEREF", "DELETE_DEREF")):
            names.update(step.argval if isinstance(step.argval, tuple) else [step.argval])
    return names


def _line_that_runs(module: ModuleType, source: Path) -> int | None:
    """Return the line of the module that starts the run whenever the module is imported.

    None if a run is started elsewhere, or under `if __name__ == "__main__":`.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals is vars(module):
            return None if _is_guarded(source, frame.f_lineno) else frame.f_lineno
        frame = frame.f_back
    return None


def _is_guarded(source: Path, line: int) -> bool:
    try:
        body = ast.parse(source.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return False
    return any(
        isinstance(node, ast.If)
        and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        and "__main__" in ast.unparse(node.test)
        and "__name__" in ast.unparse(node.test)
        for node in body
    )
