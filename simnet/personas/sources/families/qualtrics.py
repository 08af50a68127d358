"""Qualtrics: the answers of a survey, each by its question, beside how and when they were given."""

from simnet.personas.sources.columns.fields import attributes, identifier
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

RESPONSE = "ResponseId"
SETTINGS = (
    *("StartDate", "EndDate", "RecordedDate", "Status", "status", "Progress", "Finished"),
    *("IPAddress", "Duration (in seconds)", "LocationLatitude", "LocationLongitude"),
    *("RecipientLastName", "RecipientFirstName", "RecipientEmail", "ExternalReference"),
    *("DistributionChannel", "UserLanguage", "Q_RecaptchaScore", RESPONSE),
)
"""Columns that are in every export and say nothing about a respondent."""


def _fits(fields: Fields) -> bool:
    return RESPONSE in fields and not {"StartDate", "RecordedDate"}.isdisjoint(fields)


def _convert(fields: Fields) -> Draft:
    given = {name: one for name, one in fields.items() if one not in ("", None)}
    values = attributes(given, but=frozenset({RESPONSE}))
    return Draft(identifier(fields, RESPONSE), "", values, untold=SETTINGS)


QUALTRICS = Format("qualtrics", _fits, _convert, columns=(RESPONSE, "StartDate", "RecordedDate"))
