"""Makes functions of coroutine functions, which may be called where an event loop runs already."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from functools import wraps
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from simnet.runs.caller import noted_caller

P = ParamSpec("P")
T = TypeVar("T")


def blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return a function that runs a coroutine function to its end; it may be called anywhere."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with noted_caller():
            return _run_to_end(function(*args, **kwargs))

    call.__name__ = call.__qualname__ = function.__name__.removeprefix("a")
    return call


def _run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine: here, or in a thread of its own if an event loop runs here already.

    The second is so in a notebook. An interrupt of this thread then cancels the coroutine, and
    is raised once that has ended.
    """
    if not _loop_runs_here():
        return asyncio.run(coroutine)
    result: Future[T] = Future()
    tasks: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        tasks.append((asyncio.get_running_loop(), task))
        return await coroutine

    def work() -> None:
        try:
            result.set_result(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001  (raised in the thread that waits)
            result.set_exception(error)

    thread = Thread(target=copy_context().run, args=(work,), name="simnet-run")
    thread.start()
    try:
        return result.result()
    except KeyboardInterrupt:
        for loop, task in tasks:
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
