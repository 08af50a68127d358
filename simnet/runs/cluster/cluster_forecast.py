"""Looks at a cluster and says what a run there would be, without starting anything."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from simnet.foundation.text import counted
from simnet.inference.backend import Backend
from simnet.runs.cluster.joining_cluster import settled
from simnet.runs.cluster.scenario_code import installed_for
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.models import DEFAULT
from simnet.runtime.nodes.cluster_view import ClusterView, check_labels
from simnet.runtime.nodes.engine_fit import Seat, fit, shortage
from simnet.runtime.nodes.node_versions import Difference, differences
from simnet.runtime.placement import Placement, place


class PlannedEngine(NamedTuple):
    """One engine and the nodes on which it has room."""

    name: str
    model: str
    takes: str
    hosts: tuple[str, ...]
    """Empty where there is no room, or where Ray chooses, for an engine without GPUs."""


class ClusterForecast(NamedTuple):
    """A cluster, and what of a run would be where."""

    address: str
    view: ClusterView
    placement: Placement
    engines: tuple[PlannedEngine, ...]
    missing: str | None
    """What engines lack, in one sentence."""
    differences: tuple[Difference, ...] = ()
    """What nodes have not installed as this process has it, the gravest first."""

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "address": self.address,
            "nodes": [{**node._asdict(), "labels": dict(node.labels)} for node in self.view.nodes],
            "silent_nodes": [node.host for node in self.view.silent],
            "engines": [engine._asdict() for engine in self.engines],
            "missing": self.missing,
            "differences": [{**one._asdict(), "text": str(one)} for one in self.differences],
            "actors": self.placement.actors,
            "personas_per_actor": self.placement.personas_per_actor,
        }

    def as_lines(self) -> dict[str, str]:
        """Return it as lines for people, by what they are about."""
        nodes = [
            f"{node.host}: {node.cores:g} cores, {node.gpus:g} GPUs, {node.memory / 1e9:.1f} GB"
            for node in self.view.nodes
        ]
        if self.view.silent:
            nodes.append(f"{counted(len(self.view.silent), 'node')} without an answer")
        kinds: dict[str, int] = {}
        for engine in self.engines:
            where = f" on {'+'.join(dict.fromkeys(engine.hosts))}" if engine.hosts else ""
            line = f"{engine.name} ({engine.model}), {engine.takes}{where}"
            kinds[line] = kinds.get(line, 0) + 1
        engines = [f"{count} x {line}" for line, count in kinds.items()]
        lines = {
            "cluster": f"{self.address}: {self.view.describe()}",
            "nodes": "; ".join(nodes),
            "engines": "; ".join(engines) or "none",
            "actors there": self.placement.describe(),
        }
        if self.differences:
            lines["installed"] = "; ".join(map(str, self.differences))
        return lines | ({"missing": self.missing} if self.missing else {})


async def forecast_cluster(
    plan: RunPlan, report: Callable[[str], None] = lambda _: None
) -> ClusterForecast:
    """Connect to the cluster of a plan, look, and leave again.

    Raises RunError if there is no such cluster, UsageError for labels that no node has.
    """
    from simnet.runtime.ray.session import nodes  # noqa: PLC0415  (imports ray, which is slow)
    from simnet.runtime.ray.session.connection import (  # noqa: PLC0415
        connect_ahead,
        disconnect_ahead,
        resolved,
    )

    assert plan.address is not None
    address = resolved(plan.address)
    report(f"connecting to {address}")
    await connect_ahead(address)
    try:
        view = await nodes.view()
        installed = await installed_for(plan, view)
    finally:
        disconnect_ahead()
    return _forecast(plan, address, view)._replace(differences=tuple(differences(*installed)))


def _forecast(plan: RunPlan, address: str, view: ClusterView) -> ClusterForecast:
    wishes = plan.wishes
    check_labels(view, wishes.agents_on, "--agents-on")
    check_labels(view, wishes.engines_on, "--engines-on")
    part = view.on(wishes.agents_on)
    placement = place(
        plan.scenario, plan.personas_per_actor, max(1, int(part.cores)), part.memory or 1e18
    )
    holding = view.on(wishes.engines_on)
    models = settled(plan, holding).started
    backends = {name: one for name, one in models.items() if isinstance(one, Backend)}
    replicas = [
        (name or DEFAULT, backend)
        for name, backend in backends.items()
        for _ in range(backend.replicas)
    ]
    shapes = [backend.shape for _, backend in replicas if backend.shape is not None]
    found = fit(shapes, [node.gpus for node in holding.nodes])
    missing = None
    if None in found:
        missing = shortage(shapes, sum(seat is not None for seat in found), holding, "")
    seats: Iterator[Seat | None] = iter(found)
    engines = []
    for name, backend in replicas:
        seat = None if backend.shape is None else next(seats)
        hosts = tuple(holding.nodes[node].host for node in seat or ())
        takes = "no GPU" if backend.shape is None else backend.shape.describe()
        engines.append(PlannedEngine(name, backend.recorded_name, takes, hosts))
    return ClusterForecast(address, view, placement, tuple(engines), missing)
