"""Says where a name is that the user's code looked for in a module and did not find."""

import re
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType

from simnet.foundation.user_code import is_users

_MISSING = re.compile(
    r"cannot import name '(?P<name>\w+)' from "
    r"(?:partially initialized module )?'(?P<module>[\w.]+)'"
    r"|(?:partially initialized )?module '(?P<owner>[\w.]+)' has no attribute '(?P<attribute>\w+)'"
)
"""What Python says of a name that a module lacks."""


def message_of(error: BaseException) -> str:
    """Write the type and message of an error; of a name that a module lacks, what helps.

    It is where simnet has the name, or which file of the user stands for a module of Python.
    """
    message = f"{type(error).__name__}: {error}"
    found = _MISSING.match(str(error)) if isinstance(error, ImportError | AttributeError) else None
    if found is None:
        return message
    name, module = found["name"] or found["attribute"], found["module"] or found["owner"]
    if module.partition(".")[0] == "simnet":
        return f"{module} has no {name!r}{_hint(name, module)}"
    file = getattr(sys.modules.get(module), "__file__", None)
    if module in sys.stdlib_module_names and file and is_users(file):
        return f"{message}; {Path(file).name} hides Python's own {module}, so rename it"
    return message


def _hint(name: str, module: str) -> str:
    """Say in which public module a name is, or which name may be meant."""
    places: dict[str, str] = {}
    for place in _public_modules():
        for known in place.__all__:
            places.setdefault(known, place.__name__)
    if name in places:
        return f"; write: from {places[name]} import {name}"
    here = [known for known, place in places.items() if place == module]
    close = get_close_matches(name, here, 1) or get_close_matches(name, places, 1)
    return "".join(f"; did you mean: from {places[one]} import {one}?" for one in close)


def _public_modules() -> list[ModuleType]:
    """List simnet and its namespaces."""
    top = import_module("simnet")
    names = (getattr(top, name) for name in top.__all__)
    return [top, *(one for one in names if isinstance(one, ModuleType))]
