"""Reads free replies: those of models whose output nothing constrains to the reply format.

Whatever has one meaning is understood; `docs/reference/replies.md` lists the spellings. What has
two meanings, or none, raises ModelError, as in the strict reader. Of more lines than the cohort's
`acts` the first count, since what follows an answer is its continuation: a comment, or a turn that
the model imagines. A line that is labelled as the answer counts before the others.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simnet.agents.formats import line_patterns, structured_replies
from simnet.agents.formats.lenient_lines import Command, LineReader, Unclear
from simnet.agents.formats.literals import structures
from simnet.agents.formats.numbered_view import members
from simnet.agents.formats.reply_grammar import BREAKS, NO_REPLY, NO_TEXT, ReplyFormat, excerpt
from simnet.errors import ModelError
from simnet.inference.replies.reasoning import separate_reasoning
from simnet.inference.replies.reply_text import (
    OPENING_QUOTES,
    QUOTES,
    SPECIAL_TOKENS,
    before_end_of_turn,
    shortened,
    unwrapped,
    without_fences,
    without_lone_quote,
    without_marks,
    without_name,
    without_specials,
)
from simnet.personas.persona import Persona
from simnet.world.actions import Action, fields_of
from simnet.world.state.posts import View

LONGEST_REPLY = 20_000
"""Characters of a reply that are read; what follows is left aside."""
_NAME_ATTRIBUTES = (
    "name", "full_name", "fullname", "first_name", "real_name", "realname", "display_name",
    "user_name", "username", "nickname", "handle",
)  # fmt: skip
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w+.#-]{0,32}\s*\Z")
_FENCE_AT_END = re.compile(r"(?<=[:\uff1a])\s{0,8}(?:`{3,}|~{3,})[\w+.#-]{0,32}\s*\Z")
_PLACEHOLDER = re.compile(r"[\W_]*TEXT[\W_]*")
"""What stands for a text in the prompt's rules; a model that repeats them says nothing."""
_WRAPPER = re.compile(
    r"</?(?:answer|final_answer|response|output|action|result|final|reply|tool_call)>|\${0,2}\\boxed\{(?P<boxed>[^{}\n]*)\}\${0,2}",
    re.IGNORECASE,
)
_SPECIAL_BEFORE_END = re.compile(rf"(?:{SPECIAL_TOKENS})(?=(?:[^\w:\uff1a]|_){{0,16}}\Z)")
_LONGEST_QUOTE = 20
"""Lines that a text in quotation marks may have."""
_SPEAKER = re.compile(
    r"[*_\[\"\u201c]*(?P<at>@?)(?P<name>[^\W_][\w.\-]{0,63})[*_\]\"\u201d]*\s?[:\uff1a]"
)


class Reading(NamedTuple):
    """What a free reply was read as."""

    actions: list[Action]
    cut: bool = False
    """Whether a text was over the limit and was cut."""
    surplus: bool = False
    """Whether the reply had more actions than count, or went on after a text."""


def own_names(persona: Persona) -> tuple[str, ...]:
    """List the names by which a persona may be called, the longest first."""
    names = {persona.id, re.sub(r"[_.\-]+", " ", persona.id)}
    for key, value in persona.attributes.items():
        if key.casefold().replace(" ", "_") in _NAME_ATTRIBUTES and isinstance(value, str):
            words = value.split()
            names |= {value.strip(), words[0]} if words else set()
    return tuple(sorted(filter(None, names), key=lambda name: (-len(name), name)))


