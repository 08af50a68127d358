"""Finds in the attributes of personas how often they are active, hour by hour of the day."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from simnet.personas.persona import Attribute
from simnet.personas.sources.columns.fields import FieldError, listing

HOURS = 24
_RATES = ("posts_per_hour", "comments_per_hour")
_COLUMNS = (
    *("active_hours", *_RATES, "activity_level", "active_threshold", "activity_level_frequency"),
    "daily_activity_level",
)
LEVELS: Mapping[str, float] = {"low": 0.2, "medium": 0.5, "normal": 0.5, "high": 0.8}
"""What words for a level of activity stand for, on a scale from 0 to 1."""


class Activity(NamedTuple):
    """How often somebody is active in each hour of the day from midnight on."""

    hours: tuple[float, ...]
    """24 numbers of times an hour; or weights, if `relative`."""
    relative: bool = False
    """Whether the numbers only compare: those of one hour with another, of one persona with
    another."""


def activity_of(attributes: Mapping[str, Attribute]) -> Activity | None:
    """Read how often somebody is active; None if no attribute says so.

    - `active_hours` with `posts_per_hour` and `comments_per_hour` (MiroFish): their sum in each
      active hour. Without rates, `activity_level` (0 to 1) is the chance of being active in such
      an hour. Without hours, every hour is one.
    - `active_threshold` (OASIS): the chance of being active in each of 24 hours.
    - `activity_level_frequency` (OASIS): weights of 24 hours, which OASIS scales too.
    - `daily_activity_level` (YSimulator): times a day, at any hour.

    Raises FieldError for values that are no such numbers.
    """
    given = {name: attributes[name] for name in _COLUMNS if attributes.get(name) not in (None, "")}
    if not given:
        return None
    if "active_threshold" in given:
        return Activity(_weights(given, "active_threshold"))
    if "activity_level_frequency" in given:
        return Activity(_weights(given, "activity_level_frequency"), relative=True)
    if "daily_activity_level" in given:
        return Activity((_number(given, "daily_activity_level") / HOURS,) * HOURS)
    if not {"active_hours", *_RATES} & given.keys():
        return None  # a level alone may be one of sport
    if any(name in given for name in _RATES):
        rate = sum(_number(given, name) for name in _RATES if name in given)
    else:
        rate = _level(given)
    awake = _active_hours(given)
    return Activity(tuple(rate if hour in awake else 0.0 for hour in range(HOURS)))


def _level(given: Mapping[str, Attribute]) -> float:
    level = given.get("activity_level", 1.0)
    if isinstance(level, str) and level.strip().casefold() in LEVELS:
        return LEVELS[level.strip().casefold()]
    return _number({"activity_level": level}, "activity_level")


def _active_hours(given: Mapping[str, Attribute]) -> set[int]:
    if "active_hours" not in given:
        return set(range(HOURS))
    hours = listing(dict(given), "active_hours")
    bad = next((one for one in hours if not one.isdecimal() or int(one) >= HOURS), None)
    if bad is not None:
        raise FieldError("active_hours", f"{bad!r} is no hour of the day; write [8, 9, 20]")
    return {int(hour) for hour in hours}


def _weights(given: Mapping[str, Attribute], name: str) -> tuple[float, ...]:
    items = listing(dict(given), name)
    if len(items) != HOURS:
        raise FieldError(name, f"has {len(items)} numbers; give one for each of {HOURS} hours")
    return tuple(_number({name: item}, name) for item in items)


def _number(given: Mapping[str, Attribute], name: str) -> float:
    try:
        number = float(given[name])  # type: ignore[arg-type]  # whatever cannot be one is told of
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise FieldError(name, f"is {given[name]!r}, which is no number that is 0 or more")
    return number
