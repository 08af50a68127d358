"""Reads the text that ends a line of a free reply, without what closes the marks around the line.

A line may open marks before its verb (`**reply 1: Hello!**`) and close them there, after its
target (`**reply 1**: Hello!`) or at the beginning of its text (`**reply 1:** Hello!`). Only those
that are open at the text are taken off its end, and only where they close nothing inside of it.
"""

import re
from collections.abc import Iterator, Sequence

from simnet.agents.formats.line_patterns import COLON, DASH, EMPHASIS, QUOTED
from simnet.foundation.text import storable
from simnet.inference.replies.reply_text import OPENING_QUOTES, QUOTES, is_apostrophe, visible

_BRACKETS = dict(zip("([{<", ")]}>", strict=True))
_CLOSING = {mark: {mark} for mark in EMPHASIS} | {
    opening: {end for start, end in (*QUOTES, *_BRACKETS.items()) if start == opening}
    for opening in (*OPENING_QUOTES, *_BRACKETS)
}
"""The marks that close each mark."""
_RUN = re.compile(r"([*_`])\1*")
_MOST = 64
"""Characters before a verb and before a text that are searched for marks; nobody writes more."""


def text_after(line: str, shown: str, at: int, *, verb_end: int, lead: str) -> str | None:
    """Read the text that begins after the place `at` of a line; None if there is none.

    `shown` is the visible form of the line, `lead` what is before its verb.
    """
    found = next((m for one in (COLON, DASH, QUOTED) if (m := one.match(shown, at))), None)
    if found is None:
        return None
    start = found.start("text")
    text = _original(line, shown, start)
    if found.re is QUOTED:
        bare = text.rstrip(" \t*_`)]}.;")
        return bare if len(bare) > 1 and (bare[0], bare[-1]) in QUOTES else None
    opened = _open_at_text(lead[-_MOST:], shown[max(verb_end, start - _MOST) : start])
    bare = text.lstrip()
    run = _RUN.match(bare)
    if run is not None and 0 < len(run[0]) <= opened.count(bare[0]):
        rest = bare[run.end() :]
        if len(bare) == len(text) or rest[:1].isspace():
            text = rest
            for _ in run[0]:
                _remove_last(opened, bare[0])
    return without_closers(text, opened).strip()


def without_closers(text: str, opened: Sequence[str]) -> str:
    """Take off what closes the marks that are open before a text."""
    bare = _mirrored(text, opened)
    if bare is not None:
        return bare
    for mark in opened:
        stripped = text.rstrip()
        tail = 2 if stripped[-1:] in {".", ",", ";"} else 1
        if len(stripped) < tail or stripped[-tail] not in _CLOSING[mark]:
            continue
        if not _closes_inside(stripped[:-tail], mark, stripped[-tail]):
            text = stripped[:-tail]
    return text


def _mirrored(text: str, opened: Sequence[str]) -> str | None:
    """Take the closing marks of all that are open off a text; None unless they end it as a whole.

    They do not where one that is opened in the text would be left without its end.
    """
    bare = text.rstrip()
    ends = {}
    for mark in opened:
        if not bare or bare[-1] not in _CLOSING[mark]:
            return None
        ends[mark], bare = bare[-1], bare[:-1]
    return None if any(_left_open(bare, mark, end) for mark, end in ends.items()) else bare


def _original(line: str, shown: str, start: int) -> str:
    """Return the end of a line whose visible form begins at `start`, as it was written.

    What cannot be seen is left out around it and kept inside, where it may join letters.
    """
    if len(line) == len(shown):
        return line[start:]
    places = [place for place, letter in enumerate(storable(line)) if visible(letter)]
    bare = len(shown) - len(shown[start:].lstrip())
    if len(places) != len(shown) or bare == len(shown):
        return shown[start:]
    return shown[start:bare] + storable(line)[places[bare] : places[-1] + 1]


def _open_at_text(lead: str, head: str) -> list[str]:
    """List the marks that are open after the head of a line, from its verb to its text."""
    opened: list[str] = []
    for mark in lead:
        if mark in _CLOSING:
            opened.append(mark)
        else:
            _close(opened, mark, frozenset(_BRACKETS))
    for mark in _marks(head):
        if mark in _BRACKETS:
            opened.append(mark)
        elif mark[0] not in EMPHASIS:
            _close(opened, mark, frozenset(_CLOSING))
        elif mark[0] in opened:
            for letter in mark:
                _remove_last(opened, letter)
        else:
            opened += mark
    return opened


def _marks(head: str) -> Iterator[str]:
    """Yield brackets, quotation marks and what is left open of emphasis, in their order."""
    place, begun = 0, ""
    while place < len(head):
        run = _RUN.match(head, place)
        if run is None:
            if not is_apostrophe(head, place):
                yield head[place]
            place += 1
            continue
        place = run.end()
        before, after = head[max(0, run.start() - 1) : run.start()], head[place : place + 1]
        if begun == run[0]:
            begun = ""
        elif before in {" ", "#", "(", "["} and after.isalnum():
            begun = run[0]
        elif not (before.isalnum() and after.isalnum()):
            yield run[0]
    if begun:
        yield begun


def _close(opened: list[str], mark: str, among: frozenset[str]) -> None:
    """Remove the innermost mark that another one closes."""
    for place in reversed(range(len(opened))):
        if opened[place] in among and mark in _CLOSING[opened[place]]:
            del opened[place]
            return


def _remove_last(marks: list[str], mark: str) -> None:
    if mark in marks:
        del marks[len(marks) - 1 - marks[::-1].index(mark)]


def _closes_inside(inside: str, mark: str, end: str) -> bool:
    """Whether the mark after a text closes one that is opened in it."""
    bare = inside.rstrip(end)
    return 1 + len(inside) - len(bare) <= _left_open(bare, mark, end)


def _left_open(text: str, mark: str, end: str) -> int:
    """Count the marks that a text opens and does not close; marks inside of words are none."""
    left = 0
    for run in re.finditer(rf"{re.escape(mark)}+|{re.escape(end)}+", text):
        if mark != end:
            left = left + len(run[0]) if run[0][0] == mark else max(0, left - len(run[0]))
        elif left:
            left = 0
        elif (
            not text[max(0, run.start() - 1) : run.start()].isalnum()
            and not text[run.end() : run.end() + 1].isspace()
        ):
            left = len(run[0])
    return left
