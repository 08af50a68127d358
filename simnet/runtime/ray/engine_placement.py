"""Where the engines of a run go on its cluster: a GPU each, or shares of the nodes' CPUs."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.errors import UsageError
from simnet.runtime.placement import spread
from simnet.runtime.ray.engine_pool import Engine


class Seat(NamedTuple):
    """An engine, with its share of its node in its settings, and what Ray is asked for it."""

    engine: Engine
    options: dict[str, Any]


def seats(engines: Sequence[Engine]) -> list[Seat]:
    """Give each engine its place. Engines on CPUs that share a node share its cores and memory.

    A single one of them takes all cores of wherever Ray puts it.
    """
    places = [Seat(engine, {"num_gpus": int(engine.backend.on_gpu)}) for engine in engines]
    shared = [number for number, engine in enumerate(engines) if engine.backend.on_cpu]
    if len(shared) < 2:
        return places
    nodes = _nodes()
    chosen = spread(len(shared), [cores for _, cores in nodes])
    together = Counter(chosen)
    for number, place in zip(shared, chosen, strict=True):
        node, cores = nodes[place]
        backend = engines[number].backend.shared(together[place], max(1, int(cores)))
        engine = engines[number]._replace(backend=backend)
        strategy = NodeAffinitySchedulingStrategy(node, soft=True)
        places[number] = Seat(engine, {"num_gpus": 0, "scheduling_strategy": strategy})
    return places


def check_gpus(engines: Sequence[Engine], *, can_grow: bool, say: Callable[[str], None]) -> None:
    """Raise UsageError if there are not enough GPUs for the engines, and never will be.

    A cluster that `can_grow` is given time to, and people are told what is being waited for.
    """
    wanted = sum(engine.backend.on_gpu for engine in engines)
    there = int(ray.cluster_resources().get("GPU", 0))
    if wanted <= there:
        return
    told = f"{wanted} engines want a GPU each, and there are {there}"
    if not can_grow:
        raise UsageError(f"{told}; take fewer models or replicas, or a cluster with --address")
    say(f"{told} in the cluster just now; waiting for more")


def _nodes() -> list[tuple[str, float]]:
    """List (id, cores) of the nodes, this process's first."""
    here = ray.get_runtime_context().get_node_id()
    found = [
        (str(node["NodeID"]), float(node["Resources"].get("CPU", 0)))
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sorted(found, key=lambda node: (node[0] != here, node[0]))
