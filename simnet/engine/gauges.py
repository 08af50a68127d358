"""Publishes the statistics of a model as Prometheus gauges, through Ray's own exporter."""

from ray.util.metrics import Gauge

from simnet.inference.statistics import Statistics


class Gauges:
    """One gauge for each figure, with the model as its tag."""

    def __init__(self, model: str) -> None:
        tags = {"model": model}
        self._gauges = {name: _gauge(name, unit) for name, _, unit in Statistics().figures()}
        for gauge in self._gauges.values():
            gauge.set_default_tags(tags)

    def __call__(self, statistics: Statistics) -> None:
        """Publish."""
        for name, value, _ in statistics.figures():
            self._gauges[name].set(value)


def _gauge(name: str, unit: str) -> Gauge:
    told = f"{name.replace('_', ' ')} of the model, {unit}"
    return Gauge(f"simnet_model_{name.replace('.', '_')}", description=told, tag_keys=("model",))
