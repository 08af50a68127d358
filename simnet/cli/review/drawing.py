"""Texts of the terminal page: a record, the answers so far, the keys.

What comes from a record is shown with control characters as escapes.
"""

from collections.abc import Mapping

from rich.text import Text

from simnet.cli.review.keys import COMMANDS, Choice, rating_keys
from simnet.foundation.text import visible
from simnet.review.questions import Question
from simnet.review.records.record_table import Record, as_text
from simnet.review.session import Session

_WIDE = 60
"""Columns from which keys are listed with what they do."""
_HELP = {
    "enter": "submit the answers",
    "d": "discard the record",
    "e": "correct a text; ctrl+s saves, escape leaves it",
    "c": "comment",
    "r": "rank",
    "u": "undo the last decision; several times for several",
    "/": "search: WORDS, or COLUMN: WORDS",
    "s": "order those in view by likeness to this record",
    "f": "filter those in view, such as likes>3 and topic~tool, or status=pending",
    "x": "show all records again",
    "n p": "next and previous record in view",
    "?": "this list",
    "q": "quit, as do ctrl+c and ctrl+q; it asks about what is not saved or submitted",
}
_TEXT_KEYS = {"correction": "e", "comment": "c", "ranking": "r"}


def escaped(text: str) -> str:
    """Write what steers a terminal as escapes, line by line."""
    return "\n".join(visible(line) for line in text.expandtabs(4).split("\n"))


def record_text(record: Record | None) -> Text:
    """Write the fields of a record, one below another."""
    if record is None:
        return Text("Nothing is pending in view. x shows all records, n and p go through, q quits.")
    shown = Text()
    for name, value in record.fields.items():
        text = as_text(value)
        if text:
            shown.append(f"{escaped(name)}: ", "bold")
            shown.append(f"{escaped(text)}\n")
    return shown


def answers_text(session: Session, labels: Mapping[str, Choice]) -> Text:
    """Write each question with its keys and the answer so far."""
    shown = Text()
    for question in session.review.questions:
        answer = session.draft.get(question.name)
        told = "-" if answer is None else as_text(answer) or "none"
        need = "" if question.required else "?"
        shown.append(f"{escaped(question.name)}{need} [{_keys_of(question, labels)}]: ")
        shown.append(f"{escaped(told)}\n", "bold")
    shown.rstrip()
    return shown


def _keys_of(question: Question, labels: Mapping[str, Choice]) -> str:
    if question.kind == "rating":
        keys = list(rating_keys(question))
        return f"{keys[0]}-{keys[-1]}"
    if question.kind in _TEXT_KEYS:
        return _TEXT_KEYS[question.kind]
    own = {one.label: key for key, one in labels.items() if one.question == question}
    return " ".join(f"{own.get(one, '')}={escaped(one)}" for one in question.labels)


def key_line(width: int) -> Text:
    """List the keys, with what they do where there is room."""
    if width >= _WIDE:
        return Text("  ".join(f"{key} {what}" for key, what in COMMANDS.items()))
    return Text(" ".join("⏎" if key == "enter" else key for key in COMMANDS))


def help_text() -> Text:
    """Say what every key does."""
    told = Text()
    for key, what in _HELP.items():
        told.append(key, "bold")
        told.append(f"  {what}\n")
    told.append("Digits rate; 10 is 0, or * where 0 is a rating. Letters choose labels.\n")
    return told
