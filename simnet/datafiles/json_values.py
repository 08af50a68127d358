"""Rows of JSON and JSON Lines files."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from simnet.datafiles.contents import Content
from simnet.datafiles.shapes import Broken, Reading, Row, Rows
from simnet.errors import InputError

_BOM = b"\xef\xbb\xbf"
_PROVENANCE = ("source", "licence", "license", "revision")
_NO_OBJECT = 'is not an object; write {"id": ..., "description": ...}'


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value, write null")


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
_LENIENT = json.JSONDecoder()


def json_rows(content: Content, reading: Reading) -> Rows:
    """Read JSON: a list of rows, an object around one, one row, or a row a line."""
    if _is_lines(content):
        return _lines(content, reading)
    if content.start[:1] == b"[":
        return _list(content, _text(content), reading)
    return _object(content, reading)


def _is_lines(content: Content) -> bool:
    """Whether a file has a value a line: the first line is one, and the second begins like it."""
    with content.stream() as stream:
        first, second = _first_lines(stream)
    if first.startswith("["):
        return second.startswith("[") and _is_whole(first)
    try:
        _STRICT.decode(first)
    except json.JSONDecodeError as error:
        if not second:
            return True
        whole = first.rstrip()
        return error.pos < len(whole) and whole.endswith("}") and second.startswith("{")
    except (ValueError, RecursionError):
        return not second or second.startswith("{")
    return bool(second)


def _is_whole(line: str) -> bool:
    try:
        _LENIENT.decode(line)
    except (ValueError, RecursionError):
        return False
    return True


def _first_lines(stream: BinaryIO) -> tuple[str, str]:
    """Return the first two lines that are not blank."""
    found: list[str] = []
    for line in stream:
        text = line.removeprefix(_BOM).decode(errors="replace").strip()
        if text:
            found.append(text)
        if len(found) == 2:
            break
    return (*found, "", "")[0], (*found, "", "")[1]


def _lines(content: Content, reading: Reading) -> Rows:
    with content.stream() as stream:
        for number, line in enumerate(stream, 1):
            bare = line.removeprefix(_BOM) if number == 1 else line
            if bare.strip():
                yield _line(f"line {number}", bare, reading)


def _line(place: str, line: bytes, reading: Reading) -> Row | Broken:
    try:
        value = _STRICT.decode(line.decode().strip())
    except UnicodeDecodeError as error:
        return Broken(place, f"byte {error.start + 1} is not UTF-8; save the file as UTF-8")
    except json.JSONDecodeError as error:
        return Broken(place, f"is not JSON: {error.msg} at column {error.colno}; mend the line")
    except (ValueError, RecursionError) as error:
        return Broken(place, f"is not usable JSON: {error}; mend the line")
    return _row(place, value, reading)


def _row(place: str, value: Any, reading: Reading) -> Row | Broken:
    if isinstance(value, list) and reading.is_header is not None:
        return Row(place, {str(number): cell for number, cell in enumerate(value)})
    if not isinstance(value, dict):
        return Broken(place, _NO_OBJECT)
    if isinstance(value.get("row"), dict) and "row_idx" in value:
        value = value["row"]  # a page of the Hugging Face dataset viewer
    return Row(place, value)


def _text(content: Content) -> str:
    with content.stream() as stream:
        whole = stream.read()
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = whole.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{content.path}: line {line}: byte {error.start + 1} is not UTF-8; save the file as "
            "UTF-8"
        ) from None


def _list(content: Content, text: str, reading: Reading, start: int = 0) -> Rows:
    """Read the items of a list one after the other, each with the line it begins on."""
    at = text.index("[", start) + 1
    line, counted, number = 1, 0, 0
    while True:
        at = _past_blanks(text, at)
        if text.startswith("]", at) and not number:
            break
        line, counted = line + text.count("\n", counted, at), at
        number += 1
        place = f"item {number} (line {line})"
        value, at, why = _item(content, text, at)
        yield Broken(place, why) if why else _row(place, value, reading)
        at = _past_blanks(text, at)
        if text.startswith(",", at):
            at += 1
        elif text.startswith("]", at):
            break
        else:
            raise _broken(content, json.JSONDecodeError("Expecting ',' delimiter", text, at))
    if text[at + 1 :].strip():
        raise _broken(content, json.JSONDecodeError("Extra data", text, at + 1))


def _item(content: Content, text: str, at: int) -> tuple[Any, int, str]:
    """Decode one item: its value, its end, and why it cannot be used."""
    try:
        return *_STRICT.raw_decode(text, at), ""
    except json.JSONDecodeError as error:
        raise _broken(content, error) from None
    except RecursionError as error:
        raise InputError(f"{content.path}: not usable JSON: {error}") from None
    except ValueError as error:
        _, end = _LENIENT.raw_decode(text, at)
        return None, end, f"is not usable JSON: {error}"


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _broken(content: Content, error: json.JSONDecodeError) -> InputError:
    return InputError(
        f"{content.path}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}; mend "
        "it there"
    )


def _object(content: Content, reading: Reading) -> Rows:
    """Read an object: one row, or an object around the rows."""
    text = _text(content)
    try:
        whole = _STRICT.decode(text.strip())
    except json.JSONDecodeError as error:
        raise _broken(content, error) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{content.path}: line 1 begins what is not usable JSON: {error}"
        ) from None
    if not isinstance(whole, dict):
        raise InputError(f"{content.path}: it is no JSON object")
    for place, value in _unwrapped(content, whole, reading):
        alone = value is whole and "\n" not in text.strip()
        yield _row("line 1" if alone else place, value, reading)


def _unwrapped(
    content: Content, whole: dict[str, Any], reading: Reading
) -> Iterator[tuple[str, Any]]:
    own = reading.wrappers[0] if reading.wrappers else ""
    if own in whole and not isinstance(whole[own], list | dict):
        raise InputError(f"{content.path}: `{own}` is not a list; write a list of objects")
    for name in reading.wrappers:
        items = whole.get(name)
        kinds = (dict, list) if reading.is_header is not None else dict
        if isinstance(items, list) and (name == own or _all(items, kinds)):
            shared = {key: whole[key] for key in _PROVENANCE if isinstance(whole.get(key), str)}
            for number, item in enumerate(items, 1):
                yield f"item {number}", shared | item if isinstance(item, dict) else item
            return
    if len(whole) > 1 and _all(list(whole.values()), dict):
        for key, item in whole.items():
            yield f"item {key!r}", {"id": key} | item
        return
    yield "item 1", whole


def _all(items: list[Any], kinds: type | tuple[type, ...]) -> bool:
    return bool(items) and all(item and isinstance(item, kinds) for item in items)
