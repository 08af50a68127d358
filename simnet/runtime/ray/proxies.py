"""Proxies through which one actor calls another: a model, agents, the record."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import ActorDiedError as RayActorDiedError
from ray.exceptions import (
    ActorUnavailableError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)

from simnet.errors import ActorDiedError, ModelGoneError, RunError, SimnetError
from simnet.foundation.text import counted
from simnet.inference.model import Completion, Prompt

GONE = (RayActorError, OutOfMemoryError, ObjectLostError)
"""What Ray raises when the process of an actor has ended, or its node with a reply on it."""
_USED = re.compile(r"was (\S+) used / (\S+) limit")
"""The memory in Ray's message: used, and all there is."""


class RemoteServer:
    """Proxy of a model server in another actor, which may die and be restarted."""

    def __init__(
        self, server: ActorHandle, *, blocks: bool = False, client: str | None = None
    ) -> None:
        """Take the actor; `blocks`: calls may block this process, which has nothing else to do.

        `client` is what a server that several runs share calls this one.
        """
        self._server = server
        self._blocks = blocks
        self._client = () if client is None else (client,)

    async def ask(self, prompts: Sequence[Prompt]) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Send prompts and yield completions. Raises ModelGoneError if the server dies."""
        try:
            if len(prompts) == 1:  # nothing to stream, and a plain call costs half
                whole = self._server.complete.remote(prompts, *self._client)
                yield ray.get(whole) if self._blocks else await _awaited(whole)
                return
            async for finished in _stream(self._server.generate, prompts, *self._client):
                yield finished
        except GONE as error:
            raise ModelGoneError(f"the server died: {error}", "server died") from error
        except RayTaskError as error:
            raise raised(error) from error

    async def back(self) -> None:
        """Return when the next server is up. Raises ActorDiedError when there is none."""
        with unwrapped():
            await self._server.ready.options(max_task_retries=-1).remote()


async def _awaited(reference: Any) -> Any:
    """Await a reference; if this is cancelled, the call in the other process is too."""
    try:
        return await reference
    except asyncio.CancelledError:
        ray.cancel(reference)
        raise


class RemoteModel:
    """Proxy of a model in another actor. If that is restarted, open prompts are sent again."""

    def __init__(self, server: RemoteServer, name: str) -> None:
        self._server = server
        self.name = name

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Send prompts to the server and yield completions, each position once.

        If the server dies, wait for the next one and send the prompts without a completion
        unchanged and in order. Raises RunError if the server is not restarted.
        """
        left = dict(enumerate(prompts))
        while left:
            positions = list(left)
            try:
                async for finished in self._server.ask(list(left.values())):
                    new = [(positions[at], done) for at, done in finished]
                    for position, _ in new:
                        del left[position]
                    yield new
            except ModelGoneError:
                await self._server.back()
            else:
                if left:
                    raise RunError(
                        f"the model {self.name!r} left {counted(len(left), 'prompt')} unanswered"
                    )

    async def close(self) -> None:
        """Do nothing: the cluster closes the server."""


async def stream(method: Any, *arguments: object) -> AsyncIterator[Any]:
    """Call a generator method of an actor and yield its items; raises as `unwrapped` does."""
    with unwrapped():
        async for item in _stream(method, *arguments):
            yield item


async def _stream(method: Any, *arguments: object) -> AsyncIterator[Any]:
    async for reference in method.options(num_returns="streaming").remote(*arguments):
        yield await reference


class unwrapped:  # noqa: N801  (reads as a statement: with unwrapped())
    """Raises what the other process raised, or ActorDiedError if that process has ended."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RayActorDiedError) and error.actor_init_failed:
            raise RunError(f"an actor cannot be made: {_last_line(error)}") from error
        if isinstance(error, GONE):
            raise ActorDiedError(f"an actor died: {_death(error)}") from error
        if isinstance(error, RayTaskError):
            raise raised(error) from error


def _last_line(error: BaseException) -> str:
    """Return the end of a traceback: the type of the error in the other process and its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _death(error: BaseException) -> str:
    """Return a line that says which actor ended and why, taken from Ray's message."""
    if isinstance(error, OutOfMemoryError):
        return shortage(error)
    if isinstance(error, ObjectLostError):
        return "what it replied was on a node that is lost"
    if isinstance(error, ActorUnavailableError):
        return "it cannot be reached, since its process ended or its node is lost"
    lines = [line.strip() for line in str(error).splitlines()]
    names = [line for line in lines if line.startswith("class_name: ")]
    causes = [line for line in lines if line.startswith("The actor died because")]
    return ": ".join([*(name.removeprefix("class_name: ") for name in names), *causes, *lines][:2])


def shortage(error: BaseException) -> str:
    """Say that Ray ended a process because memory was short, and what to do."""
    used = _USED.search(str(error))
    figures = f" ({used[1]} of {used[2]} used)" if used else ""
    return (
        f"Ray ended it because its machine is short of memory{figures}; put more personas into an "
        "actor (--personas-per-actor), or end other programs"
    )


def raised(error: RayTaskError) -> SimnetError:
    """Return the error of another process; its traceback stays with the cause."""
    cause = error.cause
    if isinstance(cause, SimnetError):
        return cause
    notes = "".join(f" ({note})" for note in getattr(cause, "__notes__", ()))
    return RunError(f"{type(cause).__name__}: {cause}{notes}")
