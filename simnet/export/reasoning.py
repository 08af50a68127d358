"""Removes reasoning ("thinking aloud") of models from recorded texts.

The tags are those of the model families that write them into the reply: `<think>` (DeepSeek-R1,
Qwen3, many others) and its spellings, `[THINK]` (Magistral), `<seed:think>` (Seed-OSS),
the triangles of Kimi-VL, `<|begin_of_thought|>` (Sky-T1, OpenThinker) and the channels of gpt-oss.
"""

import re

_NAMES = "think|thinking|thought|thoughts|reason|reasoning|reflection|scratchpad|inner_monologue"
_OPEN = (
    rf"<(?:\w+:)?(?:{_NAMES})(?:\s[^<>]*)?>|\[think\]|\u25c1think\u25b7"
    r"|<\|begin_of_thought\|>"
)
_CLOSE = (
    rf"</(?:\w+:)?(?:{_NAMES})\s*>|\[/think\]|\u25c1/think\u25b7"
    r"|<\|end_of_thought\|>"
)
_TAG = re.compile(f"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE)
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*\w+\s*)?<\|channel\|>\s*(?P<name>\w+)[^<]*<\|message\|>"
    r"(?P<text>.*?)(?=<\|start\|>|<\|channel\|>|$)",
    re.DOTALL,
)
_END = re.compile(r"<\|(?:end|return|call)\|>\s*$")
_ANSWER = re.compile(r"<\|(?:begin|end)_of_solution\|>")
_FINAL = "final"
"""Name of the channel of gpt-oss that holds the reply."""


def without_reasoning(text: str) -> str:
    """Return a text without its reasoning; one that holds none is returned as it is.

    A block without an end reaches to the end of the text. An end without a beginning ends a block
    that began before the text, as where a chat template writes the opening tag.
    """
    if not holds_reasoning(text):
        return text
    if _CHANNEL.search(text):
        finals = (found for found in _CHANNEL.finditer(text) if found["name"] == _FINAL)
        text = " ".join(_END.sub("", found["text"]).strip() for found in finals)
    kept, depth, position = "", 0, 0
    for tag in _TAG.finditer(text):
        if not depth:
            kept += text[position : tag.start()]
        if tag["open"]:
            depth += 1
        elif depth:
            depth -= 1
        else:
            kept = ""  # all before it was reasoning
        position = tag.end()
    if not depth:
        kept += text[position:]
    return _ANSWER.sub("", kept).strip()


def holds_reasoning(text: str) -> bool:
    """Return whether a text holds a tag of reasoning."""
    if "<" not in text and "[" not in text and "\u25c1" not in text:
        return False
    return _TAG.search(text) is not None or _CHANNEL.search(text) is not None
