"""What a run needs of a machine or a cluster, estimated before it starts, and what there is."""

import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simnet.errors import ScenarioError
from simnet.foundation.text import counted
from simnet.runtime.placement import BYTES_PER_ACTOR, PersonasPerActor, Placement, place
from simnet.scenario.forecast.expected_ties import expected_ties
from simnet.scenario.scenario import Scenario

BYTES_PER_TIE = 40
"""Memory of a tie while a network is drawn: a key that is sorted, and both ends in both orders."""
BYTES_PER_PERSONA = 2_000
BASE_BYTES = 1_000_000_000
"""Memory of Ray's own processes, the scheduler and the recorder."""
THREADS_PER_ACTOR = 70
DESCRIPTORS_PER_ACTOR = 4
"""Sockets and pipes that the node's manager and the scheduler hold for each actor."""
BASE_DESCRIPTORS = 500

_GROUP = Path("/sys/fs/cgroup")
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
_PROCESSES = ("pids.max", "pids/pids.max")
_UNLIMITED = 2**60


class Need(NamedTuple):
    """What a run needs at once."""

    personas: int
    actors: int
    ties: float

    @property
    def network(self) -> float:
        """Bytes that the people and their ties take in the process of the scheduler."""
        return self.ties * BYTES_PER_TIE + self.personas * BYTES_PER_PERSONA

    @property
    def memory(self) -> float:
        """Bytes in all."""
        base = BASE_BYTES if self.actors else 0
        return self.network + self.actors * BYTES_PER_ACTOR + base

    @property
    def threads(self) -> int:
        """Threads, which limits of processes count."""
        return self.actors * THREADS_PER_ACTOR

    @property
    def descriptors(self) -> int:
        """File descriptors that one process holds at most."""
        return BASE_DESCRIPTORS + self.actors * DESCRIPTORS_PER_ACTOR


class Capacity(NamedTuple):
    """What a machine or a cluster offers."""

    where: str
    memory: float
    """Bytes."""
    threads: int
    descriptors: int


def need_of(scenario: Scenario, placement: Placement | None) -> Need:
    """Estimate what a run needs; without a placement it has no actors."""
    personas = sum(len(cohort.personas) for cohort in scenario.cohorts)
    return Need(personas, placement.actors if placement else 0, expected_ties(scenario))


def place_here(scenario: Scenario | Sequence[Scenario], per_actor: PersonasPerActor) -> Placement:
    """Assign personas to actors as this machine allows; see `place`. Raises UsageError."""
    return place(scenario, per_actor, os.cpu_count() or 1, machine().memory)


def machine() -> Capacity:
    """Read what this machine offers this process: physical, of its container and of its user."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    threads = min(_read(Path("/proc/sys/kernel/threads-max")), _group(_PROCESSES))
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, processes = resource.getrlimit(resource.RLIMIT_NPROC)
    return Capacity(
        "this machine",
        min(physical, _group(_LIMITS)),
        threads if processes < 0 else min(threads, processes),
        descriptors if descriptors >= 0 else _UNLIMITED,
    )


def check_fits(name: str, need: Need, capacity: Capacity, *, literal: bool) -> None:
    """Raise ScenarioError, with what to set instead, if a run needs more than there is.

    `literal` says that the user chose how many personas share an actor; otherwise the number of
    actors is made for this machine already.
    """
    where = capacity.where
    if need.network > capacity.memory:
        raise ScenarioError(
            f"{name}: about {counted(round(need.ties), 'tie')} of "
            f"{counted(need.personas, 'persona')} take {_size(need.network)} of memory, and "
            f"{where} has {_size(capacity.memory)}; lower the chances in `follows`, or draw fewer "
            "ties, such as ties=random_followees(20); --force (force=True) starts it all the same"
        )
    if not literal or not need.actors:
        return
    each = -(-need.personas // max(1, _most_actors(need, capacity)))
    remedy = (
        f"; set --personas-per-actor {each} (personas_per_actor={each}) or more, or auto; "
        "--force (force=True) starts it all the same"
    )
    actors = f"{name}: {counted(need.actors, 'actor')}"
    if need.memory > capacity.memory:
        raise ScenarioError(
            f"{actors} of {_size(BYTES_PER_ACTOR)} each take {_size(need.memory)} of memory, and "
            f"{where} has {_size(capacity.memory)}{remedy}"
        )
    if need.threads > capacity.threads:
        raise ScenarioError(
            f"{actors} take {counted(need.threads, 'thread')}, and {where} allows "
            f"{capacity.threads:,}{remedy}"
        )
    if need.descriptors > capacity.descriptors:
        raise ScenarioError(
            f"{actors} take {need.descriptors:,} file descriptors, and {where} allows "
            f"{capacity.descriptors:,} (ulimit -n){remedy}"
        )


def check_cluster(
    scenario: Scenario, placement: Placement, memory: float, per_actor: PersonasPerActor
) -> None:
    """Raise ScenarioError if a cluster has not the memory, in bytes, that a run needs."""
    cluster = Capacity("the cluster", memory, _UNLIMITED, _UNLIMITED)
    need = need_of(scenario, placement)
    check_fits(scenario.name, need, cluster, literal=per_actor != "auto")


def describe(need: Need) -> str:
    """Return a line for people."""
    parts = [f"{_size(need.memory)} of memory"]
    if need.actors:
        parts.append(counted(need.actors, "process"))
    return f"about {', '.join(parts)}; about {counted(round(need.ties), 'tie')}"


def _most_actors(need: Need, capacity: Capacity) -> int:
    room = (capacity.memory - need.network - BASE_BYTES) / BYTES_PER_ACTOR
    threads = capacity.threads / THREADS_PER_ACTOR
    descriptors = (capacity.descriptors - BASE_DESCRIPTORS) / DESCRIPTORS_PER_ACTOR
    return int(max(1, min(room, threads, descriptors)))


def _group(names: tuple[str, ...]) -> int:
    """Read a limit of the container that this process is in, by either version of the interface."""
    return min(_read(_GROUP / name) for name in names)


def _read(path: Path) -> int:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return _UNLIMITED
    return int(text) if text.isdecimal() else _UNLIMITED


def _size(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e6:,.0f} MB"
