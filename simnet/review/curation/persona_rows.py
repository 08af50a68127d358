"""Personas of a review in simnet's own form, which `load_personas` reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.errors import UsageError
from simnet.personas.sources.families.reviewed import BY
from simnet.review.questions import export_columns
from simnet.review.review_folder import Reviewed

_ORIGIN = {"source": "file", "format": "format", "licence": "licence", "revision": "revision"}


def persona_rows(review: Reviewed, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return personas with corrections applied and the answers as attributes that no prompt has.

    Raises UsageError if the records are no personas of a catalogue.
    """
    facts = review.settings.source
    text = str(facts.get("text"))
    if facts.get("kind") != "personas" or not {"id", text} <= set(review.columns):
        raise UsageError(
            f"{review.folder}: the records are no personas of a catalogue, with id and text; "
            "export them as jsonl, and import that with --map id=COLUMN,description=COLUMN"
        )
    renamed = {new: old for old, new in dict(facts.get("renamed", {})).items()}
    own = {"id", text, "untold", *_ORIGIN}
    names = [name for name in review.columns if name not in own]
    answers = [
        name
        for question in review.questions
        for name in export_columns(question)
        if not name.endswith(BY)
    ]
    return [_persona(row, text, names, answers, renamed) for row in rows]


def _persona(
    row: Mapping[str, Any],
    text: str,
    names: Sequence[str],
    answers: Sequence[str],
    renamed: Mapping[str, str],
) -> dict[str, Any]:
    attributes = {renamed.get(name, name): row[name] for name in names if row[name] is not None}
    given = {name: row[name] for name in ("status", *answers) if row[name] is not None}
    return {
        "id": row["id"],
        "description": row[text],
        "attributes": attributes | given,
        "untold": [*dict.fromkeys([*(row.get("untold") or ()), *given])],
        "source": {_ORIGIN[name]: row.get(name) for name in _ORIGIN if row.get(name) is not None},
    }
