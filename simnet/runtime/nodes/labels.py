"""Labels of a cluster's nodes, by which users say where agents and engines may be.

The notation is that of Ray's label selectors: `key=value`, `key=!value`, `key=in(a,b)` and
`key=!in(a,b)`. Several conditions, with commas between them, have to hold together.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

from simnet.errors import UsageError

Labels: TypeAlias = Mapping[str, str]
"""Labels of a node, or the conditions on them, by their keys."""
_WORD = r"[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_WORD}")
_CONDITION = re.compile(rf"!?(?:{_WORD}|in\({_WORD}(?:,{_WORD})*\))")
_COMMA = re.compile(r",(?![^(]*\))")


def read_labels(text: str | Labels | None, option: str) -> dict[str, str]:
    """Read conditions on labels. Raises UsageError, naming the option, if they cannot be."""
    if not text:
        return {}
    parts = (
        [part.partition("=")[::2] for part in _COMMA.split(text)]
        if isinstance(text, str)
        else list(text.items())
    )
    conditions: dict[str, str] = {}
    for key, condition in ((key.strip(), condition.strip()) for key, condition in parts):
        if not (_KEY.fullmatch(key) and _CONDITION.fullmatch(condition)) or key in conditions:
            raise UsageError(
                f"{option} {text}: give a label of nodes as KEY=VALUE, such as pool=cpu (also "
                "KEY=!VALUE and KEY=in(A,B), several with commas, each key once)"
            )
        conditions[key] = condition
    return conditions


def has_labels(labels: Labels, conditions: Labels) -> bool:
    """Tell whether labels of a node fulfil all conditions, as Ray decides it."""
    return all(_holds(labels.get(key), condition) for key, condition in conditions.items())


def _holds(value: str | None, condition: str) -> bool:
    negated, wanted = condition.startswith("!"), condition.removeprefix("!")
    among = wanted[3:-1].split(",") if wanted.startswith("in(") else [wanted]
    return (value in among) != negated


def write_labels(conditions: Labels) -> str:
    """Write conditions as `read_labels` reads them."""
    return ",".join(f"{key}={condition}" for key, condition in conditions.items())
