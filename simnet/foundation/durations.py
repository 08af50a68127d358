"""Durations that a user gives as an option."""

from simnet.clock import Seconds, parse_duration
from simnet.errors import UsageError


def option_seconds(option: str, value: str | float, *, above_zero: bool = False) -> Seconds:
    """Read the value of an option: a number of seconds, or a text such as `10m`.

    Raises UsageError, which names the option, unless it is 0 or more; with `above_zero` more.
    """
    try:
        seconds = float(value) if isinstance(value, int | float) else parse_duration(value)
    except ValueError as error:
        raise UsageError(f"{option} {value}: {error}") from error
    if not seconds >= 0 or (above_zero and not seconds):
        least = " above 0" if above_zero else ""
        raise UsageError(f"{option} {value}: give a time{least}, such as 90s")
    return seconds
