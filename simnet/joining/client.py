"""The client of the join protocol: takes one handle of a run and exchanges messages with it."""

import asyncio
from contextlib import suppress
from typing import Any, Self

from simnet.joining.protocol import (
    HOST,
    LONGEST_VIEW,
    VERSION,
    Address,
    ProtocolError,
    decoded,
    encoded,
)


class JoinClient:
    """A connection that holds one handle."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, joined: dict[str, Any]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.joined = joined
        """The message with which the run let this client join."""

    @classmethod
    async def open(cls, address: Address, handle: str) -> Self:
        """Connect and take a handle.

        Raises ProtocolError if the run refuses, OSError if nobody listens at the address.
        """
        reader, writer = await asyncio.open_connection(HOST, address.port, limit=LONGEST_VIEW)
        client = cls(reader, writer, {})
        try:
            client._send(
                {"type": "join", "version": VERSION, "token": address.token, "handle": handle}
            )
            client.joined = _checked(await client.receive())
        except BaseException:
            writer.close()
            raise
        return client

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message, None once the connection has ended. Raises ProtocolError."""
        try:
            return decoded(await self._reader.readuntil(b"\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except asyncio.LimitOverrunError:
            raise ProtocolError("malformed", "the run sent a line that is too long") from None

    def act(self, turn: int, text: str) -> None:
        """Send what was typed in a turn: an action a line, or a control word."""
        self._send({"type": "act", "turn": turn, "text": text})

    async def close(self, *, leaves: bool = False) -> None:
        """End the connection; who `leaves` gives the handle back and is not waited for."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2.0):
                if leaves:
                    self._send({"type": "leave"})
                    await self._writer.drain()
                self._writer.close()
                await self._writer.wait_closed()

    def _send(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(encoded(message))


def _checked(answer: dict[str, Any] | None) -> dict[str, Any]:
    """Return the answer to `join`. Raises ProtocolError or OSError unless the client joined."""
    if answer is None or answer["type"] == "ended":
        raise ConnectionResetError("the run closed the connection")
    if answer["type"] != "joined":
        raise ProtocolError(str(answer.get("code")), str(answer.get("why")))
    return answer
