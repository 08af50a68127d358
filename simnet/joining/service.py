"""The service of a run that people join: it listens on this machine, for who knows the token."""

import asyncio
import hmac
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from simnet.agents.person_turn import HELP, LEAVE, PersonQuestion, control_word
from simnet.errors import ModelError
from simnet.foundation import log
from simnet.joining.desk import Desk
from simnet.joining.protocol import (
    HOST,
    LONGEST_LINE,
    VERSION,
    Address,
    ProtocolError,
    decoded,
    encoded,
    new_token,
    remove_join_file,
    write_join_file,
)
from simnet.joining.views import view_message

HELLO_SECONDS = 10.0
"""Wall seconds that a connection has to send its first line."""
MOST_CONNECTIONS = 256
_LOG = log.get("simnet.joining")


class JoinService:
    """Listens for people while a run goes on. Use it as an async context manager."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._desk = desk
        self._folder = folder
        self._address = Address(0, new_token())
        self._sessions: set[_Session] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=LONGEST_LINE)
        port = self._server.sockets[0].getsockname()[1]
        self._address = self._address._replace(port=port)
        write_join_file(self._folder, self._address)
        return self

    async def __aexit__(self, *error: object) -> None:
        remove_join_file(self._folder, self._address)
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.end()
        for session in list(self._sessions):
            await session.closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self._desk, self._folder.name, self._address.token, reader, writer)
        if len(self._sessions) >= MOST_CONNECTIONS:
            session.refuse(ProtocolError("busy", "too many connections"))
            writer.close()
            return
        self._sessions.add(session)
        try:
            await session.serve()
        finally:
            self._sessions.discard(session)


class _Session:
    """One connection: whoever is at its other end may hold one handle."""

    def __init__(
        self,
        desk: Desk,
        run: str,
        token: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._desk = desk
        self._run = run
        self._token = token
        self._reader = reader
        self._writer = writer
        self._question: PersonQuestion | None = None

    def show(self, question: PersonQuestion, seconds: float) -> None:
        """Send a view."""
        self._question = question
        self._send(view_message(question, seconds))

    def over(self, turn: int, why: str) -> None:
        """Say that a turn is over without a reply."""
        self._send({"type": "over", "turn": turn, "why": why})

    def refuse(self, error: ProtocolError) -> None:
        """Say why the connection is closed."""
        self._send({"type": "error", "code": error.code, "why": str(error)})

    def end(self) -> None:
        """Say that the run has ended here, and close the connection."""
        self._send({"type": "ended", "why": "the run has ended, or was stopped"})
        self._writer.close()

    async def closed(self) -> None:
        """Wait until all that was sent is out, for a second at most."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    async def serve(self) -> None:
        """Serve the connection to its end."""
        handle, leaves = None, False
        try:
            handle = await self._join()
            leaves = await self._take_lines(handle)
        except ProtocolError as error:
            self.refuse(error)
        except (OSError, TimeoutError):
            pass  # the other end is gone, or said nothing
        finally:
            if handle is not None:
                self._desk.rise(handle, leaves=leaves)
                _LOG.info("a person left" if leaves else "a connection ended", who=handle)
            self._writer.close()

    async def _join(self) -> str:
        """Read the first line and take the handle it names."""
        async with asyncio.timeout(HELLO_SECONDS):
            message = await self._line()
        if message is None:
            raise ProtocolError("malformed", "the first line has to be `join`")
        match message:
            case {"type": "join", "token": str(token)} if hmac.compare_digest(
                token.encode("utf-8", "replace"), self._token.encode()
            ):
                pass
            case _:
                raise ProtocolError(
                    "token", "the first line has to be `join`, with the run's token"
                )
        if message.get("version") != VERSION:
            raise ProtocolError("version", f"this run has version {VERSION} of the join protocol")
        handle = message.get("handle")
        if not isinstance(handle, str):
            raise ProtocolError("handle", "`join` has no `handle`")
        self._desk.sit(handle, self)
        _LOG.info("a person joined", who=handle)
        self._send(
            {
                "type": "joined",
                "version": VERSION,
                "run": self._run,
                "handle": handle,
                "handles": list(self._desk.handles),
                "deadline": self._desk.deadline,
            }
        )
        self._desk.show_open(handle)
        return handle

    async def _take_lines(self, handle: str) -> bool:
        """Take lines until the end; True if the person leaves."""
        while (message := await self._line()) is not None:
            match message:
                case {"type": "leave"}:
                    return True
                case {"type": "act", "turn": int(turn), "text": str(text)}:
                    if self._is_control(text, LEAVE):
                        return True
                    self._act(handle, turn, text)
                case _:
                    raise ProtocolError(
                        "malformed", "give `act` with `turn` and `text`, or `leave`"
                    )
        return False

    def _is_control(self, text: str, word: str) -> bool:
        question = self._question
        return question is not None and control_word(text, question.reply_format) == word

    def _act(self, handle: str, turn: int, text: str) -> None:
        if self._question is not None and self._is_control(text, HELP):
            self._send({"type": "refused", "turn": turn, "why": self._question.reply_format.rules})
            return
        try:
            self._desk.act(handle, turn, text)
        except ModelError as error:
            self._send({"type": "refused", "turn": turn, "why": str(error)})
        else:
            self._send({"type": "taken", "turn": turn})

    async def _line(self) -> dict[str, Any] | None:
        """Read a line; None at the end of the connection."""
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            raise ProtocolError(
                "malformed", f"a line has more than {LONGEST_LINE:,} bytes"
            ) from None
        return decoded(line)

    def _send(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(encoded(message))
