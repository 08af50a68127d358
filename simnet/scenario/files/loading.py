"""Loads a scenario by the target that the command line names.

A target is `path/to/file.py` or `package.module`, with `:attribute` after it where the module
holds several scenarios. The attribute is a Scenario, a function that returns one, or a mapping
of arms, of which `:arms.label` names one.
"""

import inspect
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from simnet.errors import ScenarioError, UsageError
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import place_of
from simnet.scenario.files.modules import (
    folder_of,
    import_place,
    importable,
    is_file,
    modules_to_send,
    raise_located,
    shown_place,
)
from simnet.scenario.files.parameters import (
    REQUIRED,
    Duration,
    Parameter,
    parameters_of,
    plain,
    read_settings,
    signature_of,
    split_settings,
)
from simnet.scenario.scenario import Scenario

FIELDS = {"name": str, "seed": int, "lasts": Duration, "setting": str}
"""What `--set` can change of a scenario that is a value and has no parameters."""


@dataclass(frozen=True)
class Loaded:
    """A scenario and where it is from."""

    scenario: Scenario
    source: Path | None
    """The file it was written in."""
    attribute: str
    parameters: Mapping[str, object]
    """The values it was made with, given or default, as they can be written down."""
    modules: tuple[ModuleType, ...]
    """Modules that another process cannot import by name, so that their code has to be sent: the
    scenario's own if it is from a file, first of all, and those it imported from beside it."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What makes it again from a copy of its file: `attribute`, `sets`, `seed` and `origin`."""


def load_scenario(target: str, sets: Sequence[str] = (), seed: int | None = None) -> Loaded:
    """Make the scenario that `target` names, with parameters from `sets` (`name=value`).

    `seed` replaces the scenario's; a function with a parameter `seed` is given it too. Raises
    UsageError when a file, a name or a parameter is not there, ScenarioError when the code of
    the scenario raises.
    """
    place, _, attribute = target.partition(":") if ":" in target else (target, "", "")
    folder = folder_of(place)
    before = set(sys.modules)
    with importable(folder):
        module = import_place(place)
        source = Path(module.__file__) if module.__file__ else None
        path, value = _find(module, place, attribute)
        scenario, parameters = _make(path, value, split_settings(sets), seed, source)
    if seed is not None:
        scenario = replace(scenario, seed=seed)
        parameters = {**parameters, "seed": seed}
    recipe = {
        "attribute": path,
        "sets": tuple(sets),
        "seed": seed,
        "origin": str(source) if is_file(place) else place,
    }
    sent = modules_to_send(module, folder, before)
    return Loaded(scenario, source, path, parameters, sent, recipe)


# -- the attribute ------------------------------------------------------------------------


def _find(module: ModuleType, place: str, attribute: str) -> tuple[str, Any]:
    """Find the value a target names; the default is the only candidate or the file's namesake."""
    candidates = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_candidate(value, module)
    }
    if not attribute:
        attribute = _default(module, place, candidates)
    name, _, label = attribute.partition(".")
    if not hasattr(module, name):
        names = sorted(candidates)
        hint = did_you_mean(name, names)
        raise UsageError(f"{place} has no {name!r}{hint}{_listed(place, names)}")
    value = getattr(module, name)
    if _are_arms(value):
        return attribute, _arm(place, name, label, value)
    if label:
        raise UsageError(f"{place}:{name} is no mapping of arms, so it has no {label!r}")
    if not isinstance(value, Scenario) and not _may_make_one(value, module):
        raise UsageError(
            f"{place}:{name} is of type {type(value).__name__}, neither a Scenario nor a "
            f"function that returns one (def {name}() -> Scenario)"
            f"{_listed(place, sorted(candidates))}"
        )
    return attribute, value


def _default(module: ModuleType, place: str, candidates: Mapping[str, Any]) -> str:
    stem = Path(place).stem if is_file(place) else place.rpartition(".")[2]
    if stem in candidates:
        return stem
    if len(candidates) == 1:
        return next(iter(candidates))
    if not candidates:
        raise UsageError(
            f"{place} holds no scenario: no public Scenario value and no function annotated to "
            f"return one (def {_unannotated(module) or 'study'}(...) -> Scenario)"
        )
    raise UsageError(
        f"{place} holds several scenarios and none is called {stem!r}"
        f"{_listed(place, sorted(candidates))}"
    )


