"""Options that say on which cluster a run takes place, and where there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from simnet.errors import UsageError

_DEFAULT = "default"
"""What the model is called of cohorts that name none."""

Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|auto",
        help="A Ray cluster's, of which this machine is a node; by default RAY_ADDRESS, and "
        "without that Ray starts on this machine.",
    ),
]
AgentsOn = Annotated[
    str | None,
    typer.Option(metavar="KEY=VALUE", help="Labels of the nodes that hold agents."),
]
EnginesOn = Annotated[
    str | None,
    typer.Option(metavar="KEY=VALUE", help="Labels of the nodes that hold engines."),
]
WaitForResources = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="How long to wait for nodes with room for the engines, such as 10m."
    ),
]
MinReplicas = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Start and go on with so few engines of each model."),
]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engines",
        metavar="NAME|COHORTS_NAME=NAME",
        help="Engines that `simnet serve` keeps, in place of own ones; repeatable for models "
        "that cohorts name.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ClusterFlags:
    """The options of a cluster."""

    address: Address = None
    agents_on: AgentsOn = None
    engines_on: EnginesOn = None
    wait_for_resources: WaitForResources = None
    min_replicas: MinReplicas = None

    @property
    def cluster(self) -> dict[str, Any]:
        """What they say, by the names of RunOptions."""
        return {
            "address": self.address,
            "agents_on": self.agents_on,
            "engines_on": self.engines_on,
            "wait_for_resources": self.wait_for_resources,
            "min_replicas": self.min_replicas,
        }


def read_engines(texts: Sequence[str]) -> dict[str, str]:
    """Read `--engines` options: names of kept engines by the names of models.

    Raises UsageError for two of one model.
    """
    names: dict[str, str] = {}
    for text in texts:
        model, equals, name = text.rpartition("=")
        model = model if equals else _DEFAULT
        if not model or not name:
            raise UsageError(f"--engines {text}: give NAME, or COHORTS_NAME=NAME")
        if model in names:
            raise UsageError(f"--engines {text}: there are others for the model {model}")
        names[model] = name
    return names
