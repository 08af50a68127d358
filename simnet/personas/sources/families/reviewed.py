"""Personas of a catalogue that were reviewed: the flat rows of an export of a review.

Answers become attributes that no prompt contains. Their columns are known by their twins: each
question has a column `QUESTION_by`, and each corrected column a `COLUMN_original`.
"""

from simnet.personas.sources.columns.fields import attributes, identifier, listing, optional_text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has

BY = "_by"
"""End of the column with all answers to a question."""
ORIGINAL = "_original"
"""End of the column with the text before corrections."""


def _convert(fields: Fields) -> Draft:
    text = "persona" if "persona" in fields else "description"
    answers = {name for name in fields if f"{name}{BY}" in fields}
    by = {f"{name}{BY}" for name in answers}
    originals = {name for name in fields if name.removesuffix(ORIGINAL) in fields.keys() - {name}}
    own = frozenset({"id", "record_id", "untold", text, *by})
    given = {name: value for name, value in fields.items() if value is not None}
    untold = [*listing(fields, "untold"), "status", *sorted(answers | originals)]
    return Draft(
        identifier(fields, "id"),
        optional_text(fields, text),
        attributes(given, but=own),
        tuple(dict.fromkeys(untold)),
        complete=True,
    )


_COLUMNS = ("record_id", "id", "untold", "status")
REVIEWED = Format("review", has(*_COLUMNS), _convert, columns=_COLUMNS)
