"""Simulated time: a float, seconds since the scenario began, in whole microseconds.

Every moment that the kernel makes is rounded to the nearest microsecond, so a difference in the
last bit of a delay is no difference in time.
"""

import re
from typing import TypeAlias

Seconds: TypeAlias = float

SECOND: Seconds = 1.0
MINUTE: Seconds = 60.0
HOUR: Seconds = 60 * MINUTE
DAY: Seconds = 24 * HOUR

TICKS = 1_000_000
"""Steps of simulated time in a second."""
_MOST_TICKS = 2.0**53

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_TERM = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def parse_duration(text: str) -> Seconds:
    """Read a duration such as `90s`, `6h` or `1d12h`; a bare number counts seconds.

    Raises ValueError, naming the accepted forms, for anything else.
    """
    terms = _TERM.findall(text)
    if terms and "".join(number + unit for number, unit in terms) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in terms)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        message = f"{text!r} is not a duration; write 90s, 30m, 6h, 2d or 1d12h"
        raise ValueError(message)
    return seconds


def rounded(at: Seconds) -> Seconds:
    """Round a moment to the nearest microsecond.

    The result is the float nearest to that, so equal moments are equal floats. Moments after 285
    years, infinity and NaN are returned as they are.
    """
    ticks = at * TICKS
    return round(ticks) / TICKS if ticks < _MOST_TICKS else at


def format_time(at: Seconds) -> str:
    """Format a moment as `1d 06:30:00`; on the first day without the days."""
    whole = int(at)
    days, rest = divmod(whole, int(DAY))
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def format_age(age: Seconds) -> str:
    """Format an age in its largest unit, as feeds do: `5m`, `3h`, `2d`."""
    if age >= DAY:
        return f"{int(age // DAY)}d"
    if age >= HOUR:
        return f"{int(age // HOUR)}h"
    if age >= MINUTE:
        return f"{int(age // MINUTE)}m"
    return f"{int(age)}s"
