"""Parses JSON and Python literals inside of free text; no text makes it raise."""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TOOL_TAG = re.compile(
    r"</?(?:tool_calls?|function_calls?|tools?|tool_use|action|actions|json)>|\[/?TOOL_CALLS\]"
    r"|<\|(?:python_tag|tool_call_begin|tool_call_end|plugin|action_start|action_end)\|>",
    re.IGNORECASE,
)
LONGEST = 20_000
"""Characters of a structure that is parsed."""
_MOST = 64
"""Brackets at which a structure may begin that are tried."""


def structures(text: str) -> list[Any]:
    """List the JSON objects, and lists of them, that a text has; Python's spelling counts too."""
    text = _TOOL_TAG.sub(" ", text)[:LONGEST]
    found: list[Any] = []
    place = 0
    decoder = json.JSONDecoder(strict=False)
    for _ in range(_MOST):
        starts = [at for at in (text.find("{", place), text.find("[", place)) if at >= 0]
        if not starts:
            return found
        start = min(starts)
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value, place = _python_literal(text, start)
        if isinstance(value, dict) or (
            isinstance(value, list) and value and all(isinstance(one, dict | str) for one in value)
        ):
            found.append(value)
    return found


def arguments_of(text: str) -> tuple[list[Any], dict[str, Any]] | None:
    """Parse the arguments of a call as Python's literals; None if they are none."""
    with _no_literal():
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or any(one.arg is None for one in call.keywords):
            return None
        named = {str(one.arg).casefold(): ast.literal_eval(one.value) for one in call.keywords}
        return [ast.literal_eval(one) for one in call.args], named
    return None


def _python_literal(text: str, start: int) -> tuple[Any, int]:
    """Parse an object in Python's spelling; the place where reading goes on comes second."""
    for end in _ends(text, start):
        with _no_literal():
            return ast.literal_eval(text[start:end]), end
    return None, start + 1


def _ends(text: str, start: int) -> Iterator[int]:
    """Yield where the brackets that open at `start` are closed; strings are not looked into."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "{[") - (text[place] in "}]")
        if depth == 0:
            yield place + 1
            return


@contextmanager
def _no_literal() -> Iterator[None]:
    """Pass over what the parser raises, and its warnings, for a text that is no literal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        pass
