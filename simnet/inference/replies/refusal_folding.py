"""Folds spellings of a text that do not matter for recognising phrases in it."""

import unicodedata
from collections.abc import Mapping

_SAME = {
    # apostrophes and dashes
    "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u2013": "-",
    "\u2014": "-",
    # quotation marks; the marks that open questions and exclamations in Spanish
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"', "\u00bf": " ",
    "\u00a1": " ",
    "\u0131": "i",  # Turkish i without a dot
    "\u00df": "ss",
    # Arabic: forms of alif, final yaa, taa marbuta, tatweel
    "\u0623": "\u0627", "\u0625": "\u0627", "\u0622": "\u0627", "\u0671": "\u0627",
    "\u0649": "\u064a", "\u0629": "\u0647", "\u0640": "",
    # Devanagari and Bengali: nukta; candrabindu as anusvara
    "\u093c": "", "\u09bc": "", "\u0901": "\u0902",
    # joiners and byte order mark
    "\u200c": "", "\u200d": "", "\u200b": "", "\ufeff": "",
}  # fmt: skip
_TRADITIONAL = (
    "無協語為請對內話題討論違則這個幫與滿當規絕應該說寫創虛擬們僅過範資訊沒辦開發訓練關難續參遺"
)
_SIMPLIFIED = (
    "无协语为请对内话题讨论违则这个帮与满当规绝应该说写创虚拟们仅过范资讯没办开发训练关难续参遗"
)


def _table() -> Mapping[int, str]:
    dropped = (
        *range(0x0300, 0x0370),  # accents
        *range(0x064B, 0x0660), 0x0670,  # Arabic vowels
    )  # fmt: skip
    table = dict.fromkeys(dropped, "")
    table |= {ord(letter): same for letter, same in _SAME.items()}
    table |= {ord(a): b for a, b in zip(_TRADITIONAL, _SIMPLIFIED, strict=True)}
    return table


_TABLE = _table()


def fold(text: str) -> str:
    """Return a text in lower case without accents, vowel signs of Arabic and the like.

    Width, apostrophes, forms of Arabic letters and common traditional Chinese characters are
    unified too. Patterns have to be folded like the texts they are searched in.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_TABLE)
        text = unicodedata.normalize("NFC", text)
    return text.lower()
