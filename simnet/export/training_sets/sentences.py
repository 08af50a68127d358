"""Cuts a text that was broken off back to its last whole sentence."""

import re

_END = re.compile(
    "(?:[.!?\u2026\u061f\u06d4\u0964\u0965]+[\"'\u2019\u201d\u00bb)\\]]*(?=\\s|$)"
    "|[\u3002\uff01\uff1f\uff61]+[\"'\u2019\u201d\u300d\u300f\uff09)]*)"
)
"""The end of a sentence. In scripts without spaces the stop alone is one."""
_CUT_OFF = re.compile("\\s*(?:\\.\\.\\.|\u2026)$")
"""What marks a text that was shortened; it is no end of a sentence."""


def whole_sentences(text: str) -> str:
    """Return a text up to the end of its last whole sentence; empty if it has none."""
    text = _CUT_OFF.sub("", text.rstrip())
    ends = [found.end() for found in _END.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""
