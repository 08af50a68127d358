"""The terminal of a person who takes the turns of a persona: plain lines, on pipes as well."""

import asyncio
import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from simnet.foundation.text import visible

if TYPE_CHECKING:
    from simnet.joining.client import JoinClient

COUNTDOWN = (60, 30, 10)
"""Seconds left at which a terminal is told how long there is to answer."""
_CONTROLS = (
    "pass: do nothing; skip: let the persona answer this turn; leave: let it answer from now on; "
    "help: this list"
)
_END = object()


class TypedLines:
    """Lines from standard input, read by a thread, so that waiting for them stops nothing."""

    def __init__(self) -> None:
        self.terminal = sys.stdin.isatty() and sys.stdout.isatty()
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[object] = asyncio.Queue()
        self._wanted = threading.Semaphore(0)
        self._asked = False
        self._rest = b""
        threading.Thread(target=self._read, daemon=True).start()

    async def next(self) -> str | None:
        """Return the next line, None at the end. A line is read only once it is wanted."""
        if not self._asked:
            self._asked = True
            self._wanted.release()
        line = await self._lines.get()
        self._asked = False
        return line if isinstance(line, str) else None

    def _read(self) -> None:
        while True:
            self._wanted.acquire()
            line = self._line()
            if self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(self._lines.put_nowait, _END if line is None else line)

    def _line(self) -> str | None:
        try:
            number = sys.stdin.fileno()
        except (io.UnsupportedOperation, AttributeError, ValueError):
            return sys.stdin.readline().rstrip("\r\n") or None  # no file: it never blocks
        # Not through sys.stdin: a thread that waits in it stops the interpreter from ending.
        while b"\n" not in self._rest:
            piece = os.read(number, 65_536)
            if not piece:
                whole, self._rest = self._rest, b""
                return whole.decode("utf-8", "replace") if whole else None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


class Seat:
    """What a person at a terminal sees and types."""

    def __init__(self, lines: TypedLines) -> None:
        self._lines = lines
        self._view: dict[str, Any] | None = None
        """The turn that waits for an answer."""
        self._sent = False
        """Whether an answer to it is on its way."""
        self._ends = 0.0
        self._typed: list[str] = []
        self._about = ""
        self._help = _CONTROLS

    async def play(self, client: "JoinClient") -> bool:
        """Show views and send what is typed; False if the connection was lost.

        Returns once the run has ended or the person has left. When this is cancelled, the person
        leaves.
        """
        _say(
            f"you are @{client.joined['handle']} in {client.joined['run']}; `help` lists what you "
            "can type"
        )
        leaves = True
        received = asyncio.create_task(client.receive())
        typed: asyncio.Task[str | None] | None = None
        try:
            while True:
                if typed is None and (self._answers or self._lines.terminal):
                    typed = asyncio.create_task(self._lines.next())
                waiting: set[asyncio.Task[Any]] = {received, *([typed] if typed else [])}
                done, _ = await asyncio.wait(
                    waiting, timeout=self._pause(), return_when=asyncio.FIRST_COMPLETED
                )
                if received in done:
                    message = received.result()
                    leaves = message is not None and message["type"] != "ended"
                    if message is None:
                        self._view = None
                        return False
                    if not self._show(message):
                        return True
                    received = asyncio.create_task(client.receive())
                if typed in done:
                    line, typed = typed.result() if typed else None, None
                    if not self._take(client, line):
                        _say("you left; the persona answers from now on")
                        return True
        finally:
            received.cancel()
            if typed is not None:
                typed.cancel()
            await client.close(leaves=leaves)

    @property
    def _answers(self) -> bool:
        """Whether a turn waits for what is typed."""
        return self._view is not None and not self._sent

    def _show(self, message: dict[str, Any]) -> bool:
        """Print a message of the run; False if it is the last."""
        self._sent = False
        match message["type"]:
            case "view":
                self._open(message)
            case "refused":
                _say(f"not done: {message['why']}")
                self._prompt()
            case "taken":
                self._view = None
                _say("done")
            case "over":
                self._view = None
                _say(f"{message['why']}")
            case "ended" | "error":
                _say(str(message["why"]))
                return False
        return True

    def _open(self, view: dict[str, Any]) -> None:
        self._view, self._typed = view, []
        self._ends = asyncio.get_running_loop().time() + view["seconds"]
        if view["about"] != self._about:
            self._about = view["about"]
            _say("", *self._about.splitlines())
        self._help = f"{view['rules']}\n{_CONTROLS}"
        _say(
            "",
            f"turn {view['turn']} at {view['when']}; {view['seconds']:.0f} s to answer",
            *view["memories"],
            *view["lines"],
        )
        if view["acts"] > 1:
            _say(f"give up to {view['acts']} actions, one a line; an empty line ends them")
        self._prompt()

    def _take(self, client: "JoinClient", line: str | None) -> bool:
        """Take a typed line; False if the person leaves."""
        view = self._view
        word = "" if line is None else line.strip().casefold()
        verbs = [] if view is None else [verb["verb"] for verb in view["verbs"]]
        if line is None or word == "/leave" or (word == "leave" and word not in verbs):
            return False
        if word == "/help" or (word == "help" and word not in verbs):
            _say(*self._help.splitlines())
            self._prompt()
        elif view is None or self._sent:
            if word:
                _say("no turn waits for you; the next one is shown when it comes")
        else:
            self._answer(client, view, line.strip())
        return True

    def _answer(self, client: "JoinClient", view: dict[str, Any], line: str) -> None:
        """Send a line, or keep it until all actions of a turn are there."""
        control = line.casefold().removeprefix("/") in view["controls"]
        if line:
            self._typed.append(line)
        whole = not line or control or len(self._typed) >= view["acts"]
        if self._typed and whole:
            client.act(view["turn"], "\n".join(self._typed))
            self._typed, self._sent = [], True
        else:
            self._prompt()

    def _pause(self) -> float | None:
        """Return the seconds until the countdown says something; says it if it is time."""
        if self._view is None or not self._lines.terminal:
            return None
        left = self._ends - asyncio.get_running_loop().time()
        shown = self._view.setdefault("shown", [mark for mark in COUNTDOWN if mark >= left])
        for mark in COUNTDOWN:
            if left <= mark and mark not in shown:
                shown.append(mark)
                _say("", f"{mark} s left")
                self._prompt()
        return next((left - mark for mark in COUNTDOWN if mark < left), None)

    def _prompt(self) -> None:
        if self._lines.terminal and self._view is not None:
            sys.stdout.write("> ")
            sys.stdout.flush()


def _say(*lines: str) -> None:
    """Print lines; what could steer the terminal is shown as escapes."""
    sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    sys.stdout.flush()
