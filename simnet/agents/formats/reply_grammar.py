"""The format of replies: one action a line, which costs a model few tokens.

Lines look like `reply 2: Sounds great!` or `like 1`. The possible targets in a view (posts,
then senders of messages, suggested members, groups, communities) are numbered from 1, so the
grammar depends only on how many of each are shown; it is compiled once for each such `Shape`.
If a cohort has one verb with a text and no choice of target, a reply is the text alone.

`ReplyFormat.parse` returns actions or raises ModelError for every string.
"""

import re
from collections.abc import Mapping
from functools import cached_property

from simnet.agents.formats.number_fields import (
    NUMBERS,
    WRITTEN,
    number_pattern,
    number_syntax,
    read_number,
)
from simnet.agents.formats.numbered_view import Shape, target
from simnet.errors import ModelError
from simnet.foundation.text import counted
from simnet.world.actions import Action, Field, fields_of
from simnet.world.state.posts import View
from simnet.world.verbs import (
    Block,
    Dislike,
    Follow,
    Like,
    Mute,
    Pass,
    Quote,
    Reply,
    Report,
    Repost,
    Unblock,
    Unfollow,
    Unlike,
    Unmute,
    Write,
)

NO_REPLY = "the reply is empty"
NO_TEXT = "the reply has no text"
ONLY_REASONING = "the model was still reasoning when it ended, so there is no reply"

PLAIN: frozenset[type[Action]] = frozenset(
    {
        Block,
        Dislike,
        Follow,
        Like,
        Mute,
        Pass,
        Quote,
        Reply,
        Report,
        Repost,
        Unblock,
        Unfollow,
        Unlike,
        Unmute,
        Write,
    }
)
"""Verbs whose names suffice; the prompt describes all others by their docstrings."""

BREAKS = re.compile(r"[\r\n]+")
"""What is between two lines of a reply."""
_NAME = re.compile(r"[^\s:]*")


class ReplyFormat:
    """Describes a cohort's verbs to a model, constrains its replies and parses them."""

    def __init__(
        self, verbs: tuple[type[Action], ...], text_limit: int, feed_size: int, acts: int
    ) -> None:
        self.verbs = {verb.verb: verb for verb in verbs}
        self.text_limit = text_limit
        self.acts = acts
        self.sole_verb = verbs[0] if _is_text_alone(verbs, feed_size) and acts == 1 else None
        """The only verb, if a reply is its text alone; else None."""
        self._line_patterns = {verb.verb: _line_pattern(verb) for verb in verbs}
        self._patterns: dict[Shape, str | None] = {}

    @cached_property
    def rules(self) -> str:
        """How to reply, in words; the same for all views, so prefix caches keep it."""
        if self.sole_verb is not None:
            what = "your reply" if fields_of(self.sole_verb)[0].kind == "post" else "what you say"
            return f"Answer with {what} alone, at most {self.text_limit} characters."
        lines = [syntax(verb) + purpose(verb) for verb in self.verbs.values()]
        count = "one" if self.acts == 1 else f"one to {self.acts}"
        fields = [field for verb in self.verbs.values() for field in fields_of(verb)]
        numbers = ", A..B: a number from A to B" if any(f.kind in NUMBERS for f in fields) else ""
        forms = f"(N: a number you see, TEXT: at most {self.text_limit} characters{numbers})"
        return "\n".join([f"Answer with {count} of these lines {forms}:", *lines])

    def pattern(self, view: View) -> str | None:
        """Build the regular expression a reply to this view must match.

        None if the view leaves nothing to do but to pass.
        """
        shape = Shape.of(view)
        if shape not in self._patterns:
            self._patterns[shape] = self._build_pattern(shape)
        return self._patterns[shape]

    def _build_pattern(self, shape: Shape) -> str | None:
        if self.sole_verb is not None:
            possible = all(_reachable(field, shape) for field in fields_of(self.sole_verb))
            return self._text if possible else None
        verbs = [v for v in self.verbs.values() if all(_reachable(f, shape) for f in fields_of(v))]
        if all(verb is Pass for verb in verbs):
            return None
        line = "|".join(self._verb_pattern(verb, shape) for verb in verbs)
        return f"({line})" if self.acts == 1 else f"({line})(\\n({line})){{0,{self.acts - 1}}}"

    @property
    def _text(self) -> str:
        return rf"[^\s][^\n\r]{{0,{self.text_limit - 1}}}"

    def _verb_pattern(self, verb: type[Action], shape: Shape) -> str:
        parts = [verb.verb]
        for field in ordered_fields(verb):
            match field.kind:
                case "text":
                    parts.append(f": {self._text}")
                case "choice":
                    parts.append(f" ({'|'.join(field.choices)})")
                case "int" | "float":
                    parts.append(f" ({number_pattern(field)})")
                case kind:
                    parts.append(f" ({'|'.join(map(str, shape.numbers(kind)))})")
        return "".join(parts)

    def parse(self, reply: str, view: View) -> list[Action]:
        """Parse a constrained reply. Raises ModelError, with the reason, if it does not fit.

        Superfluous spaces and empty lines are accepted, nothing else; see `lenient_reader` for
        replies that nothing constrains.
        """
        text = reply.strip()
        if not text:
            raise ModelError(NO_REPLY)
        lines = [text]
        if "\n" in text or "\r" in text:
            lines = [line.strip() for line in BREAKS.split(text)]
        if self.sole_verb is not None:
            by_kind = {"post": "1", "text": " ".join(lines)}
            words = {field.name: by_kind[field.kind] for field in fields_of(self.sole_verb)}
            return [self.build(self.sole_verb, words, view)]
        if len(lines) > 1:
            lines = list(filter(None, lines))
        if len(lines) > self.acts:
            raise ModelError(
                f"the reply has {counted(len(lines), 'line')}, not {self.acts}: {excerpt(text)}"
            )
        return [self._parse_line(line, view) for line in lines]

    def _parse_line(self, line: str, view: View) -> Action:
        name = _NAME.match(line)[0]  # type: ignore[index]  # it matches every line
        verb = self.verbs.get(name)
        if verb is None:
            raise ModelError(f"the reply is not an action: {excerpt(line)}")
        match = self._line_patterns[name].fullmatch(line)
        if match is None:
            raise ModelError(f"the reply is not `{syntax(verb)}`: {excerpt(line)}")
        return self.build(verb, match.groupdict(), view)

    def build(self, verb: type[Action], words: Mapping[str, str], view: View) -> Action:
        """Build an action from the word of each of its fields; targets are their numbers in view.

        Raises ModelError for a word that the field cannot have.
        """
        values: dict[str, object] = {}
        for field in fields_of(verb):
            word = words[field.name]
            match field.kind:
                case "text":
                    values[field.name] = self._check_text(word.strip())
                case "choice":
                    if word not in field.choices:
                        raise ModelError(f"{verb.verb} wants one of {', '.join(field.choices)}")
                    values[field.name] = word
                case "int" | "float":
                    values[field.name] = read_number(word, field)
                case kind:
                    values[field.name] = target(kind, int(word), view, verb)
        return verb(**values)

    def _check_text(self, text: str) -> str:
        if not text:
            raise ModelError(NO_TEXT)
        if len(text) > self.text_limit:
            raise ModelError(f"the text has {len(text)} characters, not {self.text_limit}")
        return text


