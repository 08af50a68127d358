"""Computes how long to wait before a prompt is sent to an endpoint again."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from simnet import draws
from simnet.inference.endpoints.endpoint_errors import limit_headers, of_a_day, words

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
"""Bounds of the exponential back-off between two tries of a prompt, wall seconds."""
LONG = 60.0
"""Wall seconds. A longer demand holds for all prompts, since it is about a quota of the account."""
MOST = 25 * 3600.0
"""Longest demand that a run waits out, wall seconds: a quota of a day, and an hour to spare."""
NEXT_DAY_TRY = 900.0
"""Wall seconds until the next try where a quota of a day is used up and no time is told."""
_AGAIN_IN = re.compile(
    r"(?:try again|retry) (?:in|after)\s*(?:(?P<hours>\d+)\s?h(?:ours?|rs?)?\s?(?=\d))?"
    r"(?:(?P<minutes>\d+)\s?m(?:in\w*)?\s?(?=\d))?"
    r"(?P<number>\d+(?:\.\d+)?)\s?"
    r"(?P<unit>ms|milliseconds?|s|sec\w*|m|min\w*|h|hours?|d|days?)\b",
    re.IGNORECASE,
)
"""The wait in the words of an answer: `try again in 1h2m3.5s`, `retry after 20 seconds`."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SINCE_1970 = 1e9
"""Numbers above it are times and not durations, in seconds; 1000 times that in milliseconds."""


def pause(fault: Any, attempt: int, seed: int) -> float:
    """Compute the seconds until the next try, jittered by the prompt's seed.

    That is what the answer says, or exponential back-off. `attempt` counts from 1.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    jittered = longest * (0.5 + draws.unit(seed, attempt - 1) / 2)
    told = demanded(fault)
    return jittered if told is None else min(MOST, told) + jittered / 4


def demanded(fault: Any) -> float | None:
    """Return the wait that an answer demands, in its headers or else in its words."""
    response = getattr(fault, "response", None)
    if response is None:
        return None
    for told in (_of_headers(response.headers), _of_words(words(fault)), _of_limits(fault)):
        if told is not None:
            return told
    return NEXT_DAY_TRY if fault.status_code == 429 and of_a_day(fault) else None


def _of_headers(headers: Mapping[str, str]) -> float | None:
    """Read the header `retry-after-ms`, or `Retry-After`, which has seconds or a date."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return max(0.0, seconds)
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - _sent_at(headers)).total_seconds())
    return None


def _sent_at(headers: Mapping[str, str]) -> datetime:
    """Return when an answer was sent, by the clock that its dates are of."""
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(headers.get("date", ""))
    return datetime.now(UTC)


def _of_words(text: str) -> float | None:
    found = _AGAIN_IN.search(text)
    if found is None:
        return None
    number, unit = float(found["number"]), found["unit"].lower()
    seconds = number / 1000 if unit.startswith(("ms", "milli")) else number * _UNITS[unit[0]]
    return 3600 * float(found["hours"] or 0) + 60 * float(found["minutes"] or 0) + seconds


def _of_limits(fault: Any) -> float | None:
    """Read `X-RateLimit-Reset` where nothing is left: a time since 1970, or a duration."""
    headers = limit_headers(fault)
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None or _number(headers.get("x-ratelimit-remaining")) != 0:
        return None
    if reset > 1000 * _SINCE_1970:
        reset /= 1000
    if reset > _SINCE_1970:
        reset -= _sent_at(fault.response.headers).timestamp()
    return max(0.0, reset)


def _number(text: str | None) -> float | None:
    with suppress(ValueError, TypeError):
        number = float(text or "")
        return number if isfinite(number) else None
    return None
