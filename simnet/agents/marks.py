"""What is remarkable about a reply: marks that go into the record beside it."""

import re

AT_LIMIT = "at_limit"
REFUSAL = "refusal"
REPEAT = "repeat"
EMPTY = "empty"
GARBLED = "garbled"
ARCHETYPE = "archetype"
PROMOTED = "promoted"

_CANNOT = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:unable|not able|not allowed) to"
    r"|(?:am|'m) not (?:comfortable|going to be able) (?:to|with))"
)
_TASK = (
    r"(?:this|that|these|those|your|the|such|any|an?|further|more)?\s?(?:kinds? of |type of )?"
    r"(?:request|content|conversation|discussion|response|information|instructions?|role-?play"
    r"|prompt|task|guidance|material|language|messages?|persona)"
)
_REFUSAL = re.compile(
    rf"\bi ?{_CANNOT} (?:(?:help|assist)(?: you)?(?: with|[.!]|$)|fulfil|comply with {_TASK}"
    rf"|(?:provide|answer|engage in|participate in|generate|create|write|respond to|continue"
    rf"|discuss|support|do|help create|produce) {_TASK}"
    r"|(?:engage in|participate in|continue with) (?:this|that)\b"
    r"|(?:answer|discuss|do) (?:this|that)(?:[.!]|$))"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:(?:large )?language model|digital assistant"
    r"|ai\b(?! \w*(?:er|or|ist|student|skeptic|fan|company)\b)"
    r"|artificial intelligence|virtual assistant)",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"(?:<\|[^|>]*\|>|</?s>|\[/?INST\]|<(?:bos|eos|pad|unk)>|\s)+")
_SPACES = re.compile(r"\W+")


def refuses(text: str) -> bool:
    """Whether a reply declines to play its part, as assistants do."""
    return _REFUSAL.search(text.replace("\u2019", "'")) is not None


def garbled(text: str) -> bool:
    """Whether a reply is nothing but special tokens and spaces."""
    return bool(text.strip()) and _SPECIAL.fullmatch(text) is not None


def gist(text: str) -> str:
    """Reduce a text to what two near repeats have in common: its words, in one case.

    A text without words is its own gist.
    """
    return (_SPACES.sub(" ", text).strip() or text.strip()).casefold()
