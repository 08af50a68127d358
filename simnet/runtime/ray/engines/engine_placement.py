"""Places the engines of a run on its cluster: GPUs in placement groups, or shares of CPUs."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ray
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from simnet.errors import RunError
from simnet.foundation.text import visible
from simnet.inference.engine_shape import EngineShape
from simnet.runtime.nodes.cluster_view import ClusterView
from simnet.runtime.nodes.engine_fit import Seat
from simnet.runtime.nodes.labels import Labels
from simnet.runtime.placement import assign_nodes
from simnet.runtime.ray.engines.engine_pool import Engine
from simnet.runtime.ray.session.daemon_call import in_daemon_thread
from simnet.runtime.ray.session.nodes import NODE_ID, selector

ENGINE_CORES = 0.1
"""Cores that the actor of an engine reserves beside its GPUs, so that Ray counts it."""
RESERVE_SECONDS = 60.0
"""Wall seconds that GPUs may take to be reserved: a run that just ended still gives them back."""
_EVERY = 0.1


class PlacedEngine(NamedTuple):
    """An engine whose settings hold its share of a node, and the options of its Ray actor."""

    engine: Engine
    options: dict[str, Any]


def place_on_cpus(
    engines: Sequence[Engine], view: ClusterView, conditions: Labels
) -> list[PlacedEngine]:
    """Place engines that take no GPU. Those on CPUs of one node share its cores and memory.

    A single one uses all cores of its node.
    """
    chosen = selector(conditions, view.silent)
    placed = [PlacedEngine(engine, {"label_selector": chosen}) for engine in engines]
    on_cpus = [number for number, engine in enumerate(engines) if engine.backend.on_cpu]
    if len(on_cpus) < 2:
        return placed
    nodes = view.on(conditions).nodes
    positions = assign_nodes(len(on_cpus), [node.cores for node in nodes])
    engines_on = Counter(positions)
    for number, position in zip(on_cpus, positions, strict=True):
        node = nodes[position]
        backend = engines[number].backend.shared(engines_on[position], max(1, int(node.cores)))
        strategy = NodeAffinitySchedulingStrategy(node.id, soft=True)
        options = {"scheduling_strategy": strategy}
        placed[number] = PlacedEngine(engines[number]._replace(backend=backend), options)
    return placed


class Groups:
    """The placement groups of engines on GPUs, one for each."""

    def __init__(self, conditions: Labels, report: Callable[[str], None]) -> None:
        self._conditions = conditions
        self._report = report
        self._groups: list[PlacementGroup] = []

    async def place(
        self, seated: Sequence[tuple[Engine, Seat]], view: ClusterView, wait: float
    ) -> list[PlacedEngine]:
        """Reserve the GPUs of engines and print where they are; the largest come first.

        Ray puts the group of an engine on any one node with room, and elsewhere when that is
        lost. The groups of an engine over several nodes are bound to the nodes of its seat, since
        all GPUs of a pipeline stage have to be on one. Raises RunError if GPUs are not free
        within `wait` seconds.
        """
        placed: dict[int, PlacedEngine] = {}
        groups: dict[int, PlacementGroup] = {}
        for number in sorted(range(len(seated)), key=lambda one: -seated[one][0].backend.gpus):
            engine, seat = seated[number]
            backend = engine.backend.across(len(set(seat)))
            groups[number] = group = self._group(engine.label, backend.shape, seat, view)
            inside = PlacementGroupSchedulingStrategy(
                group,
                placement_group_bundle_index=0,
                placement_group_capture_child_tasks=True,
            )
            one_node = len(group.bundle_specs) == 1
            options = {
                "num_cpus": ENGINE_CORES,
                "num_gpus": backend.gpus if one_node else 0,
                "scheduling_strategy": inside,
            }
            placed[number] = PlacedEngine(engine._replace(backend=backend), options)
        if not groups:
            return []
        await self._reserved(list(groups.values()), wait)
        self._print([(seated[number][0], groups[number]) for number in sorted(groups)], view)
        return [placed[number] for number in sorted(placed)]

    def remove(self) -> None:
        """Give all GPUs back."""
        for group in self._groups:
            remove_placement_group(group)
        self._groups.clear()

    def _group(
        self, name: str, shape: EngineShape | None, seat: Seat, view: ClusterView
    ) -> PlacementGroup:
        assert shape is not None
        if len(set(seat)) == 1:
            bundles, strategy = [{"GPU": shape.gpus, "CPU": ENGINE_CORES}], "STRICT_PACK"
            chosen = [selector(self._conditions, view.silent)]
        else:  # vLLM's executor on Ray wants a bundle for each GPU
            bundles = [{"GPU": 1.0} for _ in range(shape.devices)]
            bundles[0]["CPU"] = ENGINE_CORES
            strategy = "PACK"
            nodes = [view.nodes[stage].id for stage in seat for _ in range(shape.tensor)]
            chosen = [{NODE_ID: node} for node in nodes]
        group = placement_group(
            bundles, strategy, name=f"simnet-{name}", bundle_label_selector=chosen
        )
        self._groups.append(group)
        return group

    async def _reserved(self, groups: Sequence[PlacementGroup], wait: float) -> None:
        """Return once all groups are reserved."""
        deadline = time.monotonic() + wait
        while True:
            table = await in_daemon_thread(placement_group_table)
            states = [table[group.id.hex()]["state"] for group in groups]
            if all(state == "CREATED" for state in states):
                return
            if time.monotonic() > deadline:
                free = float(ray.available_resources().get("GPU", 0))
                raise RunError(
                    f"{sum(state != 'CREATED' for state in states)} of {len(groups)} engines got "
                    f"no GPUs within {wait:g} s; {free:g} of "
                    f"{ray.cluster_resources().get('GPU', 0):g} GPUs are free, and others hold the "
                    "rest; see: ray status. To wait longer: --wait-for-resources 10m"
                )
            await asyncio.sleep(_EVERY)

    def _print(self, placed: Sequence[tuple[Engine, PlacementGroup]], view: ClusterView) -> None:
        names = {node.id: node.host for node in view.nodes}
        table = placement_group_table()
        for engine, group in placed:
            entry = table[group.id.hex()]
            gpus: Counter[str] = Counter()
            for bundle, node in entry["bundles_to_node_id"].items():
                gpus[names.get(node, node)] += entry["bundles"][bundle].get("GPU", 0)
            where = ", ".join(f"{count:g} on {visible(host)}" for host, count in gpus.items())
            self._report(f"engine {engine.label}: GPUs {where} ({entry['strategy']})")
