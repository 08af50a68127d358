"""What is remarkable about a reply: marks that go into the record beside it."""

import re

AT_LIMIT = "at_limit"
REFUSAL = "refusal"
REPEAT = "repeat"
EMPTY = "empty"
GARBLED = "garbled"

_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|afraid)[,.]?(?: but)? i (?:can(?:'|no)t|am (?:un|not )able)"
    r"|i (?:can(?:no|')t|can not|won't|am (?:unable|not able) to|'m (?:unable|not able) to)"
    r" (?:help|assist|fulfil|fulfill|comply|provide|answer|engage|post|participate|do that"
    r"|generate|create|write|respond|continue|discuss|support)"
    r"|as an ai\b|i(?:'m| am) (?:just |only )?an? (?:ai|language model|digital assistant"
    r"|artificial|virtual assistant))",
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
    """Reduce a text to what two near repeats have in common: its words, in one case."""
    return _SPACES.sub(" ", text).strip().casefold()
