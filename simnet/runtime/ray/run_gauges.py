"""Publishes the figures of a run as Prometheus gauges through Ray's exporter."""

import time
from collections.abc import AsyncIterator, Callable

from ray.util.metrics import Gauge

from simnet.scheduler.figures.run_figures import FIGURES, figures_of
from simnet.scheduler.progress.messages import Finish, Progress

PUBLISH_SECONDS = 1.0
"""Shortest time, in wall seconds, between two publications."""
PREFIX = "simnet_run_"


class RunGauges:
    """One gauge for each figure, with the run as its label `run`."""

    def __init__(self, run: str) -> None:
        self._gauges = {
            one.name: Gauge(
                PREFIX + one.name, description=f"{one.description}, {one.unit}", tag_keys=("run",)
            )
            for one in FIGURES
        }
        for gauge in self._gauges.values():
            gauge.set_default_tags({"run": run})

    def __call__(self, progress: Progress) -> None:
        """Set the gauges."""
        for name, value in figures_of(progress):
            self._gauges[name].set(value)


async def published(
    updates: AsyncIterator[Progress | Finish],
    publish: Callable[[Progress], None],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Progress | Finish]:
    """Yield updates unchanged, and publish them at intervals; the last one always."""
    due = 0.0
    async for update in updates:
        if isinstance(update, Finish):
            publish(update.progress)
        elif clock() >= due:
            due = clock() + PUBLISH_SECONDS
            publish(update)
        yield update
