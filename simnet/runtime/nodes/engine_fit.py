"""Finds room for engines on the GPUs of a cluster, before any of them is started."""

from collections.abc import Sequence
from typing import TypeAlias

from simnet.foundation.text import counted
from simnet.inference.engine_shape import EngineShape
from simnet.runtime.nodes.cluster_view import ClusterView

Seat: TypeAlias = tuple[int, ...]
"""The numbers of the nodes of an engine: one, or one for each of its pipeline stages."""
_EXACT = 9
"""Decimals to which shares of GPUs are added up."""


def fit(shapes: Sequence[EngineShape], gpus: Sequence[float]) -> list[Seat | None]:
    """Return a seat for each engine on nodes with so many GPUs; None where it does not fit.

    The largest engines are seated first, each on the node where it leaves the least. An engine
    that fits on no single node is divided by its pipeline stages, as many of them on one node as
    fit.
    """
    free = [[1.0] * int(count) for count in gpus]
    seats: list[Seat | None] = [None] * len(shapes)
    for number in sorted(range(len(shapes)), key=lambda one: -shapes[one].gpus):
        shape = shapes[number]
        seats[number] = _on_one_node(shape, free) or _by_stages(shape, free)
    return seats


def _on_one_node(shape: EngineShape, free: list[list[float]]) -> Seat | None:
    holding = [node for node in range(len(free)) if _holds(free[node], shape.devices, shape.share)]
    if not holding:
        return None
    best = min(holding, key=lambda node: sum(free[node]))
    _take(free[best], shape.devices, shape.share)
    return (best,)


def _by_stages(shape: EngineShape, free: list[list[float]]) -> Seat | None:
    if shape.pipeline == 1:
        return None
    nodes: list[int] = []
    for node in sorted(range(len(free)), key=lambda one: -sum(free[one])):
        room = sum(share == 1.0 for share in free[node]) // shape.tensor
        nodes += [node] * min(room, shape.pipeline - len(nodes))
    if len(nodes) < shape.pipeline:
        return None
    for node in nodes:
        _take(free[node], shape.tensor, 1.0)
    return tuple(nodes)


def _holds(free: Sequence[float], devices: int, share: float) -> bool:
    return sum(left >= share for left in free) >= devices


def _take(free: list[float], devices: int, share: float) -> None:
    """Take shares of GPUs, of those with room the fullest first."""
    holding = sorted((gpu for gpu in range(len(free)) if free[gpu] >= share), key=free.__getitem__)
    for gpu in holding[:devices]:
        free[gpu] = round(free[gpu] - share, _EXACT)


def shortage(shapes: Sequence[EngineShape], seated: int, view: ClusterView, where: str) -> str:
    """Say what engines ask for and what there is, in one sentence, and what to change."""
    kinds: dict[str, int] = {}
    for shape in shapes:
        kinds[shape.describe()] = kinds.get(shape.describe(), 0) + 1
    asked = ", ".join(
        f"{counted(count, 'engine')} {'each ' if count > 1 else ''}of {kind}"
        for kind, count in kinds.items()
    )
    text = (
        f"there is no room for all engines: asked for {asked}, "
        f"{sum(shape.gpus for shape in shapes):g} GPUs in all; available{where}: {_there(view)}; "
        f"room for {seated} of {counted(len(shapes), 'engine')}"
    )
    largest = int(max((node.gpus for node in view.nodes), default=0))
    wide = max((shape.tensor for shape in shapes), default=1)
    if wide > largest > 0:
        return (
            f"{text}. tensor_parallel_size {wide} wants {wide} GPUs of one node, and the largest "
            f"has {largest}: divide the model over nodes with --engine "
            f"tensor_parallel_size={largest} --engine pipeline_parallel_size={-(-wide // largest)}"
        )
    return text


def _there(view: ClusterView) -> str:
    with_gpus = [node for node in view.nodes if node.gpus]
    if not with_gpus:
        return f"no GPU on {counted(len(view.nodes), 'node')}"
    each = sorted((node.gpus for node in with_gpus), reverse=True)
    counts = ", ".join(f"{each.count(gpus)} with {gpus:g}" for gpus in dict.fromkeys(each))
    return f"{view.gpus:g} GPUs ({counted(len(with_gpus), 'node')}: {counts})"