def read(reply_format: ReplyFormat, reply: str, view: View, names: Sequence[str] = ()) -> Reading:
    """Read a reply to a view; `names` are those of the viewer.

    Raises ModelError, with the reason, if the reply has no meaning or more than one.
    """
    text = before_end_of_turn(reply[:LONGEST_REPLY]).strip()
    if not text:
        raise ModelError(NO_REPLY)
    if reply_format.sole_verb is not None:
        return _read_text(reply_format, text, view, names)
    reader = LineReader(reply_format, view)
    found = _commands(text, reader, names)
    found = [one for one in found if not _PLACEHOLDER.fullmatch(_text_of(one) or "")]
    if not found:
        raise ModelError(f"the reply is not an action: {excerpt(text)}")
    chosen = [one for one in found if one.labelled] or found
    if len(chosen) > reply_format.acts:
        chosen = list({repr(one._replace(goes_on=False)): one for one in chosen}.values())
    counted = chosen[: reply_format.acts]
    readings = [_build(reply_format, one, view, names) for one in counted]
    return Reading(
        [action for reading in readings for action in reading.actions],
        cut=any(reading.cut for reading in readings),
        surplus=len(chosen) > len(counted) or any(one.goes_on for one in counted),
    )


def clean_text(text: str, names: Sequence[str] = ()) -> str:
    """Return a text on one line, without reasoning, quotation marks and the writer's name."""
    text = before_end_of_turn(separate_reasoning(text).text)
    text = without_lone_quote(unwrapped(text, names, whole=False))
    return " ".join(filter(None, map(str.strip, BREAKS.split(text))))


def _commands(text: str, reader: LineReader, names: Sequence[str]) -> list[Command | Unclear]:
    """Read the lines that are actions; if none is, objects; if there is none, sentences.

    Objects come first if the reply begins with one.
    """
    bare = without_fences(text)
    if structured_replies.begins_with_structure(bare):
        found = structured_replies.commands(bare, reader)
        if found:
            return found
    text = _WRAPPER.sub(lambda found: f"\n{found['boxed'] or ''}\n", text)
    if "\n" in text.strip():
        text = without_marks(text)
    lines = [line for line in BREAKS.split(text) if line.strip() and not _FENCE.match(line)]
    lines = [line for line in lines if not _is_of_another(line, reader, names)]
    lines = [_FENCE_AT_END.sub("", without_name(_trimmed(line), names)) for line in lines]
    whole = list(_with_whole_texts(lines, reader))
    found = list(_line_commands(whole, reader))
    found = found or structured_replies.commands(bare, reader)
    return found or [one for line in whole if (one := reader.inside(line)) is not None]


def _line_commands(lines: Sequence[str], reader: LineReader) -> Iterator[Command | Unclear]:
    for number, line in enumerate(lines):
        command = _at_start(reader, line)
        if number and _text_of(command):  # marks around several lines end with its text
            opened = line_patterns.outstanding("\n".join(lines[max(0, number - 20) : number]))
            command = _at_start(reader, line, opened)
        if command is not None:
            after = lines[number + 1 : number + 2]
            goes_on = bool(after and _text_of(command) and _at_start(reader, after[0]) is None)
            yield command._replace(goes_on=goes_on)


def _trimmed(line: str) -> str:
    """Take special tokens off a line, unless they are its only text."""
    bare = _SPECIAL_BEFORE_END.sub("", without_specials(without_fences(line.strip())))
    return line.strip() if bare.rstrip()[-1:] in {":", "\uff1a"} else bare


def _at_start(reader: LineReader, line: str, opened: str = "") -> Command | Unclear | None:
    return structured_replies.of_function(line, reader) or reader.at_start(line, opened)


def _is_of_another(line: str, reader: LineReader, names: Sequence[str]) -> bool:
    """Whether a line is what the model lets another member do."""
    found = _SPEAKER.match(line.strip())
    if found is None or reader.verb_named(found["name"]) is not None:
        return False
    name = found["name"].casefold()
    if name in {one.casefold() for one in names}:
        return False
    return bool(found["at"]) or name in reader.handles


