"""The boundary to rhythms, which users may write: what they raise or return in place of a time."""

from collections.abc import Callable
from contextlib import suppress
from math import nan
from numbers import Real
from typing import Any, TypeAlias

from simnet.clock import Seconds, rounded
from simnet.errors import UserCodeError
from simnet.foundation.user_code import mark_boundary, name_of, raised_by, shown, wrong_result

Method: TypeAlias = Callable[..., Any]
"""A method of a rhythm."""


@mark_boundary(lambda run: f"rhythm of @{run['handle']}")
def asked(
    method: Method, at: Seconds, arguments: tuple[Any, ...], cohort: str, handle: str
) -> Seconds | None:
    """Call a method of a rhythm. Raises UserCodeError unless it returns `at` or later, or None."""
    try:
        wake = method(*arguments)
    except BaseException as error:  # a rhythm may raise SystemExit too
        raise raised(method, error, cohort, handle) from error
    if type(wake) is float and wake >= at:
        return rounded(wake)
    return None if wake is None else checked_wake(method, wake, at, cohort, handle)


def checked_wake(method: Method, wake: object, at: Seconds, cohort: str, handle: str) -> Seconds:
    """Read what a rhythm returned. Raises UserCodeError unless it is a time, `at` or later."""
    number = nan
    if isinstance(wake, Real) and not isinstance(wake, bool):
        with suppress(OverflowError):
            number = float(wake)
    elif not isinstance(wake, Real):
        problem = f"returned {shown(wake)}; return a time in seconds, or None for never"
        raise wrong(method, problem, cohort, handle)
    if not number >= at:  # nor is it if it is not a number
        problem = f"gave {number:g} s at {at:g} s; a rhythm must not go back in time"
        raise wrong(method, problem, cohort, handle)
    return rounded(number)


def raised(method: Method, error: BaseException, cohort: str, handle: str) -> UserCodeError:
    """Make the error for a method that raised."""
    return raised_by("rhythm", method, error, name=_name(method), cohort=cohort, handle=handle)


def wrong(method: Method, problem: str, cohort: str, handle: str) -> UserCodeError:
    """Make the error for a method that returned what it may not."""
    return wrong_result("rhythm", method, problem, name=_name(method), cohort=cohort, handle=handle)


def _name(method: Method) -> str:
    owner = getattr(method, "__self__", None)
    return f"{type(owner).__name__}.{name_of(method)}" if owner is not None else name_of(method)
