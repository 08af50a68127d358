"""Separates the reasoning of a model from its reply.

Models that reason mark it in many ways: tags such as `<think>`, `[THINK]` or `◁think▷`, harmony
channels, a code fence called `thinking`, labelled paragraphs, or a field of its own beside the
reply. Chat templates may put the opening tag into the prompt, so a closing tag may come alone; a
reply that was cut off may never close its tag. Text that is not sure to be a reply counts as
reasoning. Sources: the chat templates and reasoning parsers of the models named below.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from simnet.inference.model import Completion
from simnet.inference.replies.reasoning_names import BOUNDED, IN_TAGS, OF_ANSWER, OF_THOUGHT

_OPEN, _SHUT = r"(?:<|&lt;|\uff1c|\u25c1)", r"(?:>|&gt;|\uff1e|\u25b7)"
_SLASH = r"[/\\\uff0f]+"
_GAP = r"\s{0,4}"
_TAG = re.compile(
    # The usual tags, also with a name space (`<seed:think>`), attributes or bars (`<|think|>`).
    rf"(?P<empty>{_OPEN}{_GAP}\|?{_GAP}(?:\w+:)?(?:{IN_TAGS}){_GAP}{_SLASH}{_GAP}\|?{_SHUT})"
    rf"|(?P<closing>{_OPEN}{_GAP}\|?{_GAP}{_SLASH}{_GAP}(?:\w+:)?(?:{IN_TAGS}){_GAP}\|?{_GAP}{_SHUT}"
    rf"|\[{_GAP}/{_GAP}(?:{IN_TAGS}){_GAP}\]"
    # Open thoughts and Sky-T1; Command A; Gemma; MedGemma.
    rf"|<\|?(?:end_of_{BOUNDED}|{BOUNDED}_end)\|?>"
    r"|<\|END_THINKING\|>|<channel\|>|<(?:unused|ctrl)95>)"
    rf"|(?P<opening>{_OPEN}{_GAP}\|?{_GAP}(?:\w+:)?(?:{IN_TAGS})(?:\s[^<>\n]{{0,80}}?)?\|?{_GAP}"
    rf"{_SHUT}"
    rf"|\[{_GAP}(?:{IN_TAGS}){_GAP}\]"
    rf"|<\|?(?:(?:begin|start)_of_{BOUNDED}|{BOUNDED}_(?:start|begin))\|?>"
    r"|<\|START_THINKING\|>|<\|channel>\s{0,4}(?:thought|analysis)"
    r"|<(?:unused|ctrl)94>(?:thought)?)",
    re.IGNORECASE,
)
_BRACKET_CLOSING = re.compile(rf"\[\s*/\s*(?:{IN_TAGS})\s*\]", re.IGNORECASE)
_FENCE = re.compile(
    rf"^[ \t]{{0,16}}(?P<fence>```+|~~~+)[ \t]{{0,8}}(?:{IN_TAGS})[ \t]{{0,8}}\n(?P<body>.*?)"
    r"(?:^[ \t]{0,16}(?P=fence)[ \t]{0,8}$|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_CHANNEL = re.compile(
    r"(?:<\|start\|>[^<\n]*)?<\|channel\|>\s*(?P<name>\w*)(?P<header>[^<]*)"
    r"(?:<\|constrain\|>[^<]*)?(?P<marked><\|message\|>)?"
    r"(?P<body>.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""One message of the harmony format of gpt-oss."""
