"""Reads actions that a free reply gives as JSON, as calls of functions or as tags.

Accepted are objects with the verb under a key such as `action`, objects whose key is the verb,
lists of them, `like(post=1)`, and the forms in which models call tools. Keys that are no field,
such as `reason`, are left aside.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from simnet.agents.formats.lenient_lines import NO_TARGETS, Command, LineReader, Unclear
from simnet.agents.formats.literals import LONGEST, arguments_of, structures
from simnet.agents.formats.number_fields import free_number
from simnet.agents.formats.reply_grammar import ordered_fields
from simnet.world.actions import Action, Field

_VERB_KEYS = (
    "action", "verb", "name", "function", "tool", "tool_name", "function_name", "type", "command",
    "act", "operation", "action_type", "action_name", "recipient_name",
)  # fmt: skip
_LIST_KEYS = ("actions", "commands", "tool_calls", "calls", "steps", "tool_uses")
_ARGUMENT_KEYS = (
    "arguments", "parameters", "args", "params", "input", "action_input", "kwargs", "fields",
    "data", "action_args", "tool_input",
)  # fmt: skip
_LINE_KEYS = ("answer", "reply", "response", "output", "final_answer", "result", "line", "action")
TEXT_KEYS = (
    "text", "content", "message", "body", "reply", "comment", "post", "post_text", "value",
    "answer", "response", "tweet", "note", "query", "output", "final_answer", "final", "result",
)  # fmt: skip
"""Keys under which models put a text, the usual ones first."""
_REASONING_KEYS = frozenset(
    {"thought", "thoughts", "thinking", "think", "reason", "reasoning", "rationale", "analysis",
     "explanation", "justification", "plan", "observation"}
)  # fmt: skip
_TARGET_KEYS = (
    "target", "number", "n", "id", "index", "to", "target_id", "on", "item", "value", "position",
)  # fmt: skip
_KIND_KEYS: Mapping[str, Sequence[str]] = {
    "post": ("post", "post_id", "postid", "post_number", "post_no", "tweet", "tweet_id",
             "message_id"),
    "member": ("member", "user", "user_id", "username", "who", "whom", "handle", "account",
               "person", "recipient", "post"),
    "group": ("group", "group_id", "group_name"),
    "community": ("community", "community_id", "community_name", "subreddit", "forum"),
    "int": ("value", "number", "rating", "score", "stars", "amount", "count"),
    "float": ("value", "number", "rating", "score", "opinion", "amount"),
    "choice": ("choice", "kind", "value", "reaction", "emotion", "type", "mood", "label"),
    "text": TEXT_KEYS,
}  # fmt: skip
_CALL = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\s*\((?P<arguments>.*)\)[\s.;`*]*\Z", re.DOTALL)
_FUNCTION_TAG = re.compile(
    r"<(?:function|invoke)[= ](?:name=)?[\"']?(?P<name>\w+)[\"']?>"
    r"(?P<body>.*?)</(?:function|invoke)>",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(
    r"<parameter[= ](?:name=)?[\"']?(?P<name>\w+)[\"']?>(?P<value>.*?)</parameter>",
    re.IGNORECASE | re.DOTALL,
)
_REACT = re.compile(
    r"^[\W_]{0,16}(?:action\s?:\s?)?(?P<name>\w+)[*_`]{0,4}\s{0,8}\n[\W_]{0,16}action[ _]input"
    r"[*_`]{0,4}\s?:[*_`]{0,4}\s{0,8}"
    r"(?P<arguments>\{.*\})",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_LINE_FIELD = re.compile(
    r"[\s\-*>#]{0,16}(?P<name>[A-Za-z][A-Za-z_]{0,30})[*_`\"']{0,4}\s?[:\uff1a=][*_`]{0,4}\s*"
    r"(?P<value>\S.*?)\s*"
)
"""A field on a line of its own, as in YAML: `post: 1`."""
_MOST_LINES = 12
_MOST = 64
"""Actions read from one reply."""


def begins_with_structure(text: str) -> bool:
    """Whether a reply begins with an object, a list or a tag, or calls a tool as agents do."""
    return text.lstrip()[:1] in {"{", "[", "<"} or _REACT.search(text) is not None


def commands(text: str, reader: LineReader) -> list[Command | Unclear]:
    """List the actions that a text gives as structures, in their order; none if it has no such."""
    found: list[Command | Unclear] = []
    tags = list(_FUNCTION_TAG.finditer(text))
    for tag in tags:
        arguments = {one["name"]: one["value"].strip() for one in _PARAMETER.finditer(tag["body"])}
        found += _of_call(tag["name"], arguments or tag["body"], reader)
    if tags:
        return found
    if (react := _REACT.search(text)) is not None and reader.verb_named(react["name"]):
        inputs = structures(react["arguments"])
        return _of_call(react["name"], inputs[0], reader) if inputs else []
    if "{" in text or "[" in text:
        for value in structures(text):
            found += _of(value, reader)
    return (found or _of_lines(text, reader))[:_MOST]


def _of_lines(text: str, reader: LineReader) -> list[Command | Unclear]:
    """Read one action whose verb and fields are on a line each: `action: like`, `post: 1`."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].strip().casefold() == "yaml":
        del lines[0]
    if not 1 < len(lines) <= _MOST_LINES:
        return []
    matches = [_LINE_FIELD.fullmatch(line) for line in lines]
    fields = {one["name"].casefold(): one["value"].strip("\"'`*") for one in matches if one}
    return _of(fields, reader) if len(fields) == len(lines) else []


