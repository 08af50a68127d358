"""What a user wants of a cluster beside its address."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simnet.errors import UsageError
from simnet.foundation.durations import option_seconds
from simnet.runtime.nodes.labels import Labels, read_labels


@dataclass(frozen=True, kw_only=True)
class ClusterWishes:
    """Where actors may be, and how long a run waits for room. Raises UsageError."""

    agents_on: Labels = field(default_factory=dict)
    """Conditions on the labels of nodes that hold agents."""
    engines_on: Labels = field(default_factory=dict)
    """Conditions on the labels of nodes that hold engines."""
    wait: float | None = None
    """Wall seconds that a run waits for nodes with room for its engines; None does not wait."""
    min_replicas: int | None = None
    """With how many engines of each model the run starts and goes on; None wants all."""

    def __post_init__(self) -> None:
        if self.min_replicas is not None and self.min_replicas < 1:
            raise UsageError(f"min_replicas is {self.min_replicas}; give 1 or more")

    def least(self, replicas: int) -> int:
        """Return how many of the replicas of a model have to be there."""
        return min(replicas, self.min_replicas or replicas)


NO_WISHES = ClusterWishes()


def read_wishes(
    agents_on: str | Mapping[str, str] | None = None,
    engines_on: str | Mapping[str, str] | None = None,
    wait_for_resources: str | float | None = None,
    min_replicas: int | None = None,
) -> ClusterWishes:
    """Read what the user gave. Raises UsageError, naming the option."""
    return ClusterWishes(
        agents_on=read_labels(agents_on, "--agents-on"),
        engines_on=read_labels(engines_on, "--engines-on"),
        wait=(
            None
            if wait_for_resources is None
            else option_seconds("--wait-for-resources", wait_for_resources)
        ),
        min_replicas=min_replicas,
    )


def check_address(address: str) -> None:
    """Raise UsageError for the address of a Ray client or of Ray Jobs, which is no cluster's."""
    scheme, there, rest = address.partition("://")
    if not there:
        return
    what = {
        "ray": "the address of a Ray client, through which a run cannot reach its actors in time",
        "http": "the address of Ray Jobs, not that of a cluster",
        "https": "the address of Ray Jobs, not that of a cluster",
    }.get(scheme, "no address of a Ray cluster, which is HOST:PORT or auto")
    host = rest.partition("/")[0].rpartition(":")[0] or rest or "HEAD"
    raise UsageError(
        f"{address} is {what}; send the run to the cluster as a job: {job_command(host)}"
    )


def job_command(host: str) -> str:
    """Return the command that sends a run to the cluster with this head by Ray Jobs."""
    return f"simnet submit TARGET --address http://{host}:8265 --runs /FOLDER/ON/THE/HEAD"
