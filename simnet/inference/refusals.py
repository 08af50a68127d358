"""Recognises replies in which a model refuses its task; all such patterns are in this file.

Both functions know English phrases only. They differ in what they may get wrong: a post may
say "sorry, I can't come", a description of a person never opens like that.
"""

import re

_CANNOT = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:unable|not able|not allowed) to"
    r"|(?:am|'m) not (?:comfortable|going to be able) (?:to|with))"
)
_TASK = (
    r"(?:this|that|these|those|your|the|such|any|an?|further|more)?\s?(?:kinds? of |type of )?"
    r"(?:request|content|conversation|discussion|response|information|instructions?|role-?play"
    r"|prompt|task|guidance|material|language|messages?|persona)"
)
_BREAKS_ROLE = re.compile(
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
_OPENING = re.compile(
    r"^\W*(?:sorry\b|i apologi[sz]e|as an ai\b|unfortunately,? i\b"
    r"|i(?: a|['\u2019])m (?:very |so )?(?:sorry|unable|not able)"
    r"|i (?:cannot|can['\u2019]?t|won['\u2019]t)\b)",
    re.IGNORECASE,
)


def breaks_role(text: str) -> bool:
    """Return whether a text refuses, or speaks as an assistant, anywhere in it.

    Meant for posts of personas, which may well apologise: only phrases count that assistants
    use and people hardly do.
    """
    return _BREAKS_ROLE.search(text.replace("\u2019", "'")) is not None


def opens_with_refusal(text: str) -> bool:
    """Return whether a text begins with an apology or a refusal.

    Meant for replies that only describe something, where no other text begins like that.
    """
    return _OPENING.match(text) is not None
