"""Log lines of a process that is told later, and perhaps anew, where they are written."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import RLock
from typing import Any, TypeAlias

Line: TypeAlias = tuple[str, str]
"""The name of an actor and a line of its log, which is a JSON object."""
Send: TypeAlias = Callable[[Sequence[Line]], "Future[Any]"]
"""Takes lines in order; what it returns ends once they are written, or with the reason why not."""

MOST_HELD = 2000
"""Lines that are held; of more, the oldest are dropped."""
MOST_SENT = 500
"""Lines that are sent together."""
_KEPT_FIELDS = ("timestamp", "run", "actor", "node")
"""Fields of the last line that was dropped which the note in its place has too."""


class HeldLines:
    """Holds log lines until they are written elsewhere.

    Lines are sent in order, some at a time. Those that could not be written are sent again with
    the next line, or once another destination is named: a line may be written twice, and none is
    lost unless more than `most` wait. A note in their place says how many were dropped. No failure
    is raised, because a log never ends what it describes.
    """

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._lock = RLock()  # code that logs may be run while it is held, by garbage collection
        self._held: deque[Line] = deque()
        self._under_way: list[Line] = []
        self._dropped = 0
        self._last_dropped: Line | None = None
        self._send: Send | None = None
        self._waiting: list[Future[None]] = []

    def __call__(self, actor: str, line: str) -> None:
        """Hold a line of an actor, and send it if it is known where to."""
        with self._lock:
            self._held.append((actor, line))
            self._drop()
        self._send_next()

    def send_to(self, send: Send) -> "Future[None]":
        """Name the destination of all lines from now on, those that are held first.

        The future ends when none is held any more, or when some could not be written.
        """
        done: Future[None] = Future()
        with self._lock:
            self._send = send
            self._waiting.append(done)
        self._send_next()
        return done

    def _send_next(self) -> None:
        with self._lock:
            send = self._send
            if send is None or self._under_way:
                return
            if not self._held:
                self._release()
                return
            count = min(len(self._held), MOST_SENT)
            self._under_way = [self._held.popleft() for _ in range(count)]
            dropped = self._dropped
            batch = [*self._note(), *self._under_way]
        try:
            future = send(batch)
        except Exception as error:  # noqa: BLE001  (as Ray's, after its connection has ended)
            future = Future()
            future.set_exception(error)
        future.add_done_callback(partial(self._ended, send, dropped))

    def _ended(self, send: Send, noted: int, future: "Future[Any]") -> None:
        """Go on after an attempt, in whatever thread it ended."""
        failed = future.cancelled() or future.exception() is not None
        with self._lock:
            sent, self._under_way = self._under_way, []
            if failed:
                self._held.extendleft(reversed(sent))
                self._drop()
            else:
                self._dropped -= noted
            stuck = failed and self._send is send
            if stuck:
                self._release()
        if not stuck:
            self._send_next()

    def _drop(self) -> None:
        while len(self._held) > self._most:
            self._last_dropped = self._held.popleft()
            self._dropped += 1

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if one.set_running_or_notify_cancel():
                one.set_result(None)

    def _note(self) -> list[Line]:
        """Return the line that stands for those that were dropped, if any were."""
        if self._last_dropped is None or not self._dropped:
            return []
        actor, line = self._last_dropped
        fields = json.loads(line)
        kept = {name: fields[name] for name in _KEPT_FIELDS if name in fields}
        said = {
            "level": "warning",
            "logger": "simnet.foundation.log",
            "event": "earlier lines were dropped",
        }
        return [(actor, json.dumps({**said, "count": self._dropped, **kept}, ensure_ascii=False))]
