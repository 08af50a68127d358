"""What code that is sent to nodes imports there: distributions, and modules that belong to none."""

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

_ANYWAY = {"simnet", "ray", "__main__"}
"""Packages whose versions are compared in any case, and the script, which is sent whole."""


class NeededCode(NamedTuple):
    """What a node has to have installed so that the scenario's code runs there."""

    distributions: Mapping[str, str] = {}
    """Versions in this process, by the names of distributions."""
    modules: Mapping[str, Path] = {}
    """Files in this process, by the names of top-level modules that no distribution has."""


NOTHING_NEEDED = NeededCode()


def needed_code(modules: Iterable[str]) -> NeededCode:
    """Return where modules are from that code imports, without those of Python and simnet.

    A module that this process cannot find either is left out: the code bears that.
    """
    counted = [module for module in modules if _counts(module)]
    places = {module: file for module in counted if (file := _file_of(module)) is not None}
    owners = {module: _owners(module, file) for module, file in places.items()}
    distributions = {name: metadata.version(name) for names in owners.values() for name in names}
    alone = sorted({_top(module) for module, names in owners.items() if not names})
    files = {top: _file_of(top) or Path(top) for top in alone}
    return NeededCode(dict(sorted(distributions.items())), files)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _counts(module: str) -> bool:
    return _top(module) not in _ANYWAY and _top(module) not in sys.stdlib_module_names


def _owners(module: str, file: Path) -> list[str]:
    """Return which distributions have a module; several share a name such as `google`."""
    top = _top(module)
    try:
        same = metadata.distribution(top)
    except metadata.PackageNotFoundError:
        same = None
    if same is not None and _has(same, file):  # as most
        return [same.name]
    known = [one for one in metadata.distributions() if _has_top(one, top)]
    having = [one for one in known if _has(one, file)]
    return list(dict.fromkeys(one.name for one in having or known))


def _has(distribution: metadata.Distribution, file: Path) -> bool:
    root = Path(str(distribution.locate_file("")))
    if not file.is_relative_to(root):
        return False
    return f"\n{file.relative_to(root).as_posix()}," in _record(distribution)


def _has_top(distribution: metadata.Distribution, top: str) -> bool:
    """Whether a distribution has a module or package of a name, at the top."""
    listed = distribution.read_text("top_level.txt")
    if listed is not None:
        return top in listed.split()
    record = _record(distribution)
    return f"\n{top}/" in record or f"\n{top}." in record


def _record(distribution: metadata.Distribution) -> str:
    """Return the list of its files as it is, as parsing those of all would take seconds."""
    return "\n" + (distribution.read_text("RECORD") or "")


def _file_of(module: str) -> Path | None:
    """Return the file of a module, or the folder of a package without one; None for neither.

    Nothing is imported to find it: then it is the file of the package at the top, where that is
    no namespace of several distributions.
    """
    loaded = sys.modules.get(module)
    if loaded is not None:
        file = getattr(loaded, "__file__", None)
        return Path(file) if file else _first(getattr(loaded, "__path__", ()))
    top, _, rest = module.partition(".")
    spec = importlib.util.find_spec(top) if top not in sys.modules else sys.modules[top].__spec__
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        return Path(spec.origin)
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    within = [folder.joinpath(*rest.split(".")) for folder in folders]
    files = [file for one in within for file in (one.with_suffix(".py"), one / "__init__.py")]
    return next((file for file in files if file.is_file()), _first(folders))


def _first(places: Iterable[str | Path]) -> Path | None:
    return next((Path(place) for place in places), None)
