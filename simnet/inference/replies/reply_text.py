"""Takes off what models put around a text: fences, quotation marks, names, labels, comments.

Only what surrounds a text is taken off, never what is inside it.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

from simnet.foundation.text import neutralise
from simnet.inference.replies.reasoning_names import OF_ANSWER_ELSEWHERE

_PAIRS = (
    '""', "\u201c\u201d", "\u201d\u201d", "\u201e\u201c", "\u201e\u201d", "\u201f\u201d",
    "\xab\xbb", "\xbb\xab", "\u2039\u203a", "\u203a\u2039", "''", "\u2018\u2019",
    "\u201a\u2018", "\u201a\u2019", "\u201b\u2019", "\u300c\u300d", "\u300e\u300f",
    "\u300a\u300b", "\u301d\u301e", "\u301d\u301f", "\ufe41\ufe42", "\ufe43\ufe44",
    "\uff02\uff02", "\uff07\uff07", "\uff62\uff63", "\u275d\u275e", "\u275b\u275c", "``",
    "\xb4\xb4", "`\xb4", "`'", "\u2019\u2019", '\u201c"', '"\u201d',
)  # fmt: skip
QUOTES = frozenset((pair[0], pair[1]) for pair in _PAIRS)
"""Opening and closing quotation marks of all scripts."""
OPENING_QUOTES = "".join(sorted({opening for opening, _ in QUOTES}))
_DOUBLE_QUOTES = frozenset('"\u201c\u201e\xab\u300c\u300e')
"""Quotation marks that are no apostrophes."""
SPECIAL_TOKENS = (
    r"<\|[^|<>\n]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|</?s>|\[/?INST\]"
    r"|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
)
_END_OF_TURN = re.compile(
    r"(?<=\S)\s*(?:<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|end_of_turn)\|>|</s>|<eos>"
    r"|<end_of_turn>|<\uff5cend[^\uff5c<>\n]{1,40}\uff5c>)"
)
"""The token that ends a turn: what follows are further turns that the model imagines."""
_SPECIAL_AT_START = re.compile(SPECIAL_TOKENS)
_SPECIAL_AT_END = re.compile(rf"(?:{SPECIAL_TOKENS})\Z")
_MOST_MARKS = 12
"""Pairs of marks around a text that are taken off; each takes a look at the whole of it."""
_LONGEST_SPECIAL = 64
"""Characters of a special token at most."""
_ANSWER_TAG = re.compile(
    r"\A<(?P<name>answer|final_answer|response|reply|output|post|message|text|content|result)>"
    r"(?P<inside>.*?)(?:</(?P=name)>.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
_FENCE_LINE = re.compile(
    r"^[ \t]{0,16}(?:`{3,}|~{3,})[ \t]{0,8}[\w+.#-]{0,32}[ \t]{0,8}$", re.MULTILINE
)
_FENCE_AT_START = re.compile(
    r"\A(?P<fence>`{3,}|~{3,})(?:(?:text|txt|plaintext|markdown|md|json|bash|sh|python)\b)?"
)
_BOLD = re.compile(
    r"\A(?P<mark>\*\*\*|\*\*|__)(?=\S)(?P<inside>(?:(?!(?P=mark)).)+)(?P=mark)\Z", re.DOTALL
)
_MARK = re.compile(r"\A(?:[#*>+\-\u2022]+|\d{1,3}[.)])\s+")
_WORDS_FOR_REPLY = (
    r"(?:answer|reply|response|post|comment|tweet|message|output|statement|contribution)\b"
)
_LABEL = re.compile(
    rf"\A(?:#{{1,6}} )?[*_]*(?:(?:(?:my|the|your|final|here is my|here's my) )*"
    rf"(?:{_WORDS_FOR_REPLY}|assistant\b)|(?:(?:meine|ma|mi|minha) )?"
    rf"(?:{OF_ANSWER_ELSEWHERE}))"
    r"[*_]*\s?[:\uff1a][*_]*\s*(?=\S)"
    rf"|\A#{{1,6}} (?:(?:my|the|your|final) )*(?:{_WORDS_FOR_REPLY}|{OF_ANSWER_ELSEWHERE})"
    r"[*_]*[ \t]*\n+(?=\S)",
    re.IGNORECASE,
)
"""A label such as `My reply:`, or a heading of that kind on a line of its own."""
_PREFACE = re.compile(
    r"\Aassistant[ \t]*\n|\A(?=[^\n]{2,120}[:\uff1a][*_]*[ \t]*\n)"
    r"(?=[^\n]*\b(?:here|answer|reply|response|post|comment|tweet|message|sentence|persona"
    r"|description|action|sure|certainly|okay)\b)[^\n]*\n",
    re.IGNORECASE,
)
"""A first line such as `Sure! Here is my reply:`."""
_COMMENT = re.compile(
    r"\n[ \t]{0,8}\n[ \t]{0,8}[*_(\[]*(?:note|word count|character count|characters"
    r"|\d+ characters|let me know|i hope this"
    r"|this (?:reply|response|post|description|answer))\b[^\n]*\s*\Z",
    re.IGNORECASE,
)
"""A last paragraph about the reply."""
_RULE = re.compile(r"\A[-*_=]{3,}[ \t]*\n|\n[ \t]{0,8}[-*_=]{3,}\Z")
"""A line that separates the reply from others."""
_QUOTED_AFTER = re.compile(
    r"(?=[^:\uff1a]{0,80}\b(?:here(?:['\u2019]s| is)|my|sure|okay)\b"
    rf"[^:\uff1a]{{0,60}}\b{_WORDS_FOR_REPLY})"
    r"[^\n:\uff1a\"\u201c]{2,120}[:\uff1a]\s*(?P<text>\S.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
"""A sentence such as `Here is my reply:` before a text in quotation marks."""
_SAYS = (
    r"(?:says?|said|writes?|wrote|replies|replied|answers?|answered|responds?|responded|posts?"
    r"|posted|tweets?|tweeted|comments?|commented|dice|dit|sagt|schreibt|\u8bf4|\u5199)"
)
_SENTENCE_END = re.compile(
    "[.!?\u2026\u203d][\"'\u201d\u2019\xbb)\\]]*(?=\\s)"
    "|[\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965\u1362\u17d4]+[\u300d\u300f\u201d\u2019\uff09]*"
)


def unwrapped(text: str, names: Sequence[str] = (), *, whole: bool = True) -> str:
    """Take off all that surrounds a text: fences, quotation marks, bold and own names.

    `names` are those of the writer. If the text is the `whole` reply, labels, comments about it and
    a list mark before its only line are taken off too. A text that is nothing but such marks is
    returned as it is.
    """
    steps: list[Callable[[str], str]] = [
        without_specials, _without_answer_tag, without_fences, _without_bold, unquoted,
        lambda one: without_name(one, names),
    ]  # fmt: skip
    if whole:
        steps += [_without_comments, _without_mark]
    text = text.strip()
    for _ in range(_MOST_MARKS):
        before = text
        for step in steps:
            text = step(text).strip() or text
        if text == before:
            break
    return text


def before_end_of_turn(text: str) -> str:
    """Cut a reply at the first token that ends a turn after some text."""
    found = _END_OF_TURN.search(text) if "<" in text else None
    return text if found is None else text[: found.start()]


def without_specials(text: str) -> str:
    """Take special tokens off both ends."""
    if "<" not in text and "[" not in text:
        return text
    text = text.strip()
    while (found := _SPECIAL_AT_START.match(text)) is not None:
        text = text[found.end() :].lstrip()
    while (found := _SPECIAL_AT_END.search(text[-_LONGEST_SPECIAL:])) is not None:
        text = text[: len(text) - len(found[0])].rstrip()
    return text


def without_fences(text: str) -> str:
    """Take off code fences: the inside of the only one, or the lines of all of them."""
    if "```" not in text and "~~~" not in text:
        return text
    opening = _FENCE_AT_START.match(text) if "\n" not in text else None
    if opening is not None and text.endswith(opening["fence"], opening.end()):
        return text[opening.end() : len(text) - len(opening["fence"])]
    lines = list(_FENCE_LINE.finditer(text))
    if len(lines) == 2:
        before, inside = text[: lines[0].start()].strip(), text[lines[0].end() : lines[1].start()]
        if inside.strip() and (not before or before[-1] in ":\uff1a"):
            return inside
    return _FENCE_LINE.sub("", text)


def unquoted(text: str) -> str:
    """Take off quotation marks that enclose the whole text, once."""
    if len(text) < 3 or (text[0], text[-1]) not in QUOTES or not _encloses(text):
        return text
    return text[1:-1]


def without_lone_quote(text: str) -> str:
    """Take off a quotation mark that opens a text which nothing closes, as one that was cut off."""
    if text[:1] not in _DOUBLE_QUOTES or any((text[0], one) in QUOTES for one in text[1:]):
        return text
    return text[1:].lstrip() or text


def without_marks(text: str) -> str:
    """Take off all quotation marks and emphasis that enclose the whole text."""
    for _ in range(_MOST_MARKS):
        before = text
        text = _without_bold(unquoted(text.strip()))
        if len(text) > 2 and text[0] == text[-1] and text[0] in "*_" and text[1] not in " *_":
            text = text[1:-1]
        if text == before:
            break
    return text


def without_name(text: str, names: Sequence[str]) -> str:
    """Take off the writer's own name where it leads a text: `@ann:`, `Ann:`, `ann says:`."""
    for name in names:
        if text.isascii() and name.isascii() and name.lower() not in text.lower():
            continue  # compiling the pattern of a name that is not there takes longer than a turn
        found = _name_pattern(name).match(text)
        if found is not None:
            closed = found["shut"] or found["end"]  # else its marks enclose the text too
            return ("" if closed else found["open"]) + text[found.end() :]
    return text


