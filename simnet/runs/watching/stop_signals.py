"""Hands the signals that stop runs to all runs that go on in this process.

An event loop has one handler for a signal, and several runs may go on in one loop.
"""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from simnet.foundation.posix import STOPPING

Callback: TypeAlias = Callable[[signal.Signals], None]


def heeded() -> list[signal.Signals]:
    """List those that are not ignored; `nohup` has SIGHUP ignored."""
    return [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]


class StopSignals:
    """The callbacks of runs by the signal that they wait for."""

    def __init__(self) -> None:
        self._callbacks: defaultdict[signal.Signals, list[Callback]] = defaultdict(list)

    def listen(self, number: signal.Signals, callback: Callback) -> None:
        """Call back on a signal, from the running loop; again if its handler was replaced.

        Raises ValueError or RuntimeError outside the main thread.
        """
        asyncio.get_running_loop().add_signal_handler(number, self._call, number)
        if callback not in self._callbacks[number]:
            self._callbacks[number].append(callback)

    def stop(self, number: signal.Signals, callback: Callback) -> None:
        """Call back no more. With the last callback the handler goes; raises as `listen` does."""
        if callback in self._callbacks[number]:
            self._callbacks[number].remove(callback)
        if not self._callbacks[number]:
            asyncio.get_running_loop().remove_signal_handler(number)

    @contextmanager
    def listening(self, callback: Callback) -> Iterator[None]:
        """Call back on all signals that are heeded; in the main thread alone."""
        numbers = heeded()
        for number in numbers:
            with suppress(ValueError, RuntimeError):
                self.listen(number, callback)
        try:
            yield
        finally:
            for number in numbers:
                with suppress(ValueError, RuntimeError):
                    self.stop(number, callback)

    def _call(self, number: signal.Signals) -> None:
        for callback in list(self._callbacks[number]):
            callback(number)


STOP_SIGNALS = StopSignals()
"""Those of this process."""
