"""Finds what a behaviour asked and did not await: a question that was never put to the model."""

import sys
from collections.abc import Coroutine
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, NamedTuple, TypeVar

from simnet.foundation.user_code import Place, is_users, wrong_result

T = TypeVar("T")


class _Asked(NamedTuple):
    """One call of `ask`, and the line that made it."""

    call: str
    coroutine: Coroutine[Any, Any, Any]
    place: Place


class Awaited:
    """The calls of `ask` in one turn."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: list[_Asked] = []

    def note(self, call: str, coroutine: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Keep a coroutine that the caller of `ask` has to await; return it."""
        frame = sys._getframe(2)  # noqa: SLF001  (a traceback does not tell who forgot to await)
        place = Place(frame.f_code.co_filename, frame.f_lineno)
        self._asked.append(_Asked(call, coroutine, place))
        return coroutine

    def check(self, behaviour: object) -> None:
        """Raise UserCodeError, naming the line, if one was never begun; none is left open."""
        forgotten = [one for one in self._asked if getcoroutinestate(one.coroutine) == CORO_CREATED]
        for one in forgotten:
            one.coroutine.close()
        if forgotten:
            call, _, place = forgotten[0]
            problem = f"calls {call} without `await`; write `await {call}`"
            at = place if is_users(place.file) else None
            raise wrong_result("behaviour", behaviour, problem, place=at)