_HARMONY_TOKEN = re.compile(
    r"<\|start\|>\s*\w*|<\|(?:end|return|call|message|channel|constrain)\|>", re.IGNORECASE
)
_CALLED = re.compile(r"to=(?:functions\.)?(\w+)")
_BARE_CHANNELS = re.compile(
    r"\A\s*analysis(?P<thought>(?=[^a-z\s]).*?)"
    r"(?:(?:<\|\w{1,40}\|>){0,4}assistant(?:<\|\w{1,40}\|>){0,4}final(?P<reply>.*))?\Z",
    re.DOTALL,
)
"""Harmony channels whose special tokens the server has dropped."""
_LABELS = re.compile(
    rf"\A[\W_]*(?:{OF_THOUGHT})(?:[^\w:\uff1a]|_)*[:\uff1a][*_`]{{0,3}}"
    r"(?P<thought>.*?)"
    rf"^[^\w\n]*(?:{OF_ANSWER})[*_` ]*[:\uff1a][*_`]*(?P<reply>.*)\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_FOLDED = re.compile(
    r"<details\b(?:[^<>]*\btype=\W?reasoning\b[^<>]*>(?:\s*<summary>[^<]*</summary>)?"
    r"|[^<>]*>\s*<summary>(?=[^<]*</summary>)[^<]*(?:think|thought|reason)[^<]*</summary>)"
    r"(?P<body>.*?)(?:</details>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Reasoning that a web front end folds up, as the proxies of Open WebUI send it."""
_MOST_PASSES = 16
"""Passes over a reply; one that still changes is nothing but tags within tags."""
_LONGEST_LABELLED = 100_000
"""Characters of a reply that is searched for labels; none is as long."""


NO_REASONING: Mapping[str, Any] = MappingProxyType(
    {"enable_thinking": False, "thinking": False, "thinking_budget": 0}
)
"""Arguments by which chat templates are asked for no reasoning; each knows one of them, or none."""
_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""Fields of a message in which endpoints give reasoning; some give it in two of them."""
_REASONING_PARTS = frozenset({"thinking", "reasoning", "redacted_thinking", "thought"})


class Separated(NamedTuple):
    """A reply and the reasoning that came with it."""

    text: str
    reasoning: str | None
    """None if there is none."""


_SOLUTION = re.compile(r"<\|(?:begin|end)_of_solution\|>")
"""Marks of the reply beside the reasoning of Sky-T1 and OpenThinker."""


def separate_reasoning(text: str) -> Separated:
    """Take the reasoning out of a reply. A text without any is returned unchanged."""
    if not (
        "<" in text
        or "\n" in text
        or "[" in text
        or "\u25c1" in text
        or "&lt;" in text
        or "\uff1c" in text
        or "nalysis" in text[:10]
    ):
        return Separated(text, None)
    reply, before, thoughts = text, "", list[str]()
    for _ in range(_MOST_PASSES):  # what is left may make up a tag; each pass makes it shorter
        if reply == before:
            break
        before = reply
        for separate in (_separate_channels, _separate_fences, _separate_tags, _separate_labels):
            reply, found = separate(reply)
            thoughts += found
    else:
        reply, thoughts = "", [*thoughts, reply]
    if reply == text:
        return Separated(text, None)
    reasoning = "\n\n".join(filter(None, map(str.strip, thoughts)))
    return Separated(_SOLUTION.sub("", reply).strip(), reasoning or None)


def without_reasoning(done: Completion) -> Completion:
    """Move the reasoning in a completion's text to its field `reasoning`."""
    text = done.text  # most replies have none of these: one check, once per model call
    if not (
        "<" in text
        or "\n" in text
        or "[" in text
        or "&" in text
        or text.startswith("analysis")
        or not text.isascii()
    ):
        return done
    text, found = separate_reasoning(text)
    if text is done.text or not done.usable:
        return done
    parts = [part for part in (done.reasoning, found) if part]
    return done._replace(text=text, reasoning="\n\n".join(parts) or None)


def message_parts(message: Any) -> tuple[str, str | None]:
    """Return the text and the reasoning of a chat message of an OpenAI-compatible endpoint.

    Reasoning comes in a field of its own, or as parts of the content. Raises TypeError for a
    content that is no text.
    """
    content, thoughts = message.content, list[str]()
    for name in _FIELDS:
        field = getattr(message, name, None)
        if isinstance(field, list):
            field = "".join(_part_text(part) for part in field)
        if isinstance(field, str) and field.strip() and field not in thoughts:
            thoughts.append(field)
    if isinstance(content, list):
        kinds = [(_part_kind(part), _part_text(part)) for part in content]
        thoughts += [text for kind, text in kinds if kind in _REASONING_PARTS]
        content = "".join(text for kind, text in kinds if kind not in _REASONING_PARTS)
    if content is None:
        content = getattr(message, "refusal", None) or ""
    if not isinstance(content, str):
        raise TypeError(f"its text is {content!r:.80}")
    return content, "\n\n".join(map(str.strip, thoughts)) or None


def _part_kind(part: Any) -> str:
    return str(part.get("type", "")) if isinstance(part, dict) else str(getattr(part, "type", ""))


def _part_text(part: Any) -> str:
    """Return the text of one part of a content, or of its parts."""
    if isinstance(part, str):
        return part
    names = ("text", "thinking", "reasoning", "content", "summary")
    for name in names:
        inner = part.get(name) if isinstance(part, dict) else getattr(part, name, None)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, list):
            return "".join(map(_part_text, inner))
    return ""


