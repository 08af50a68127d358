"""An event loop whose clock jumps to whatever comes next: hours pass in no time, in order."""

import asyncio
import selectors


class DeadlockError(BaseException):
    """Nothing will ever happen again."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never sleeps. What it runs, and in which order, depends on nothing outside of it."""

    def __init__(self):
        self._now = 0.0
        super().__init__(_Jumping(self))

    def time(self):
        return self._now

    def jump(self, seconds):
        self._now += seconds

    def run_in_executor(self, executor, func, *args):
        """Call a function here and now: no other thread decides when it has ended."""
        ended = self.create_future()
        try:
            ended.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is passed on
            ended.set_exception(error)
        return ended


def run_virtually(main):
    """Run a coroutine in an event loop whose clock jumps to the next timer."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if timeout is None:
            raise DeadlockError
        self._loop.jump(max(1e-6, timeout))  # as time does while something is computed
        return []


def run(coroutine):
    """Run a coroutine as asyncio.run does, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
