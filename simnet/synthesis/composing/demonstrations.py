"""Examples that prompts show: none, texts alone, or texts with the personas they were made with.

These are the zero-shot, few-shot and persona-enhanced few-shot prompts of Ge et al. 2024. All
prompts of a job show the same examples, so they share their prefix.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from simnet import draws
from simnet.datafiles import Broken, rows
from simnet.errors import InputError, UsageError
from simnet.foundation.text import counted, did_you_mean, one_line

Shots: TypeAlias = Literal["zero-shot", "few-shot", "persona-few-shot"]
"""How many examples a prompt shows, and whether with their personas."""
MODES: tuple[str, ...] = get_args(Shots)
PERSONA, TEXT = "input persona", "synthesized text"
"""Columns of a file of examples, which are those of PersonaHub."""
_LONGEST = 4_000
"""Characters of an example that prompts show."""


class Demonstration(NamedTuple):
    """A text that was made before, and with whom."""

    text: str
    """The text."""
    persona: str | None = None
    """With whom it was made, in words; None if nobody says."""


def read_demonstrations(
    path: Path | None, mode: str | None, shots: int, seed: int
) -> tuple[Shots, list[Demonstration]]:
    """Draw `shots` examples of a file; return them with the kind of prompts they are for.

    The kind is that of the file if `mode` is None: persona-few-shot if each example names its
    persona. Raises UsageError for an unknown kind or one that does not go with the file, and
    InputError for a file without examples or without the columns.
    """
    if mode is not None and mode not in MODES:
        hint = did_you_mean(mode, MODES) or ";"
        raise UsageError(f"--mode {mode}: no such mode{hint} There are {', '.join(MODES)}")
    if (mode == "zero-shot") if path else mode not in {None, "zero-shot"}:
        raise UsageError(
            "examples are for few-shot prompts; give --examples FILE with few-shot or "
            "persona-few-shot, and neither with zero-shot"
        )
    if path is None:
        return "zero-shot", []
    found = _read(path, with_persona=mode == "persona-few-shot")
    with_personas = all(one.persona for one in found)
    ranked = sorted(range(len(found)), key=lambda place: draws.bits(seed, "example", place))
    chosen = [found[place] for place in sorted(ranked[:shots])]
    if mode == "few-shot" or not with_personas:
        return "few-shot", [one._replace(persona=None) for one in chosen]
    return "persona-few-shot", chosen


def with_demonstrations(system: str, demonstrations: Sequence[Demonstration]) -> str:
    """Add examples to the part that all prompts share."""
    if not demonstrations:
        return system
    shown = []
    for one in demonstrations:
        person = f"Person:\n{one_line(one.persona)}\n\n" if one.persona else ""
        shown.append(f"{person}Text:\n{one.text[:_LONGEST]}")
    divider = "\n\n---\n\n"
    return (
        f"{system}\n\nExamples of good texts, which show the form and not the subject:\n\n"
        f"{divider.join(shown)}"
    )


def _read(path: Path, *, with_persona: bool) -> list[Demonstration]:
    found: list[Demonstration] = []
    needed = (TEXT, PERSONA) if with_persona else (TEXT,)
    for row in rows(path):
        if isinstance(row, Broken):
            raise InputError(f"{path}: {row.place}: {row.why}")
        for column in needed:
            value = row.fields.get(column)
            if not isinstance(value, str) or not value.strip():
                names = ", ".join(map(repr, row.fields))
                what = "is no text" if column in row.fields else f"is missing; there are {names}"
                raise InputError(f"{path}: {row.place}: column {column!r} {what}")
        persona = row.fields.get(PERSONA)
        named = isinstance(persona, str) and persona.strip()
        found.append(Demonstration(row.fields[TEXT].strip(), persona if named else None))
    if not found:
        raise InputError(f"{path}: there are no examples in it")
    return found


def describe(demonstrations: Sequence[Demonstration], mode: Shots) -> str:
    """Say what prompts show, for the data card."""
    return mode if mode == "zero-shot" else f"{mode}, {counted(len(demonstrations), 'example')}"