def _is_text_alone(verbs: tuple[type[Action], ...], feed_size: int) -> bool:
    if len(verbs) != 1:
        return False
    kinds = [field.kind for field in fields_of(verbs[0])]
    return kinds == ["text"] or (sorted(kinds) == ["post", "text"] and feed_size == 1)


def _reachable(field: Field, shape: Shape) -> bool:
    return field.kind in {"text", "choice", *NUMBERS} or len(shape.numbers(field.kind)) > 0


def ordered_fields(verb: type[Action]) -> list[Field]:
    """List fields in the order in which a reply has them: text comes last."""
    return sorted(fields_of(verb), key=lambda field: field.kind == "text")


def _line_pattern(verb: type[Action]) -> re.Pattern[str]:
    """Compile the pattern of this verb's line, for any view."""
    parts = [verb.verb]
    for field in ordered_fields(verb):
        match field.kind:
            case "text":
                parts.append(rf"\s*:(?P<{field.name}>.*)")
            case "choice":
                parts.append(rf"\s+(?P<{field.name}>\w+)")
            case "int" | "float":
                parts.append(rf"\s+(?P<{field.name}>{WRITTEN})")
            case _:
                parts.append(rf"\s+(?P<{field.name}>[1-9][0-9]{{0,3}})")
    return re.compile("".join(parts), re.DOTALL)


def syntax(verb: type[Action]) -> str:
    """Return the line of a verb, with N for a number in view and TEXT for a text."""
    parts = [verb.verb]
    for field in ordered_fields(verb):
        match field.kind:
            case "text":
                parts.append(": TEXT")
            case "choice":
                parts.append(f" {'|'.join(field.choices)}")
            case "int" | "float":
                parts.append(f" {number_syntax(field)}")
            case _:
                parts.append(" N")
    return "".join(parts)


def purpose(verb: type[Action]) -> str:
    """Return a dash and the first line of a verb's docstring; empty for verbs in PLAIN."""
    doc = verb.__doc__ or ""
    if verb in PLAIN or not doc or doc.startswith(f"{verb.__name__}("):  # made by dataclass
        return ""
    return " - " + doc.partition("\n")[0].rstrip(".").lower()


def excerpt(text: str, longest: int = 80) -> str:
    """Quote the beginning of a text in a message."""
    quoted = repr(text if len(text) <= longest else text[: longest - 3] + "...")
    escaped = 2 * longest  # a character without a shape is written with up to ten
    return quoted if len(quoted) <= escaped else f"{quoted[: escaped - 4]}...{quoted[-1]}"
