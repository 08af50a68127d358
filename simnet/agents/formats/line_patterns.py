"""What decorates an action in a free reply, as regular expressions."""

import re

from simnet.inference.replies.reply_text import OPENING_QUOTES, QUOTES, visible

EMPHASIS = "*_`"
LEAD = re.compile(
    r"(?:(?![~?@]|//|-\d)(?:\(?\d{1,3}[.)](?=\s|[^\d\s])|\[\d{1,3}\](?=\D)|\d\ufe0f?\u20e3"
    r"|[\u2460-\u2473\u2776-\u277f]|\[[xX]\]|[a-zA-Z][.)](?=\s)|[Ss]tep \d{1,2}[.:]|[\W_])){0,64}"
)
"""List marks, emphasis, quotation marks and symbols before a verb; no negation."""
BETWEEN = (
    r"(?:[\s:=,#\u2116(\[{<\"'\u201c\u2018\u201e\xab*_`\u2192]|->|=>"
    r"|(?i:(?:post|message|tweet|comment|item|number|num|no|nr|id|member|user|account|person|handle"
    r"|author|group|target|index|n)s?(?![^\W_])\.?|(?:to|the|on|for|with|in|at|as|by)\b))"
)
NUMBER = re.compile(
    rf"{BETWEEN}*?(?P<number>\d{{1,4}})(?![^\W_])(?![.,/:]\d)[\])}}>\"'\u201d\u2019\xbb*_`]*"
)
HANDLE = re.compile(
    rf"{BETWEEN}*?@?(?P<handle>[^\W_][\w.\-]*?)(?:['\u2019]s(?: post)?)?"
    rf"(?=[\s:,)\]*\"'`]|[.!]?\Z|[.!]\s)[\])}}>\"'\u201d\u2019\xbb*_`]*"
)
OWNER = re.compile(
    r"[\s,]*\(?(?:(?:by|from|to|of)?\s*@|by\s+)(?P<handle>\w[\w.\-]*?)(?:['\u2019]s post)?\)?"
    r"(?=[\s:,.)]|\Z)",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"\s*[(\[]#?(?P<number>\d{1,4})[)\]]")
"""The number of a post or member after a handle."""
COLON = re.compile(
    r"[\s*_`\])}>\"'\u201d\u2019\xbb,]{0,8}(?:(?:with|saying|text|content|message|comment)\s{0,2})?"
    r"(?P<mark>[:=]|->|=>|\u2192)(?P<text>.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
DASH = re.compile(r"\s+[-\u2013\u2014]+\s+(?P<text>.*)\Z", re.DOTALL)
QUOTED = re.compile(
    rf"\s*(?:(?:with|saying)\s+)?(?P<text>[{re.escape(OPENING_QUOTES)}].*)\Z", re.DOTALL
)
END = re.compile(r"[\s\W_]*\Z")
THIS_TIME = re.compile(
    r"\s+(?:on )?(?:this|for now|here)(?: (?:one|post|turn|round|time))?[\s\W_]*\Z", re.IGNORECASE
)
"""What may follow an action without fields: `pass on this one`."""
COMMENT = re.compile(
    r"[\s*_`\])}>\"'\u201d\u2019\xbb]*(?:[.,;:!\u3002\uff0c\u2026]\s*(?=\D)|\s[-\u2013\u2014]+\s+(?=\D)"
    r"|\s\((?=\D)|\s(?=(?:because|since|as|so that|to show)\s))(?P<comment>.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
"""What follows an action without a text: its end, or a sentence that explains it."""
ANOTHER = re.compile(rf"\W{{0,4}}(?:(?:and|or|then)\b)?{BETWEEN}*?\d", re.IGNORECASE)
ANOTHER_NAME = re.compile(
    r"(?:\s*(?:[,&+/]|(?:and|or)\b))+\s*(?:@(?P<handle>[^\W_][\w.\-]*?)(?![\w\-]|\.\w)"
    r"|(?P<bare>[^\W_][\w.\-]*?)[\s\W_]*\Z)",
    re.IGNORECASE,
)
"""A further member that an action is to be about."""
NEGATION = re.compile(
    r"\b(?:not|never|no longer|without|instead of|rather than|avoid|refuse to|decline to"
    r"|cannot|\w+n['\u2019]t|(?:do|does|did|is|are|was|were|wo|ca|could|should|would|must)nt)\b"
    r"[^.!?]{0,24}\Z",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[.!?:;\u3002\uff01\uff1f]\s*(?=\S)|\s[-\u2013\u2014>]\s+(?=\S)")
SPAN = re.compile(r"`+([^`\n]+)`+|\*\*([^*\n]+)\*\*|\"([^\"\n]+)\"|\u201c([^\u201d\n]+)\u201d")
FIRST_PERSON = re.compile(
    r"\A\W*(?:so,? |then,? |now,? |okay,? |ok,? )?i(?:['\u2019]ll| will| choose to| choose| want to"
    r"|['\u2019]m going to| am going to| decide to|(?:['\u2019]d| would) like to"
    r"|(?:['\u2019]d| would)(?! like\b))? (?=\w)",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"([*_`])\1*|(?<![^\W_](?=.[^\W_]))["
    + re.escape("".join({letter for pair in QUOTES for letter in pair} - {"`"}))
    + "]"
)
"""A quotation mark or a run of emphasis; no apostrophe inside of a word."""
_FARTHEST_MARK = 2000
"""Characters before an action in which marks that enclose it may open."""
FARTHEST = 1000
"""Characters of a line in which an action after a sentence may begin."""
ANSWER = re.compile(
    r"\A(?P<open>[\W_]*?)(?P<marks>[*_`]{0,3})(?:(?:my|the) )?(?:final|chosen|best)?\s?"
    r"(?:(?<=final)|answer|action|choice|decision|response|output|i choose|i pick|i go with)"
    r"(?: is)?"
    r"[*_` ]*[:=](?P<shut>(?P=marks))?[ ]*(?=\S)",
    re.IGNORECASE,
)
"""The label of the line that counts among several."""


def outstanding(text: str) -> str:
    """Return the quotation marks and emphasis that a text opens and does not close."""
    opened: list[str] = []
    for found in _MARK.finditer(text[-_FARTHEST_MARK:]):
        mark = found[0]
        pairs = bool(opened) and opened[-1] not in EMPHASIS and (opened[-1], mark) in QUOTES
        if pairs or (opened and opened[-1] == mark):
            opened.pop()
        elif mark[0] in EMPHASIS or mark in OPENING_QUOTES:
            opened.append(mark)
    return "".join(opened)


def shown_line(line: str) -> tuple[str, str]:
    """Return a line and its visible form."""
    return line, visible(line)
