"""Fills given attributes of personas, such as age, occupation and country, by a model.

All attributes of a persona are asked for in one prompt, one line each. Where the backend has
constrained decoding the reply has to match that form; elsewhere lines are read leniently, in any
order, or a JSON object. A value outside the declared choices or numbers is asked for again.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple

from simnet.errors import UsageError
from simnet.foundation.numbers.written_numbers import meanings
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.refusals import opens_with_refusal
from simnet.inference.replies.reply_text import unwrapped
from simnet.inference.replies.usable_reply import (
    INVALID,
    REFUSED,
    UnusableReplyError,
    without_its_reasoning,
)
from simnet.personas.generate import LONGEST_TEXT, PROVENANCE
from simnet.personas.persona import Attribute, Persona
from simnet.synthesis.asking.asker import Asker, Question
from simnet.synthesis.asking.reply_log import Facts
from simnet.synthesis.asking.staged import StagedPersonas

_NAME = re.compile(r"[A-Za-z_][\w ]{0,39}")
_RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})")
_MOST_NUMBERS = 200
"""Numbers that a pattern lists one by one; a wider range is checked after reading."""
_LONGEST_VALUE = 80
_AROUND = " .,;*_\"'`"
"""Characters around a value that are not part of it."""
_LINE = re.compile(r"^[\s*_>#\-\d.)]*(?P<name>[A-Za-z_][\w ]*?)[*_`\"]*\s*[:=]\s*(?P<value>.+)$")
_TOKENS_PER_ATTRIBUTE = 32
_SYSTEM = (
    "You complete the description of a person with facts that fit it. Where the description says "
    "a fact, use it; where it does not, choose one that is plausible for this very person. Answer "
    "with one line for each fact, the name, a colon and the value, in the order given, and "
    "nothing else."
)


class Wanted(NamedTuple):
    """An attribute to fill: one of `choices`, a number from `low` to `high`, or free text."""

    name: str
    """Name of the attribute."""
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def pattern(self) -> str:
        """The regular expression of a value."""
        if self.low is None or self.high is None:
            either = "|".join(map(_quoted, self.choices))
            return f"(?:{either})" if either else rf"\w[^\n:]{{0,{_LONGEST_VALUE - 2}}}"
        if self.high - self.low < _MOST_NUMBERS:
            return f"(?:{'|'.join(map(str, range(self.low, self.high + 1)))})"
        sign = "-?" if self.low < 0 else ""
        return rf"{sign}\d{{1,{max(len(str(abs(self.low))), len(str(abs(self.high))))}}}"

    @property
    def form(self) -> str:
        """What a prompt says about the value."""
        if self.choices:
            return f"one of: {', '.join(self.choices)}"
        if self.low is not None:
            return f"a whole number from {self.low} to {self.high}"
        return "a few words"

    def read(self, text: str) -> Attribute:
        """Return the value that a text says. Raises ValueError if it is not an allowed one."""
        bare = unwrapped(text).strip(_AROUND)
        if self.choices:
            for choice in self.choices:
                if choice.strip(_AROUND).casefold() == bare.casefold():
                    return choice
            raise ValueError(f"{self.name} is {bare[:60]!r}, none of {', '.join(self.choices)}")
        if self.low is None or self.high is None:
            if not re.search(r"\w", bare):
                raise ValueError(f"{self.name} is empty")
            return bare[:_LONGEST_VALUE]
        fit = [one for one in meanings(bare, whole=True) if self.low <= one <= self.high]
        if len(fit) != 1 or fit[0] != int(fit[0]):
            raise ValueError(
                f"{self.name} is {bare[:60]!r}, not one whole number {self.low} to {self.high}"
            )
        return int(fit[0])


def read_wanted(texts: Sequence[str]) -> list[Wanted]:
    """Read attributes: NAME, NAME=one|two|three, or NAME=LOW..HIGH. Raises UsageError."""
    wanted: dict[str, Wanted] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not _NAME.fullmatch(name):
            raise UsageError(f"--attribute {text}: give NAME, NAME=one|two or NAME=18..90")
        if name in PROVENANCE:
            raise UsageError(
                f"--attribute {text}: {name!r} says where a persona comes from; choose another name"
            )
        if name in wanted:
            raise UsageError(f"--attribute {text}: there is another attribute {name!r}")
        wanted[name] = _read_values(text, name, value) if equals else Wanted(name)
    return list(wanted.values())


def _read_values(text: str, name: str, value: str) -> Wanted:
    if numbers := _RANGE.fullmatch(value):
        low, high = int(numbers[1]), int(numbers[2])
        if low > high:
            raise UsageError(f"--attribute {text}: {low} is above {high}; give the lower one first")
        return Wanted(name, (), low, high)
    choices = tuple(one.strip() for one in value.split("|"))
    if len(choices) < 2 or not all(choices) or len(set(map(str.casefold, choices))) < len(choices):
        raise UsageError(f"--attribute {text}: give two or more different choices, as in size=s|m")
    return Wanted(name, choices)


def completion_question(
    persona: Persona, wanted: Sequence[Wanted], seed: int
) -> Question[dict[str, Attribute]]:
    """Ask for those attributes of a persona that it does not have."""
    forms = "\n".join(f"- {one.name}: {one.form}" for one in wanted)
    user = f"Facts to give:\n{forms}\n\nPerson:\n{persona.portrait()[:LONGEST_TEXT]}"
    pattern = r"\n".join(f"{_quoted(one.name)}: {one.pattern}" for one in wanted)

    def prompt(used: int) -> Prompt:
        return Prompt(
            system=_SYSTEM,
            user=user,
            pattern=pattern,
            seed=used,
            max_tokens=_TOKENS_PER_ATTRIBUTE * len(wanted),
        )

    return Question(
        facts=Facts("attributes", persona.id),
        seed=seed,
        prompt=prompt,
        read=lambda completion, _: read_values(completion, wanted),
        about=persona,
    )


def read_values(completion: Completion, wanted: Sequence[Wanted]) -> dict[str, Attribute]:
    """Read the values of attributes from a reply. Raises UnusableReplyError."""
    text = unwrapped(without_its_reasoning(completion, "the model").text)
    if opens_with_refusal(text):
        raise UnusableReplyError(f"refused: {text[:200]!r}", REFUSED)
    said = dict(_said(text))
    values: dict[str, Attribute] = {}
    for one in wanted:
        value = said.get(_key(one.name), text if len(wanted) == 1 and not said else None)
        if value is None:
            raise UnusableReplyError(
                f"the reply does not say {one.name!r}: {text[:200]!r}", INVALID
            )
        try:
            values[one.name] = one.read(value)
        except ValueError as error:
            raise UnusableReplyError(str(error), INVALID) from None
    return values


async def complete_all(
    personas: Iterable[Persona],
    asker: Asker,
    wanted: Sequence[Wanted],
    seed: int,
    stage: StagedPersonas,
) -> None:
    """Stage personas with the attributes filled that they lack.

    A persona whose attributes could not be filled is staged as it is, and counted as given up.
    """
    async with aclosing(asker.ask(_questions(personas, wanted, seed))) as answers:
        async for answer in answers:
            persona: Persona = answer.question.about
            attributes = {**persona.attributes, **(answer.value or {})}
            stage.add_persona(persona.model_copy(update={"attributes": attributes}))


def _questions(
    personas: Iterable[Persona], wanted: Sequence[Wanted], seed: int
) -> Iterator[Question[dict[str, Attribute]]]:
    for persona in personas:
        missing = [one for one in wanted if persona.attributes.get(one.name) in (None, "")]
        question = completion_question(persona, missing or wanted, seed)
        yield question if missing else replace(question, known={})


def _said(text: str) -> Iterator[tuple[str, str]]:
    """Iterate over the names and values that a reply says, as lines or as a JSON object."""
    if text.startswith("{"):
        try:
            fields = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            fields = {}
        yield from ((_key(name), str(value)) for name, value in fields.items())
        return
    for line in text.splitlines():
        if found := _LINE.match(line):
            yield _key(found["name"]), found["value"]


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def _quoted(text: str) -> str:
    """Write a text as a regular expression, with only those escapes that all engines read."""
    return re.sub(r"[.^$*+?{}\[\]\\|()]", lambda found: f"\\{found[0]}", text)