def _with_whole_texts(lines: Sequence[str], reader: LineReader) -> Iterator[str]:
    """Join a line with those on which its text goes on: after a colon, or inside of quotes."""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        text = _text_of(reader.at_start(line))
        if text == "" and position < len(lines) and reader.at_start(lines[position]) is None:
            line = f"{line} {lines[position]}"
            position += 1
        elif text and text[0] in OPENING_QUOTES:
            closing = {end for start, end in QUOTES if start == text[0]}
            if not closing & set(text[1:]):
                ends = range(position, min(len(lines), position + _LONGEST_QUOTE))
                end = next((at for at in ends if lines[at].rstrip(" *_`.")[-1:] in closing), None)
                if end is not None:
                    line = "\n".join([line, *lines[position : end + 1]])
                    position = end + 1
        yield line


def _text_of(command: Command | Unclear | None) -> str | None:
    """Return the text of an action that has one."""
    if not isinstance(command, Command):
        return None
    texts = [field.name for field in fields_of(command.verb) if field.kind == "text"]
    return command.words[texts[0]] if texts else None


def _build(
    reply_format: ReplyFormat, command: Command | Unclear, view: View, names: Sequence[str]
) -> Reading:
    if isinstance(command, Unclear):
        raise ModelError(command.why)
    words, cut = dict(command.words), False
    for field in fields_of(command.verb):
        if field.kind == "text":
            text = clean_text(words[field.name], names)
            words[field.name] = shortened(text, reply_format.text_limit)
            cut = words[field.name] != text
    return Reading([reply_format.build(command.verb, words, view)], cut=cut)


def _read_text(reply_format: ReplyFormat, text: str, view: View, names: Sequence[str]) -> Reading:
    """Read a reply that is its text alone."""
    verb = reply_format.sole_verb
    assert verb is not None
    bare = _own_part(unwrapped(text, names), view, names)
    bare = unwrapped(bare, names)
    if bare[:1] + bare[-1:] in {"{}", "[]"} and isinstance(value := _sole(bare), dict):
        said = structured_replies.text_in(value)
        if said is None:
            raise ModelError(f"the reply is an object without a text: {excerpt(text)}")
        bare = said
    command = structured_replies.of_function(bare, LineReader(reply_format, view))
    bare = _text_of(command) or re.sub(
        rf"\A[*_`]*{verb.verb}(?:\s*[#(\[]?1[)\]]?)?[*_`]*\s?[:\uff1a][*_`]*(?=.*\w)", "", bare,
        count=1, flags=re.IGNORECASE | re.DOTALL,
    )  # fmt: skip
    bare = clean_text(unwrapped(bare, names), names)
    if not bare:
        raise ModelError(NO_TEXT)
    said = shortened(bare, reply_format.text_limit)
    by_kind = {"post": "1", "text": said}
    words = {field.name: by_kind[field.kind] for field in fields_of(verb)}
    return Reading([reply_format.build(verb, words, view)], cut=said != bare)


def _sole(text: str) -> object:
    """Return the only structure of a text."""
    found = structures(text)
    while len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    return found[0] if len(found) == 1 else None


def _own_part(text: str, view: View, names: Sequence[str]) -> str:
    """Return what the viewer says in a reply that goes on with the words of others."""
    if "\n" not in text:
        return text
    own = {name.casefold() for name in names}
    others = {handle.casefold() for handle in members(view)} - own
    kept: list[str] = []
    speaking = False
    for number, line in enumerate(BREAKS.split(text)):
        found = _SPEAKER.match(line.strip())
        speaker = found["name"].casefold() if found else None
        if speaker in own and not speaking:
            kept, speaking = [line], True
        elif speaker in others and (number or any(name in own for name in _speakers(text))):
            if speaking:
                break
        elif speaking or number == 0 or kept:
            kept.append(line)
            speaking = True
    return "\n".join(kept) or text


def _speakers(text: str) -> Iterator[str]:
    for line in BREAKS.split(text):
        if (found := _SPEAKER.match(line.strip())) is not None:
            yield found["name"].casefold()
