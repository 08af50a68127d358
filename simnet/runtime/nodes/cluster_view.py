"""What a cluster has, node by node: the facts that placement is decided on."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from simnet.errors import UsageError
from simnet.foundation.text import counted, visible
from simnet.runtime.nodes.labels import Labels, has_labels, write_labels


class Node(NamedTuple):
    """A node of a cluster that can be reached."""

    id: str
    host: str
    """Its name, for people."""
    cores: float
    gpus: float
    memory: float
    """Bytes that Ray gives to actors."""
    labels: Labels = MappingProxyType({})


class ClusterView(NamedTuple):
    """The nodes of a cluster at one moment, that of the driver first."""

    nodes: tuple[Node, ...]
    silent: tuple[Node, ...] = ()
    """Nodes that are not declared dead yet and do not answer."""

    @property
    def cores(self) -> float:
        """CPU cores of all nodes."""
        return sum(node.cores for node in self.nodes)

    @property
    def gpus(self) -> float:
        """GPUs of all nodes."""
        return sum(node.gpus for node in self.nodes)

    @property
    def memory(self) -> float:
        """Bytes that the actors of all nodes may take."""
        return sum(node.memory for node in self.nodes)

    def on(self, conditions: Labels) -> "ClusterView":
        """Return the part of the cluster whose labels fulfil the conditions."""
        kept = tuple(node for node in self.nodes if has_labels(node.labels, conditions))
        return ClusterView(kept, self.silent)

    def describe(self) -> str:
        """Return a line for people."""
        parts = [counted(len(self.nodes), "node"), f"{self.cores:g} cores"]
        parts.append(f"{self.gpus:g} GPUs" if self.gpus else "no GPU")
        return ", ".join(parts)


def check_labels(view: ClusterView, conditions: Labels, option: str) -> None:
    """Raise UsageError if no node fulfils the conditions, with the labels that nodes have."""
    if not conditions or view.on(conditions).nodes:
        return
    raise UsageError(
        f"{option} {write_labels(conditions)}: no node of the cluster has such labels; there are: "
        f"{_labels_there(view.nodes)}. Ray nodes get labels with: ray start --labels KEY=VALUE"
    )


def _labels_there(nodes: Sequence[Node]) -> str:
    own = {
        f"{key}={value}"
        for node in nodes
        for key, value in node.labels.items()
        if key != "ray.io/node-id"
    }
    return visible(", ".join(sorted(own))) or "none"


def cpu_share(actors: int, cores: float) -> float:
    """Return the cores that each actor of agents reserves, by which Ray spreads them.

    All of them together take half of the cores at most, so that all can be placed.
    """
    if not actors or cores <= 0:
        return 0.0
    return min(MOST_CORES, int(10_000 * cores / (2 * actors)) / 10_000)  # Ray counts 1/10,000


MOST_CORES = 0.1
"""Cores that an actor of agents reserves where there are enough; it waits most of the time."""
