"""Plays several units of a study at once in this process, on the same engines."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from simnet.errors import SimnetError
from simnet.runs.blocking import blocking
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.runtime_of_plan import on_ray
from simnet.runs.watching.stop_signals import STOP_SIGNALS
from simnet.studies.running.parallel import Ended, Play
from simnet.studies.running.study_folder import StudyFolder
from simnet.studies.running.unit_run import StoppedError, complete
from simnet.studies.study import Unit

if TYPE_CHECKING:
    from simnet.runtime.ray.engines.shared_engines import SharedEngines

MOST_SIGNALS = 2
"""Signals after which runs still end in good order."""


def side_by_side(count: int) -> Play:
    """Return a function that plays so many units at once.

    Runs on Ray share one connection and their engines, which are started once. After SIGINT or
    SIGTERM each run stops in good order, and StoppedError is raised.
    """
    return partial(_side_by_side, count)


def _side_by_side(
    count: int, folder: StudyFolder, units: Sequence[Unit], options: RunOptions, ended: Ended
) -> None:
    blocking(_SideBySide(folder, units, options, ended).play)(count)


class _SideBySide:
    """The units that wait, and what those under way share."""

    def __init__(
        self, folder: StudyFolder, units: Sequence[Unit], options: RunOptions, ended: Ended
    ) -> None:
        self._folder = folder
        self._waiting = deque(units)
        self._options = options
        self._ended = ended
        self._stopped: StoppedError | None = None
        self._signals = 0
        self._measuring = asyncio.Lock()
        self._open = AsyncExitStack()
        self._engines: SharedEngines | None = None

    async def play(self, count: int) -> None:
        """Play all units, `count` at once. Raises StoppedError after a signal."""
        with STOP_SIGNALS.listening(self._on_signal):
            await self._play_all(count)
        if self._stopped is not None:
            raise self._stopped

    def _on_signal(self, number: signal.Signals) -> None:
        """Begin no more; runs hear of the signal themselves. The third ends this process."""
        self._stopped = StoppedError(number)
        self._signals += 1
        if self._signals > MOST_SIGNALS:  # after the runs, which may end Ray
            asyncio.get_running_loop().call_soon(os._exit, self._stopped.exit_code)

    async def _play_all(self, count: int) -> None:
        async with self._open:
            workers = [asyncio.ensure_future(self._work()) for _ in range(count)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        while self._waiting and self._stopped is None:
            unit = self._waiting.popleft()
            try:
                await self._play(unit)
            except StoppedError as error:
                self._stopped = error
            except SimnetError as error:
                self._ended(unit, error)
            else:
                self._ended(unit, None)

    async def _play(self, unit: Unit) -> None:
        run = await complete(self._folder, unit, self._options, self._sharing)
        async with self._measuring:  # functions of the user need not bear two threads
            if self._folder.unmeasured(run):
                await asyncio.to_thread(self._folder.measure, run)

    def _sharing(self, plan: RunPlan) -> RunPlan:
        return replace(plan, engines=self._shared(plan)) if on_ray(plan) else plan

    def _shared(self, plan: RunPlan) -> "SharedEngines":
        """Return the engines of all runs, which end with the last."""
        if self._engines is None:
            from simnet.runtime.ray.engines.shared_engines import (  # noqa: PLC0415  (slow)
                SharedEngines,
            )

            self._engines = SharedEngines(
                self._folder.path, address=plan.address, wishes=plan.wishes
            )
            self._open.push_async_exit(self._engines)
        return self._engines
