"""Texts in Markdown that say who somebody is, such as the SOUL.md of an agent."""

import re
from pathlib import Path

from simnet.datafiles import Row, opened
from simnet.errors import InputError
from simnet.personas.sources.columns.fields import attributes, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_TEXT = "text"
_FRONT = re.compile(r"\A---[ \t]*\r?\n(?P<fields>.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
"""Front matter: `name: value` in lines between two lines of hyphens."""
_FIELD = re.compile(
    r"^(?P<name>[A-Za-z][\w -]*):[ \t]*[\"']?(?P<value>[^\n]*?)[\"']?[ \t]*$", re.MULTILINE
)
_NAMED = re.compile(r"^\W*name\W*?:\W*(?P<name>\w[^\n*_`]*)", re.IGNORECASE | re.MULTILINE)
_CALLED = re.compile(
    r"\b(?:You are|You['\u2019]re|I am|I['\u2019]m)\s+\W{0,2}"
    r"(?P<name>[A-Z][\w'-]+(?: [A-Z][\w'-]+)?)"
)
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<heading>[^\n]*?)[ \t#]*$", re.MULTILINE)
_FILE_HEADING = re.compile(r"\A# [^\n]*(?:\.md|\bsoul\b)[^\n]*\n", re.IGNORECASE)
"""A first heading that says what the file is."""
_LIST_ITEM = re.compile(r"^[ \t]*[-*+][ \t]+(?P<item>[^\n]*[^\s.!?:;,\n])[ \t]*$", re.MULTILINE)
_LIST_MARK = re.compile(r"^[ \t]*[-*+][ \t]+", re.MULTILINE)
_MARKS = re.compile(r"\*\*|__|`")


def soul_row(path: Path) -> Row | None:
    """Read a text in Markdown as one row; None for a file that is a table.

    Raises InputError for a text that is not UTF-8.
    """
    content = opened(path)
    start = content.start
    if not (start.startswith(b"# ") or re.match(rb"---[ \t]*\r?\n", start)):
        return None
    with content.stream() as stream:
        whole = stream.read()
    try:
        written = whole.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InputError(f"{path} is a text that is not UTF-8; save it as UTF-8") from None
    front = _FRONT.match(written)
    if front is None and not start.startswith(b"#"):
        return None
    fields = dict(_FIELD.findall(front["fields"])) if front else {}
    body = written[front.end() :].strip() if front else written
    return Row("line 1", {**fields, "name": _name(fields, body), _TEXT: body})


def _name(fields: Fields, body: str) -> str | None:
    """Find what somebody is called; None if the text does not say so."""
    found = _NAMED.search(body) or _CALLED.search(body)
    return fields.get("name") or (found["name"].strip(" .*_") if found else None)


def _prose(written: str) -> str:
    """Turn Markdown into sentences: headings become `Heading:`, items of lists end, marks go."""
    bare = _FILE_HEADING.sub("", written)
    spoken = _HEADING.sub(lambda found: found["heading"].rstrip(":.") + ":", bare)
    ended = _LIST_ITEM.sub(lambda found: found["item"] + ".", spoken)
    return " ".join(_MARKS.sub("", _LIST_MARK.sub("", ended)).split())


def _convert(fields: Fields) -> Draft:
    named = {name: value for name, value in fields.items() if value and name != _TEXT}
    return Draft(
        None,
        _prose(text(fields, _TEXT)),
        attributes(named, but=frozenset()),
        name=named.get("name"),
    )


SOUL = Format("soul", lambda _: False, _convert, columns=("name", _TEXT))
"""It fits no row of a table: whether a file is such a text is seen before its rows are read."""
