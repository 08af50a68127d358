"""An engine as the driver of a run sees it: its statistics, restarts and failure."""

import asyncio
import time
from contextlib import suppress

from ray.actor import ActorHandle
from ray.exceptions import RayError

from simnet.errors import RunError
from simnet.inference.calls.statistics import Statistics
from simnet.runtime.ray.engines.llm_server import Incident

SAMPLE_SECONDS = 1.0
"""Shortest time, in wall seconds, between two samples of the statistics."""
_LAST_SAMPLE_SECONDS = 2.0
"""Wall seconds that the last sample may take."""


class SampledEngine:
    """Samples the statistics of one server; who keeps that server up is another matter."""

    def __init__(self, server: ActorHandle) -> None:
        self._server = server
        self.sampling: asyncio.Task[None] | None = None
        self._sampled_at = 0.0
        self.statistics: Statistics | None = None
        """What the model did lately; None if it has no statistics."""
        self.incidents: list[Incident] = []
        """Why it was restarted, as far as this process is who restarted it."""
        self.failure: RunError | None = None
        """Why the server is no longer restarted."""

    @property
    def state(self) -> str:
        """How it is, in a word."""
        return "up" if self.failure is None else "failed"

    def begin(self) -> None:
        """Start what has to be started."""

    async def up(self) -> object:
        """Return once the model can be asked."""
        return None

    async def stop(self) -> None:
        """Stop sampling."""
        if self.sampling is not None:
            self.sampling.cancel()
            await asyncio.gather(self.sampling, return_exceptions=True)

    async def close(self) -> None:
        """Close the model where that is up to this process."""

    def sample(self) -> None:
        """Request the statistics, unless the last request is too recent."""
        if self.sampling is None and time.monotonic() - self._sampled_at >= SAMPLE_SECONDS:
            self._sampled_at = time.monotonic()
            self.sampling = asyncio.create_task(self._sample())

    async def last_sample(self) -> None:
        """Fetch the statistics once more, at the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SAMPLE_SECONDS):
                await self._sample()

    async def _sample(self) -> None:
        try:
            self.statistics = await self._server.statistics.remote()
        except RayError:
            self.statistics = None  # a server that is being restarted has none
        finally:
            self.sampling = None