def of_function(line: str, reader: LineReader) -> Command | Unclear | None:
    """Read a line such as `reply(1, "Sounds great!")`."""
    call = _CALL.match(line[:LONGEST].strip("`*_>- \t"))
    verb = reader.verb_named(call["name"]) if call else None
    if call is None or verb is None:
        return None
    values = arguments_of(call["arguments"])
    if values is None:
        return None
    positional, named = values
    if len(positional) == 1 and isinstance(positional[0], dict) and not named:
        return _of_fields(verb, positional[0], reader)
    fields = ordered_fields(verb)
    if len(positional) > len(fields) or not all(map(_is_plain, positional)):
        return None
    by_place = {field.name: value for field, value in zip(fields, positional, strict=False)}
    if by_place.keys() & named.keys():
        return None
    return _of_fields(verb, named | by_place, reader)


def text_in(value: Mapping[str, Any]) -> str | None:
    """Return the text of an object that stands for one; None if it has none, or several."""
    fields = {str(key).casefold(): one for key, one in value.items()}
    for inner in (*_ARGUMENT_KEYS, *TEXT_KEYS):
        if isinstance(fields.get(inner), dict):
            return text_in(fields[inner])
    texts = [fields[key] for key in TEXT_KEYS if isinstance(fields.get(key), str)]
    if not texts and len(fields) == 1 and _REASONING_KEYS.isdisjoint(fields):
        texts = [one for one in fields.values() if isinstance(one, str)]
    return texts[0] if texts else None


def _of(value: Any, reader: LineReader) -> list[Command | Unclear]:
    if isinstance(value, list):
        return [one for item in value[:_MOST] for one in _of(item, reader)]
    if isinstance(value, str):
        line = reader.at_start(value)
        return [] if line is None else [line]
    if not isinstance(value, dict):
        return []
    fields = {str(key).casefold(): one for key, one in value.items()}
    listed = next((fields[key] for key in _LIST_KEYS if isinstance(fields.get(key), list)), None)
    if listed is not None:
        return _of(listed, reader)
    return _of_verb_key(fields, reader) or _of_verb_as_key(fields, reader)


def _of_verb_key(fields: dict[str, Any], reader: LineReader) -> list[Command | Unclear]:
    """Read an object that has its verb under a key such as `action`."""
    for key in _VERB_KEYS:
        inner = fields.get(key)
        others = {name: value for name, value in fields.items() if name != key}
        if isinstance(inner, dict):
            return _of({**others, **inner}, reader)
        if isinstance(inner, str) and reader.verb_named(inner):
            return _of_call(inner, _merged(others), reader)
    return []


