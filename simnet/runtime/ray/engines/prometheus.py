"""Publishes the statistics of a model as Prometheus gauges through Ray's exporter."""

from ray.util.metrics import Gauge

from simnet.inference.calls.statistics import Statistics
from simnet.runtime.models import DEFAULT

_TAGS = ("model", "name", "replica", "run")


class Gauges:
    """One gauge for each figure, with the model, its name in the run, the replica and the run.

    Engines that are kept for several runs have their own name as `run`.
    """

    def __init__(self, model: str, name: str = DEFAULT, replica: int = 0, run: str = "") -> None:
        tags = {"model": model, "name": name, "replica": str(replica), "run": run}
        self._gauges = {name: _gauge(name, unit) for name, _, unit in Statistics().figures()}
        for gauge in self._gauges.values():
            gauge.set_default_tags(tags)

    def __call__(self, statistics: Statistics) -> None:
        """Set the gauges."""
        for name, value, _ in statistics.figures():
            self._gauges[name].set(value)


def _gauge(name: str, unit: str) -> Gauge:
    description = f"{name.replace('_', ' ')} of the model, {unit}"
    return Gauge(f"simnet_model_{name.replace('.', '_')}", description=description, tag_keys=_TAGS)
