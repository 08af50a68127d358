"""Cleans text written by members before it is shown; words hints and counts of messages."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

CHARACTERS_PER_TOKEN = 4
"""What a token is estimated at where no tokenizer counts: about that of English."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of characters that move the cursor or change the direction of writing."""
_SHOWN = {"\n", "\u200c", "\u200d"}
"""Characters of these categories that are printed: scripts and emoji need the two joiners."""
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
"""Letters of scripts that put no space between words, as ranges of a class of a pattern."""
_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")
_FOLDERS = re.compile(
    r"""(?<![\w./:~\\-])(?:~\w*|[A-Za-z]:)?[/\\](?:[^\s/\\'"<>|:;,()\[\]]+[/\\])+"""
)
"""The folders of an absolute path within a text."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MOST_COMPARED = 100_000
"""Known words that a misspelt one is compared with: about a second's work."""


def _invisible() -> re.Pattern[str]:
    ranges = (
        (0x00, 0x08),  # C0 and C1 controls less white space
        (0x0E, 0x1F),
        (0x7F, 0x84),
        (0x86, 0x9F),
        (0x00AD, 0x00AD),  # soft hyphen, joiners and marks without a shape
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x180B, 0x180F),
        (0x200B, 0x200F),  # zero width
        (0x202A, 0x202E),  # bidirectional
        (0x2060, 0x206F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
        (0xE0000, 0xE0FFF),  # tags and variation selectors: a whole hidden ASCII
        (0xFE00, 0xFE0E),  # more of them; the one that is left makes symbols emoji
    )
    return re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges) + "]")


_INVISIBLE = _invisible()
_NEW_LINE = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")


def neutralise(text: str) -> str:
    """Remove characters that a model reads and a person cannot see; unify line breaks.

    Removed are control, bidirectional, zero-width and tag characters. Surrogates
    that pair up are joined, lone ones become U+FFFD, so that the result can always
    be encoded. Visible text is left as it is, and doing it twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return _NEW_LINE.sub("\n", _INVISIBLE.sub("", storable(text)))


def storable(text: str) -> str:
    """Join surrogates that pair up and replace lone ones, which no file can hold, by U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _SURROGATE.sub(_REPLACEMENT, text)


def one_line(text: str) -> str:
    """Neutralise a text and put it on one line, so that it cannot imitate other lines."""
    if text.isascii() and text.isprintable():
        return text
    text = neutralise(text)
    return text if text.isprintable() else " ".join(text.split())


def cut(text: str, longest: int) -> str:
    """Cut a text to `longest` characters, the last three of which are then `...`."""
    return text if len(text) <= longest else text[: max(0, longest - 3)] + "..."


def terminal_safe(text: str) -> str:
    """Drop control and formatting characters, such as escape sequences; expand tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        for letter in text.expandtabs(4)
        if letter in _SHOWN or unicodedata.category(letter) not in _STEERING
    )


def visible(text: str) -> str:
    r"""Write control and formatting characters of a name as escapes, such as `\x1b`.

    The text of a post is shown by `terminal_safe`, which leaves them out.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in _STEERING and letter not in _SHOWN - {"\n"}
        else letter
        for letter in text
    )


def without_addresses(text: str) -> str:
    """Remove the addresses that Python writes into the representation of an object."""
    return _ADDRESS.sub("", text)


def without_numbers(text: str) -> str:
    """Put `#` for each number, so that texts that differ by numbers alone are the same."""
    return _NUMBER.sub("#", text)


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """Return "; did you mean 'x'?" for the word nearest to a misspelt one, else "".

    The result is the end of an error message. With `most` above 1 it names up to so many words.
    """
    close = get_close_matches(word, list(islice(known, _MOST_COMPARED)), most)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def counted(count: float, noun: str) -> str:
    """Write a number with its noun: `1 actor`, `2,000 actors`, `193 dismisses`, `0 replies`.

    The noun is given in the singular; it may have words before it, such as `model call`.
    """
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Return the plural of an English noun, or of a verb that is counted like one."""
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's'}"


def without_folders(text: str) -> str:
    """Return a text in which the paths of somebody's disk are names of files; addresses stay."""
    return _FOLDERS.sub("", text)


def file_name(name: str) -> str:
    """Return a name without the folders of somebody's disk; addresses and names are kept."""
    if "://" in name:
        return name
    is_local = name.startswith(("/", "~", ".", "\\")) or re.match(r"[A-Za-z]:[\\/]", name)
    return re.split(r"[\\/]", name.rstrip("\\/"))[-1] if is_local else name