def _of_verb_as_key(fields: dict[str, Any], reader: LineReader) -> list[Command | Unclear]:
    """Read an object whose key is a verb, or one that has a whole line."""
    verbs = [key for key in fields if reader.verb_named(key)]
    if len(verbs) > 1:
        return [Unclear(f"the reply names several actions: {', '.join(verbs)}")]
    if verbs:
        others = {key: value for key, value in fields.items() if key != verbs[0]}
        return _of_key(verbs[0], fields[verbs[0]], others, reader)
    lines = [fields[key] for key in _LINE_KEYS if isinstance(fields.get(key), str)]
    texts = [fields[key] for key in TEXT_KEYS if isinstance(fields.get(key), str)]
    beside = [f"{line}: {text}" for line in lines[:1] for text in texts if text != line]
    for key, value in fields.items() if len(fields) == 1 else ():
        text = text_in(value) if isinstance(value, dict) else value
        beside += [f"{key}: {text}"] if isinstance(text, str) else []  # {"reply 1": "Hello!"}
    return next(filter(None, (_of(line, reader) for line in (*lines[:1], *beside))), [])


def _of_key(
    name: str, value: Any, others: dict[str, Any], reader: LineReader
) -> list[Command | Unclear]:
    """Read an object whose key is a verb: `{"like": 1}`, `{"reply": 1, "text": "Sure!"}`."""
    verb = reader.verb_named(name)
    assert verb is not None
    if isinstance(value, dict):
        return [_of_fields(verb, others | value, reader)]
    fields = ordered_fields(verb)
    if isinstance(value, str):
        line = reader.at_start(value)
        if isinstance(line, Command) and line.verb is verb and not others:
            return [line]
    if isinstance(value, list) and len(value) == len(fields) and all(map(_is_plain, value)):
        words = {field.name: one for field, one in zip(fields, value, strict=True)}
        return [_of_fields(verb, others | words, reader)]
    if not fields or value is None or value is True:
        return [_of_fields(verb, others, reader)]
    first = fields[0] if not isinstance(value, str) or len(fields) == 1 else None
    if first is None:
        numbered = _as_word(fields[0], value, reader)
        first = fields[0] if numbered is not None else fields[-1]
    return [_of_fields(verb, others | {first.name: value}, reader)]


def _of_call(name: str, arguments: Any, reader: LineReader) -> list[Command | Unclear]:
    verb = reader.verb_named(name)
    if verb is None:
        return []
    if isinstance(arguments, str):
        found = structures(arguments)
        arguments = (
            found[0] if found and isinstance(found[0], dict) else {"text": arguments.strip()}
        )
    return [_of_fields(verb, arguments, reader)] if isinstance(arguments, dict) else []


def _merged(fields: dict[str, Any]) -> dict[str, Any]:
    """Bring the arguments of a call beside the other keys."""
    for key in _ARGUMENT_KEYS:
        inner = fields.get(key)
        if isinstance(inner, str) and inner.lstrip().startswith("{"):
            found = structures(inner)
            inner = found[0] if found else inner
        if isinstance(inner, dict):
            return {**{k: v for k, v in fields.items() if k != key}, **inner}
    return fields


def _of_fields(
    verb: type[Action], given: Mapping[str, Any], reader: LineReader
) -> Command | Unclear:
    """Find the word of each field of a verb among the keys of an object."""
    left = {str(key).casefold(): value for key, value in given.items()}
    words: dict[str, str] = {}
    for field in ordered_fields(verb):
        word = _word(verb, field, left, reader)
        if word is None:
            return Unclear(f"{verb.verb} lacks one {field.kind} in the object of the reply")
        words[field.name] = word
    return Command(verb, words)


def _word(verb: type[Action], field: Field, left: dict[str, Any], reader: LineReader) -> str | None:
    """Take the word of one field; None if there is none, or if two differ."""
    targets = field.kind not in NO_TARGETS
    keys = [field.name.casefold(), *_KIND_KEYS[field.kind], *(_TARGET_KEYS if targets else ())]
    found: dict[str, str] = {}
    for key in keys:
        value = left.get(key)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is not None and _is_plain(value):
            word = _as_word(field, value, reader)
            if word is not None:
                found[key] = word
                if not targets:
                    break
    if not found:
        return reader.only_number(verb, field) if targets and not left else None
    if len(set(found.values())) > 1:
        return None
    for key in found:
        del left[key]
    return next(iter(found.values()))


def _as_word(field: Field, value: Any, reader: LineReader) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    word = str(value)
    match field.kind:
        case "text":
            return word if isinstance(value, str) else None
        case "choice":
            folded = word.strip().casefold()
            return next((one for one in field.choices if one.casefold() == folded), None)
        case "int" | "float":
            number = free_number(word)
            return None if number is None else number[0]
        case kind:
            return reader.number_of(kind, word)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
