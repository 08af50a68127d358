"""Which tables of a run a measure reads, as far as that shows before it is applied to one."""

import dis
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from simnet.foundation.text import did_you_mean
from simnet.recording.schema import TABLES

_READERS = frozenset({"read", "batches", "table", "slices"})
"""Methods of a Run whose first argument is the name of a table."""


def check_tables(names: tuple[str, ...], function: Callable[..., Any]) -> str | None:
    """Say what is wrong if a declared table, or one that the function names, is in no run."""
    for name in (*names, *named_tables(function)):
        if name not in TABLES:
            hint = did_you_mean(name, list(TABLES))
            return (
                f"reads the table {name!r}, which no run has{hint}; there are {', '.join(TABLES)}"
            )
    return None


def named_tables(function: Callable[..., Any]) -> Iterator[str]:
    """List the names in calls such as `run.read("events")` on the function's first argument.

    Names that are worked out, and those in functions that it calls, are not seen. Nothing is
    called.
    """
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType) and code.co_argcount:
        yield from _of(code, code.co_varnames[0])


def _of(code: CodeType, run: str) -> Iterator[str]:
    steps = [step for step in dis.get_instructions(code) if step.opname not in {"CACHE", "NOP"}]
    for loaded, method, name in zip(steps, steps[1:], steps[2:], strict=False):
        if (
            loaded.opname in {"LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_DEREF"}
            and loaded.argval == run
            and method.opname in {"LOAD_METHOD", "LOAD_ATTR"}
            and method.argval in _READERS
            and name.opname == "LOAD_CONST"
            and isinstance(name.argval, str)
        ):
            yield name.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and run in inner.co_freevars:
            yield from _of(inner, run)
