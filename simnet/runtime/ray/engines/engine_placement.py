"""Places the engines of a run on its cluster: a GPU each, or a share of a node's CPUs."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.errors import UsageError
from simnet.runtime.placement import assign_nodes
from simnet.runtime.ray.engines.engine_pool import Engine
from simnet.text import counted


class PlacedEngine(NamedTuple):
    """An engine whose settings hold its share of a node, and the options of its Ray actor."""

    engine: Engine
    options: dict[str, Any]


def place_engines(engines: Sequence[Engine]) -> list[PlacedEngine]:
    """Place each engine. Engines on CPUs of one node share its cores and memory.

    A single CPU engine uses all cores of the node where Ray puts it.
    """
    placed = [PlacedEngine(engine, {"num_gpus": engine.backend.gpus}) for engine in engines]
    on_cpus = [number for number, engine in enumerate(engines) if engine.backend.on_cpu]
    if len(on_cpus) < 2:
        return placed
    nodes = _nodes()
    chosen = assign_nodes(len(on_cpus), [cores for _, cores in nodes])
    engines_on = Counter(chosen)
    for number, position in zip(on_cpus, chosen, strict=True):
        node, cores = nodes[position]
        backend = engines[number].backend.shared(engines_on[position], max(1, int(cores)))
        engine = engines[number]._replace(backend=backend)
        strategy = NodeAffinitySchedulingStrategy(node, soft=True)
        placed[number] = PlacedEngine(engine, {"num_gpus": 0, "scheduling_strategy": strategy})
    return placed


def check_gpus(engines: Sequence[Engine], *, can_grow: bool, report: Callable[[str], None]) -> None:
    """Raise UsageError if there are fewer GPUs than engines that need one.

    A cluster that `can_grow` may still get them: then `report` says what the run waits for.
    """
    needed = sum(engine.backend.gpus for engine in engines)
    present = int(ray.cluster_resources().get("GPU", 0))
    if needed <= present:
        return
    message = f"the engines want {counted(needed, 'GPU')}, and there are {present}"
    if not can_grow:
        raise UsageError(f"{message}; take fewer models or replicas, or a cluster with --address")
    report(f"{message} in the cluster just now; waiting for more")


def _nodes() -> list[tuple[str, float]]:
    """List (id, cores) of the nodes, the node of this process first."""
    here = ray.get_runtime_context().get_node_id()
    nodes = [
        (str(node["NodeID"]), float(node["Resources"].get("CPU", 0)))
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sorted(nodes, key=lambda node: (node[0] != here, node[0]))
