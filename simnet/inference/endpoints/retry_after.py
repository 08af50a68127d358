"""Computes how long to wait before a prompt is sent to an endpoint again."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from simnet import draws
from simnet.inference.endpoints.endpoint_errors import words

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
"""Bounds of the exponential back-off between two tries of a prompt, wall seconds."""
_AGAIN_IN = re.compile(
    r"(?:try again|retry) (?:in|after)\s*(?:(?P<minutes>\d+)\s?m(?:in\w*)?\s?(?=\d))?"
    r"(?P<number>\d+(?:\.\d+)?)\s?(?P<unit>ms|milliseconds?|s|sec\w*|m|min\w*)\b",
    re.IGNORECASE,
)
"""The wait in the words of an answer: `try again in 1m2.5s`, `retry after 20 seconds`."""


def pause(fault: Any, attempt: int, seed: int) -> float:
    """Compute the seconds until the next try, jittered by the prompt's seed.

    That is what the answer says, or exponential back-off. `attempt` counts from 1.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    jittered = longest * (0.5 + draws.unit(seed, attempt - 1) / 2)
    demanded = _demanded(fault)
    return jittered if demanded is None else min(_LONGEST_WAIT, demanded) + jittered / 4


def _demanded(fault: Any) -> float | None:
    """Return the wait that an answer demands, in its headers or else in its words."""
    response = getattr(fault, "response", None)
    if response is None:
        return None
    told = _of_headers(response.headers)
    return _of_words(words(fault)) if told is None else told


def _of_headers(headers: Mapping[str, str]) -> float | None:
    """Read the header `retry-after-ms`, or `Retry-After`, which has seconds or a date."""
    with suppress(ValueError):
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    value = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None


def _of_words(text: str) -> float | None:
    found = _AGAIN_IN.search(text)
    if found is None:
        return None
    number, unit = float(found["number"]), found["unit"].lower()
    if unit.startswith(("ms", "milli")):
        number /= 1000
    elif unit.startswith("m"):
        number *= 60
    return 60 * float(found["minutes"] or 0) + number
