"""Reads one line of a free reply as an action, whatever decorates it.

A line has one verb, then its fields in the order of the strict format. Around and between them may
be list marks, emphasis, quotation marks, brackets, words such as `post` or `to`, and punctuation.
What could mean two things is no action: `like 1, 2`, `like 1 or 2`, `~~like 1~~`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from simnet.agents.formats import line_patterns
from simnet.agents.formats.lenient_words import choice_word, number_word, past_words_between
from simnet.agents.formats.line_texts import text_after
from simnet.agents.formats.number_fields import NUMBERS
from simnet.agents.formats.numbered_view import Shape, members, names
from simnet.agents.formats.reply_grammar import ReplyFormat, ordered_fields
from simnet.inference.replies.reply_text import visible
from simnet.world.actions import Action, Field, fields_of
from simnet.world.state.posts import View

NO_TARGETS = frozenset({"text", "choice", *NUMBERS})
"""Kinds of fields that name nothing in view."""
NAMED = frozenset({"group", "community"})


class Command(NamedTuple):
    """One action as the words of its fields; numbers are those shown in the view."""

    verb: type[Action]
    words: dict[str, str]
    labelled: bool = False
    """Whether the line says that it is the answer."""
    goes_on: bool = False
    """Whether its text is followed by lines that are no action and were left aside."""


class Unclear(NamedTuple):
    """A line that has a verb but not one meaning."""

    why: str
    labelled: bool = False
    goes_on: bool = False


class LineReader:
    """Reads the lines of free replies to one view."""

    def __init__(self, reply_format: ReplyFormat, view: View) -> None:
        self._view = view
        self.verbs = reply_format.verbs
        self._shape = Shape.of(view)
        longest_first = sorted(self.verbs, key=len, reverse=True)
        spelt = "|".join(re.escape(name).replace("_", "[_ -]?") for name in longest_first)
        self._verb = re.compile(
            rf"(?:/|functions\.|actions?\.|tools?\.)?(?P<verb>{spelt})(?:[_ ]post)?"
            r"(?![^\W_]|[-'\u2019_][^\W_])",
            re.IGNORECASE,
        )
        self._several = re.compile(
            rf"\b(?:{spelt})\W{{1,3}}(?:\d|{line_patterns.BETWEEN}+?\d)", re.IGNORECASE
        )
        self._by_name = {_folded(name): verb for name, verb in self.verbs.items()}

    @cached_property
    def handles(self) -> list[str]:
        """The members that are numbered, in order, small."""
        return [handle.casefold() for handle in members(self._view)]

    def verb_named(self, name: str) -> type[Action] | None:
        """Find a verb by its name in any case, with or without `_post` at its end."""
        name = _folded(name.strip())
        name = name.rpartition(".")[2]
        found = self._by_name.get(name)
        return found or self._by_name.get(name.removesuffix("post"))

    def at_start(self, line: str, opened: str = "") -> Command | Unclear | None:
        """Read a line that begins with an action, or with a label before one.

        `opened` are the marks that the lines before it open and do not close.
        """
        line, shown = line_patterns.shown_line(line)
        label = line_patterns.ANSWER.match(shown)
        if label is not None:
            before = opened + label["open"] + ("" if label["shut"] else label["marks"])
            found = self._after(line, shown, label.end(), before)
            if found is not None:
                return found._replace(labelled=True)
        return self._after(line, shown, 0, opened)

    def inside(self, line: str) -> Command | Unclear | None:
        """Read a line with one action after a sentence, or in quotation marks."""
        line, shown = line_patterns.shown_line(line)
        first = line_patterns.FIRST_PERSON.match(shown)
        places = [first.end()] if first else []
        places += [
            found.end()
            for found in line_patterns.SENTENCE.finditer(shown[: line_patterns.FARTHEST])
        ]
        for place in places:
            if not line_patterns.NEGATION.search(
                shown[max(0, place - 80) : place].rstrip(" .!?:;`*\"'")
            ):
                opened = line_patterns.outstanding(shown[:place])
                found = self._after(line, shown, place, opened)
                if found is not None:
                    return found
        return self._in_marks(shown[: line_patterns.FARTHEST])

    def _in_marks(self, shown: str) -> Command | Unclear | None:
        """Read the action that a sentence names in quotation marks, bold or backticks."""
        spans = [one for found in line_patterns.SPAN.findall(shown) for one in found if one]
        commands = [c for one in spans if isinstance(c := self._after(one, one, 0), Command)]
        before = shown.partition(spans[0])[0].rstrip('`*"\u201c ') if spans else ""
        if not commands or line_patterns.NEGATION.search(before[-80:]):
            return None
        if any(one != commands[0] for one in commands):
            return Unclear("the reply names several actions in one sentence")
        return commands[0]

    def number_of(self, kind: str, word: str) -> str | None:
        """Return the number in view that a word means: a number, a handle or a group's name."""
        if (found := line_patterns.NUMBER.fullmatch(visible(word).strip())) is not None:
            return str(int(found["number"]))
        name = visible(word).strip().removeprefix("@").casefold()
        return self._number_of_name(kind, name)

    def only_number(self, verb: type[Action], field: Field) -> str | None:
        """Return the number of the only target that a field can have in this view."""
        numbers = self._shape.numbers(field.kind)
        targets = [one for one in fields_of(verb) if one.kind not in NO_TARGETS]
        return str(numbers[0]) if len(numbers) == 1 and len(targets) == 1 else None

    def _number_of_name(self, kind: str, name: str) -> str | None:
        match kind:
            case "member":
                return str(self.handles.index(name) + 1) if name in self.handles else None
            case "post":
                own = self.handles[: self._shape.posts]
                return str(own.index(name) + 1) if own.count(name) == 1 else None
            case _:
                known = [one.casefold() for one in names(self._view, kind)]
                first = self._shape.numbers(kind).start
                return str(known.index(name) + first) if known.count(name) == 1 else None

    def _after(
        self, line: str, shown: str, start: int, opened: str = "", *, nested: bool = False
    ) -> Command | Unclear | None:
        """Read the action that begins at a place of a line; `shown` is its visible form.

        `opened` are the marks before that place. If it is `nested`, in what follows another
        action, it is not looked for further actions in what follows it.
        """
        lead = line_patterns.LEAD.match(shown, start)
        found = self._verb.match(shown, lead.end() if lead else start)
        verb = self.verb_named(found["verb"]) if found else None
        if found is None or verb is None:
            return None
        command = None
        for fields in _orders(ordered_fields(verb)):
            command = self._fields(
                verb,
                fields,
                line,
                shown,
                at=found.end(),
                lead=opened + shown[start : found.start()],
                nested=nested,
            )
            if isinstance(command, Command):
                return command
        return command

    def _fields(
        self,
        verb: type[Action],
        fields: Sequence[Field],
        line: str,
        shown: str,
        *,
        at: int,
        lead: str,
        nested: bool,
    ) -> Command | Unclear | None:
        words: dict[str, str] = {}
        guessed, verb_end = False, at
        for field in fields:
            if field.kind == "text":
                text = text_after(line, shown, at, verb_end=verb_end, lead=lead)
                if text is None or (guessed and not nested and self._is_command(text)):
                    return None
                return Command(verb, {**words, field.name: text})
            place = self._field(verb, field, shown, at)
            if place is None:
                word = self.only_number(verb, field) if field.kind not in NO_TARGETS else None
                if word is None:
                    return None
                place, guessed = (word, at), True
            words[field.name], at = place
        return self._end(verb, words, shown[at:], guessed=guessed, nested=nested)

    def _field(
        self, verb: type[Action], field: Field, shown: str, at: int
    ) -> tuple[str, int] | None:
        """Read the word of a field that is no text, and the place where it ends."""
        if field.kind in NO_TARGETS:
            return choice_word(field, shown, at) if field.choices else number_word(shown, at)
        if (found := line_patterns.NUMBER.match(shown, at)) is not None:
            return self._numbered(field, str(int(found["number"])), shown, found.end())
        if field.kind in NAMED:
            return self._named(field.kind, shown, at)
        return self._member(field.kind, shown, at)

    def _member(self, kind: str, shown: str, at: int) -> tuple[str, int] | None:
        """Read a handle and its number in brackets; words such as `to` may stand before."""
        past = past_words_between(shown, at)
        for place in (past, at) if shown.startswith("@", past) else (at, past):
            if (found := line_patterns.HANDLE.match(shown, place)) is not None:
                handle = found["handle"].casefold()
                beside = line_patterns.NUMBERED.match(shown, found.end())
                if beside is not None and self._handle_at(beside["number"]) == handle:
                    return str(int(beside["number"])), beside.end()
                number = self._number_of_name(kind, handle)
                if number is not None:
                    return number, found.end()
        return None

    def _handle_at(self, number: str) -> str | None:
        place = int(number) - 1
        return self.handles[place] if 0 <= place < len(self.handles) else None

    def _numbered(self, field: Field, number: str, shown: str, at: int) -> tuple[str, int] | None:
        """Take a number; a handle beside it has to be that of the member it numbers."""
        owner = line_patterns.OWNER.match(shown, at)
        if owner is None or field.kind in NAMED:
            return number, at
        known = self._handle_at(number)
        return (number, owner.end()) if owner["handle"].casefold() == known else None

    def _named(self, kind: str, shown: str, at: int) -> tuple[str, int] | None:
        """Read the name of a group or a community."""
        place = past_words_between(shown, at)
        for name in sorted(names(self._view, kind), key=len, reverse=True):
            if shown[place:].casefold().startswith(name.casefold()):
                number = self._number_of_name(kind, name.casefold())
                return None if number is None else (number, place + len(name))
        return None

    def _end(
        self, verb: type[Action], words: dict[str, str], tail: str, *, guessed: bool, nested: bool
    ) -> Command | Unclear | None:
        """Accept what follows an action without a text, unless it changes the meaning."""
        ends = line_patterns.END.match(tail) or (not words and line_patterns.THIS_TIME.match(tail))
        if ends and "?" not in tail and "~" not in tail:
            return Command(verb, words)
        other = line_patterns.ANOTHER_NAME.match(tail) if words else None
        named = other and (other["handle"] or other["bare"]).casefold() in self.handles
        if named or line_patterns.ANOTHER.match(tail):
            return Unclear(f"the reply names several targets for {verb.verb}")
        comment = line_patterns.COMMENT.match(tail)
        if comment is None or guessed:
            return None
        after = comment["comment"]
        if not nested and (self._several.search(after) or self._is_command(after)):
            return Unclear("the reply has several actions on one line")
        return Command(verb, words)

    def _is_command(self, text: str) -> bool:
        return self._after(*line_patterns.shown_line(text), 0, nested=True) is not None


def _orders(fields: list[Field]) -> Iterator[Sequence[Field]]:
    """Yield the orders in which fields may come: a choice may come before a number."""
    yield fields
    kinds = [field.kind for field in fields]
    if len(fields) >= 2 and "choice" in kinds[1:]:
        yield sorted(fields, key=lambda field: (field.kind == "text", field.kind != "choice"))


def _folded(name: str) -> str:
    return name.casefold().replace("\u0131", "i").replace("_", "").replace("-", "").replace(" ", "")