def _separate_channels(text: str) -> tuple[str, list[str]]:
    """Keep the channel `final` and calls of functions of a reply in the harmony format."""
    if "<|channel|>" not in text.lower():
        if (bare := _BARE_CHANNELS.match(text)) is not None:
            return bare["reply"] or "", [bare["thought"]]
        return text, []
    kept, thoughts = list[str](), list[str]()
    messages = list(_CHANNEL.finditer(text))
    for message in messages:
        body = message["body"] if message["marked"] else message["header"] + message["body"]
        called = _CALLED.search(message[0])
        if message["name"].lower() == "final":
            kept.append(body)
        elif called is not None and body.strip():
            kept.append(f"{called[1]}({body.strip()})")
        else:
            thoughts.append(body)
    before = _HARMONY_TOKEN.sub("", text[: messages[0].start()] if messages else text)
    (thoughts if kept else kept).insert(0, before)
    return "\n".join(kept), thoughts


def _separate_fences(text: str) -> tuple[str, list[str]]:
    thoughts = list[str]()
    for mark, block in (("<details", _FOLDED), ("```", _FENCE), ("~~~", _FENCE)):
        if mark in text:
            thoughts += [found["body"] for found in block.finditer(text)]
            text = block.sub("", text)
    return text, thoughts


def _separate_tags(text: str) -> tuple[str, list[str]]:
    """Take out what is between tags, before a closing tag alone, or after an opening one."""
    kept, thoughts = list[str](), list[str]()
    position, inside, closed = 0, False, False
    brackets_close = _BRACKET_CLOSING.search(text) is not None
    for tag in _TAG.finditer(text):
        if tag["opening"] and (inside or not _opens(tag[0], brackets_close)):
            continue
        if tag["empty"] and inside:
            continue
        part, position = text[position : tag.start()], tag.end()
        if tag["closing"] and closed and not inside and not text[position:].strip():
            kept.append(part)  # it closes again what is closed, after the reply
        elif tag["closing"]:
            closed = True
            if not inside:
                thoughts += kept
                kept.clear()
            thoughts.append(part)
        else:
            kept.append(part)
        inside = bool(tag["opening"])
    (thoughts if inside else kept).append(text[position:])
    return "".join(kept), thoughts


def _opens(tag: str, brackets_close: bool) -> bool:
    """Whether an opening tag is one: `[thinking]` may be a stage direction, `[THINK]` is not."""
    return not tag.startswith("[") or brackets_close or tag == "[THINK]"


def _separate_labels(text: str) -> tuple[str, list[str]]:
    """Separate `Reasoning: ...` from `Answer: ...`, where both begin a line."""
    if "\n" not in text or ":" not in text.replace("\uff1a", ":") or len(text) > _LONGEST_LABELLED:
        return text, []
    found = _LABELS.match(text)
    return (text, []) if found is None else (found["reply"], [found["thought"]])
