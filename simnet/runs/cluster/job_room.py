"""Finds out whether the nodes of a job have room for the engines of its run."""

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.runs.options.options import RunOptions
from simnet.runs.options.project_values import model_of
from simnet.runtime.nodes.cluster_view import ClusterView, Node
from simnet.runtime.nodes.engine_fit import fit, shortage


def check_room(options: RunOptions, nodes: int, gpus_per_node: int) -> None:
    """Raise UsageError if a run needs more GPUs than its job has, whose nodes stay as many.

    The scenario is not looked at: a model that nobody may ask, as another is named, is left out.
    """
    shapes = []
    for backend in _backends(options):
        placed = backend.on_cluster(nodes * gpus_per_node)
        if placed.shape is not None:
            shapes += [placed.shape] * options.wishes.least(placed.replicas)
    seats = fit(shapes, [gpus_per_node] * nodes)
    if None not in seats:
        return
    view = ClusterView(
        tuple(
            Node(id=str(number), host="", cores=0.0, gpus=gpus_per_node, memory=0.0)
            for number in range(nodes)
        )
    )
    seated = sum(seat is not None for seat in seats)
    raise UsageError(
        f"{shortage(shapes, seated, view, ' in the job')}; give the job more with --nodes and "
        "--gpus-per-node, or take fewer replicas or smaller engines"
    )


def _backends(options: RunOptions) -> list[Backend]:
    models = options.models
    names: list[str | None] = [name for name in models.models if name not in models.kept]
    named = models.model is not None or models.backend is not None
    if None not in models.kept and (named or not models.models):
        names.append(None)
    return [model_of(name, models) for name in names]
