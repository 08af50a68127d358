"""The actor that asks people, on the node of the driver, and the proxy by which agents reach it."""

import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ray.actor import ActorHandle

from simnet.agents.person_turn import PersonQuestion, Seats
from simnet.errors import RunError
from simnet.foundation import log
from simnet.inference.model import HUMAN, Completion, Prompt
from simnet.joining.desk import Desk, as_they_come
from simnet.joining.humans import Humans, handles_in
from simnet.joining.service import JoinService
from simnet.runtime.ray.actor_ready import Ready
from simnet.runtime.ray.proxies import unwrapped


class DeskActor:
    """Holds the desk of a run and its service."""

    def __init__(self, humans: Humans, folder: Path, logs: log.ActorLogs | None = None) -> None:
        if logs is not None:
            logs.set_up()
        self._desk = Desk(humans)
        self._service = JoinService(self._desk, folder)

    async def start(self) -> Ready:
        """Listen for people."""
        await self._service.__aenter__()
        return Ready("people", os.getpid())

    async def ask(self, question: PersonQuestion) -> Completion:
        """Ask a person; see `Desk.ask`."""
        return await self._desk.ask(question)

    async def stop(self) -> None:
        """Tell everybody that the run has ended."""
        await self._service.__aexit__()


class PeopleOfRun:
    """The people of a run on a cluster: the actor that asks them, if there are any."""

    def __init__(self, humans: Humans | None, folder: Path) -> None:
        self._humans = humans
        self._folder = folder
        self._desk: ActorHandle | None = None
        self.handles = handles_in(humans)

    async def start(self, make: Callable[..., ActorHandle]) -> None:
        """Make the actor by `make`, on the node of the driver, where people are; it listens."""
        if self._humans is not None:
            self._desk = make(DeskActor, self._humans, self._folder, name="people")
            with unwrapped():
                await self._desk.start.remote()

    def seats_of(self, handles: Iterable[str]) -> Seats | None:
        """Return which of these handles people may take; None if it is none of them."""
        taken = self.handles.intersection(handles)
        return Seats(taken, RemoteDesk(self._desk)) if taken and self._desk is not None else None

    async def stop(self) -> None:
        """Tell everybody that the run has ended."""
        if self._desk is not None:
            with suppress(RunError), unwrapped():  # it may be what died
                await self._desk.stop.remote()


class RemoteDesk:
    """The model through which agents of other processes ask people."""

    name = HUMAN

    def __init__(self, desk: ActorHandle) -> None:
        self._desk = desk

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield the reply to each prompt as it comes. Raises ActorDiedError if the desk is gone."""
        async for finished in as_they_come(self._ask, prompts):
            yield finished

    async def _ask(self, question: PersonQuestion) -> Completion:
        with unwrapped():
            reply: Completion = await self._desk.ask.remote(question)
        return reply

    async def close(self) -> None:
        """Do nothing: the cluster ends the actor."""