def _name_pattern(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<open>[*_\[(<{re.escape(OPENING_QUOTES)}]*)@?{re.escape(name)}(?P<shut>[*_`\])>\"\u201d]*)(?:\s*\(@?[\w.-]+\))?(?:"
        rf"\s+{_SAYS}\s*(?:[,:\uff1a]|(?=[{re.escape(OPENING_QUOTES)}]))|[*_]*\s?[:\uff1a]"
        r"|(?<=[\]>])(?=\s)|\s[-\u2013\u2014]\s)(?P<end>[*_`]*)\s*",
        re.IGNORECASE,
    )


def shortened(text: str, longest: int) -> str:
    """Cut a text to `longest` characters: at the end of a sentence, else of a word, else anywhere.

    A sentence has to fill half of the length, so that little is lost. Marks that combine with the
    character before them are not cut off it.
    """
    if len(text) <= longest:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text[: longest + 1])]
    ends = [end for end in ends if longest // 2 <= end <= longest]
    if ends:
        return text[: ends[-1]].strip()
    words = max(text.rfind(space, 0, longest + 1) for space in " \n\t\u3000")
    if words >= longest // 2 and text[:words].strip():
        return text[:words].strip()
    end = longest
    while end > 1 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].strip() or text[:longest].strip()


def visible(text: str) -> str:
    """Neutralise a text and turn wide forms of letters, digits and punctuation into plain ones.

    Every character stays one, unless it cannot be seen.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_plain, neutralise(text)))


def _plain(letter: str) -> str:
    if letter in "\ufe55\ufe13\u2236\ua789\u02d0":
        return ":"
    if unicodedata.category(letter) == "No":
        return letter  # a list mark such as a circled digit is no number
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) == 1 else letter


def _joins(letter: str) -> bool:
    return (
        unicodedata.combining(letter) > 0
        or letter in "\u200d\ufe0e\ufe0f"
        or ("\U0001f3fb" <= letter <= "\U0001f3ff")
    )


def _encloses(text: str) -> bool:
    """Whether the first and the last character are one pair, and not parts of two."""
    opening, closing, inside = text[0], text[-1], text[1:-1]
    if opening == closing or closing in "\u2019'":
        marks = [
            place
            for place, letter in enumerate(inside)
            if letter in {opening, closing} and not is_apostrophe(inside, place)
        ]
        return not marks
    depth = 0
    for letter in inside:
        depth += (letter == opening) - (letter == closing)
        if depth < 0:
            return False
    return depth == 0


def is_apostrophe(text: str, place: int) -> bool:
    """Whether a mark of a text is an apostrophe inside of a word."""
    if text[place] not in "'\u2019":
        return False
    return text[place - 1 : place].isalnum() and text[place + 1 : place + 2].isalnum()


def _without_answer_tag(text: str) -> str:
    if not text.startswith("<"):
        return text
    found = _ANSWER_TAG.match(text)
    return text if found is None else found["inside"]


def _without_bold(text: str) -> str:
    found = _BOLD.match(text)
    return text if found is None else found["inside"]


def _without_comments(text: str) -> str:
    text = _COMMENT.sub("", _LABEL.sub("", _PREFACE.sub("", _RULE.sub("", text))))
    said = _QUOTED_AFTER.match(text)
    return text if said is None or unquoted(said["text"]) == said["text"] else said["text"]


def _without_mark(text: str) -> str:
    return text if "\n" in text else _MARK.sub("", text)
