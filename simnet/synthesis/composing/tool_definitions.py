"""Definitions of tools as JSON: name, description, parameters as a JSON schema."""

import json
import re
from collections.abc import Mapping
from typing import Any

from simnet.errors import SimnetError
from simnet.inference.model import Completion
from simnet.inference.replies.refusals import opens_with_refusal
from simnet.inference.replies.reply_text import unwrapped
from simnet.inference.replies.usable_reply import (
    CUT_OFF,
    EMPTY,
    INVALID,
    REFUSED,
    UnusableReplyError,
    without_its_reasoning,
)

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
"""Types of JSON schema."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_TEXT = r"[A-Za-z0-9][A-Za-z0-9 ,.()/-]{9,140}"
_PARAMETER = (
    r'"[a-z][a-z_]{1,23}": \{"type": "(?:string|number|integer|boolean)", "description": "'
    rf'{_TEXT}"\}}'
)
PATTERN = (
    rf'\{{"name": "[a-z][a-z_]{{2,39}}", "description": "{_TEXT}", "parameters": '
    rf'\{{"type": "object", "properties": \{{{_PARAMETER}(?:, {_PARAMETER}){{0,3}}\}}\}}\}}'
)
"""What constrained backends generate; other backends may write any valid definition."""


class ToolError(SimnetError):
    """A text that defines no tool, and why."""


def read_tool(completion: Completion) -> str:
    """Return the definition in a reply as one line of JSON. Raises UnusableReplyError."""
    completion = without_its_reasoning(completion, "the model")
    text = unwrapped(completion.text)
    if not text:
        raise UnusableReplyError("the reply is empty", EMPTY)
    try:
        return json.dumps(tool(text), ensure_ascii=False)
    except ToolError as error:
        if completion.finish == "length":
            kind = CUT_OFF
        else:
            kind = REFUSED if opens_with_refusal(text) else INVALID
        raise UnusableReplyError(
            f"no definition of a tool: {error}: {text[:200]!r}", kind
        ) from None


def tool(text: str) -> dict[str, Any]:
    """Parse and check the definition of a tool; text around the JSON object is left out.

    A definition that is wrapped as in OpenAI's API (`{"type": "function", "function": ...}`) is
    taken out. Raises ToolError, which says what is wrong.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ToolError("there is no JSON object")
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError) as error:
        raise ToolError(f"it is no JSON ({error})") from None
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict):
        raise ToolError("it is no JSON object")
    name, description, parameters = (
        value.get(key) for key in ("name", "description", "parameters")
    )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ToolError(f"name is {name!r}; it has to be letters, digits, `_`, `-` and `.`")
    if not isinstance(description, str) or not description.strip():
        raise ToolError("description has to be a text")
    _check_object("parameters", parameters)
    return {"name": name, "description": description.strip(), "parameters": parameters}


def _check_object(where: str, schema: Any) -> None:
    """Raise ToolError unless a value is the JSON schema of an object."""
    if not isinstance(schema, Mapping):
        raise ToolError(f"{where} has to be an object of JSON schema")
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, Mapping):
        raise ToolError(f'{where} has to have "type": "object" and "properties"')
    for name, inner in properties.items():
        _check_type(f"{where}.properties.{name}", inner)
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(one in properties for one in required):
        raise ToolError(f"{where}.required has to be a list of names in properties")


def _check_type(where: str, schema: Any) -> None:
    """Raise ToolError unless a value is the JSON schema of a parameter."""
    if not isinstance(schema, Mapping):
        raise ToolError(f"{where} has to be an object of JSON schema")
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "enum" in schema or "anyOf" in schema or "const" in schema:
        kinds = [one for one in kinds if one is not None]
    elif not kinds:
        raise ToolError(f"{where} has no type")
    if not all(isinstance(one, str) and one in TYPES for one in kinds):
        raise ToolError(f"{where} is of type {kind!r}; there are {', '.join(sorted(TYPES))}")
    if kind == "object" and "properties" in schema:
        _check_object(where, schema)
