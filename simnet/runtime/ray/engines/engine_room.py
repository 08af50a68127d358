"""Finds room for the engines of a run on its cluster, and waits for nodes if the user wants it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from simnet.errors import RunError, UsageError
from simnet.inference.backend import Backend
from simnet.runtime.nodes.cluster_view import ClusterView, check_labels
from simnet.runtime.nodes.cluster_wishes import ClusterWishes
from simnet.runtime.nodes.engine_fit import Seat, fit, shortage
from simnet.runtime.nodes.labels import write_labels
from simnet.runtime.ray.engines.engine_pool import Engine, engines_of
from simnet.runtime.ray.session import nodes

REMIND_SECONDS = 30.0
"""Wall seconds between two reminders that a run waits for nodes."""
_LOOK_SECONDS = 2.0


class Room(NamedTuple):
    """The engines that are started and where."""

    engines: list[Engine]
    seats: list[Seat]
    """One for each engine, by numbers of nodes in `view`; empty for an engine without GPUs."""
    view: ClusterView
    """The nodes that engines may be on."""


async def find_room(
    models: Mapping[str | None, Backend], wishes: ClusterWishes, report: Callable[[str], None]
) -> Room:
    """Return which engines are started, once there is room for them.

    If there is none for all, those that fit are started as soon as the wait is over, if they are
    as many as the run needs. Raises UsageError at once for engines that have no room while the
    run does not wait, or for labels that no node has; RunError, when it has waited.
    """
    engines, began, reminded = engines_of(models), time.monotonic(), -REMIND_SECONDS
    while True:
        whole = await nodes.view()
        room = _room(engines, whole.on(wishes.engines_on))
        left = (wishes.wait or 0.0) - (time.monotonic() - began)
        if room.view.nodes and len(room.engines) == len(engines):
            return room
        if left <= 0 and room.view.nodes and _enough(room, models, wishes):
            report(f"starting {len(room.engines)} of {len(engines)} engines: there is no more room")
            return room
        where = f" on {write_labels(wishes.engines_on)}" if wishes.engines_on else ""
        shapes = [engine.backend.shape for engine in engines if engine.backend.shape is not None]
        on_gpus = sum(engine.backend.shape is not None for engine in room.engines)
        missing = shortage(shapes, on_gpus, room.view, where)
        if left <= 0:
            _refuse(missing, whole, wishes)
        if time.monotonic() - began - reminded >= REMIND_SECONDS:
            reminded = time.monotonic() - began
            report(f"{missing}; waiting for nodes, {left:.0f} s more")
        await asyncio.sleep(min(_LOOK_SECONDS, left))


def _room(engines: list[Engine], view: ClusterView) -> Room:
    shapes = [engine.backend.shape for engine in engines if engine.backend.shape is not None]
    found = iter(fit(shapes, [node.gpus for node in view.nodes]))
    seats: list[Seat | None] = [
        () if engine.backend.shape is None else next(found) for engine in engines
    ]
    kept = [(one, seat) for one, seat in zip(engines, seats, strict=True) if seat is not None]
    return Room([engine for engine, _ in kept], [seat for _, seat in kept], view)


def _enough(room: Room, models: Mapping[str | None, Backend], wishes: ClusterWishes) -> bool:
    there = Counter(engine.name for engine in room.engines)
    return all(there[name] >= wishes.least(model.replicas) for name, model in models.items())


def _refuse(missing: str, view: ClusterView, wishes: ClusterWishes) -> NoReturn:
    check_labels(view, wishes.engines_on, "--engines-on")
    if wishes.wait is None:
        raise UsageError(
            f"{missing}; take fewer replicas or smaller engines, or wait for nodes: "
            "--wait-for-resources 10m"
        )
    raise RunError(f"{missing}; waited {wishes.wait:g} s (--wait-for-resources)")