def _unannotated(module: ModuleType) -> str:
    """Name the last public function that does not say what it returns; empty if there is none."""
    names = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and inspect.isfunction(value)
        and value.__module__ == module.__name__
        and signature_of(value).return_annotation is inspect.Signature.empty
    ]
    return names[-1] if names else ""


def _is_candidate(value: object, module: ModuleType) -> bool:
    if isinstance(value, Scenario) or _are_arms(value):
        return True
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    return declares_scenario(signature_of(value).return_annotation)


def declares_scenario(returned: object) -> bool:
    """Whether the annotation of what a function returns is, or allows, a Scenario."""
    if isinstance(returned, str):
        return returned.endswith("Scenario")
    return returned is Scenario or Scenario in get_args(returned)


def _may_make_one(value: object, module: ModuleType) -> bool:
    """Whether a value may be called: nothing of a module that is no scenario's ever is.

    It is a function that is declared to return a Scenario, or one without a declared result that
    is written in a module which uses simnet.
    """
    if not inspect.isfunction(value):
        return False
    returned = signature_of(value).return_annotation
    if returned is not inspect.Signature.empty:
        return declares_scenario(returned)
    # Names such as __loader__ are those of the import, not of the code.
    own = (named for name, named in vars(module).items() if not name.startswith("__"))
    return value.__module__ == module.__name__ and any(map(_is_of_simnet, own))


def _is_of_simnet(value: object) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] == "simnet"


def _are_arms(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(arm, Scenario) for arm in value.values())
    )


def _arm(place: str, name: str, label: str, arms: Mapping[str, Scenario]) -> Scenario:
    if label in arms:
        return arms[label]
    problem = f"has no arm {label!r}{did_you_mean(label, arms)}" if label else "holds several arms"
    choices = "".join(f"\n  {place}:{name}.{arm}" for arm in arms)
    raise UsageError(f"{place}:{name} {problem}; choose one:{choices}")


def _listed(place: str, names: Sequence[str]) -> str:
    return (
        f"; choose one:{''.join(f'{chr(10)}  {place}:{name}' for name in names)}" if names else ""
    )


# -- the scenario -------------------------------------------------------------------------


def _make(
    name: str, value: Any, given: Mapping[str, str], seed: int | None, source: Path | None
) -> tuple[Scenario, dict[str, object]]:
    if isinstance(value, Scenario):
        known = [Parameter(field, kind, getattr(value, field)) for field, kind in FIELDS.items()]
        changes = read_settings(given, known, f"the scenario {name}")
        return replace(value, **changes), dict(changes)
    known = parameters_of(value)
    changes = read_settings(given, known, f"{name}()")
    if seed is not None and any(parameter.name == "seed" for parameter in known):
        changes.setdefault("seed", seed)
    missing = [p.describe() for p in known if p.default is REQUIRED and p.name not in changes]
    if missing:
        raise UsageError(f"{name}() needs {', '.join(missing)}; give each with --set name=value")
    values = {**{p.name: p.default for p in known}, **changes}
    scenario = _call(value, values, source)
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{_where(value)}{name}() {_no_scenario(scenario)}")
    return scenario, {name: plain(value) for name, value in values.items()}


def _where(function: object) -> str:
    """Name the line at which a function is defined, for the beginning of a message."""
    place = place_of(function)
    return f"{shown_place(place)}: " if place else ""


def _no_scenario(returned: object) -> str:
    """Say what is wrong with a function that returned something else."""
    if isinstance(returned, Coroutine):
        returned.close()  # Python would warn that it was never awaited
        return "is an `async def`; write it with `def`, for it has nothing to await"
    got = "None" if returned is None else type(returned).__name__
    return f"returned {got}, not a Scenario; end it with a return of one"


def _call(function: Callable[..., Any], values: Mapping[str, Any], source: Path | None) -> Any:
    bound = inspect.signature(function).bind_partial()
    bound.arguments.update(values)
    try:
        return function(*bound.args, **bound.kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (as above)
        raise_located(error, source)
