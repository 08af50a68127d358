"""Reads the headings of a survey that Qualtrics exported.

Below the names of the columns, such as `Q1`, it has a row with the questions and a row with ids in
JSON. Neither is a respondent. Questions say more than `Q1`, so they name the attributes.
"""

from typing import Any

from simnet.personas.sources.families.qualtrics import RESPONSE, SETTINGS

_IMPORT_ID = '{"ImportId"'
_HEADINGS = frozenset({"response id", "responseid"})
_SHORTEST = 8
"""Characters of a heading that is taken for a question."""


class SurveyHeadings:
    """Tells headings from answers, one row after the other."""

    def __init__(self) -> None:
        self._questions: dict[str, str] = {}

    def skips(self, fields: dict[str, Any]) -> bool:
        """Return whether a row is one of headings, whose questions are remembered."""
        if RESPONSE not in fields:
            return False
        written = str(fields[RESPONSE]).strip()
        if written.casefold() in _HEADINGS:
            self._questions = _questions(fields)
            return True
        return written.startswith(_IMPORT_ID)

    def named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the answers by their questions, as far as their columns are called as before."""
        names = self._questions
        return {names.get(name, name): one for name, one in fields.items()} if names else fields


def _questions(fields: dict[str, Any]) -> dict[str, str]:
    """Return the questions by their columns; none if two columns would have the same name."""
    found = {}
    for name, heading in fields.items():
        question = " ".join(str(heading).split()).rstrip("?:. ")
        if len(question) >= _SHORTEST and name not in SETTINGS:
            found[name] = question
    others = fields.keys() - found.keys()
    unique = len(set(found.values())) == len(found) and others.isdisjoint(found.values())
    return found if unique else {}
