"""Relations between personas by name, and what prompts say for each."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean

RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "relative": "a relative of theirs",
        "partner": "their partner in life",
        "friend": "an old friend of theirs",
        "neighbour": "a neighbour of theirs",
        "colleague": "a colleague of theirs",
        "manager": "the person they report to",
        "employee": "somebody who works for them",
        "client": "somebody they do their work for, such as a client, patient or guest",
        "supplier": "somebody whose work theirs depends on",
        "teacher": "somebody who taught them",
        "student": "somebody who learns from them",
        "rival": "a rival of theirs",
        "critic": "somebody who disagrees with them in public",
        "admirer": "somebody who follows what they do from afar",
        "carer": "somebody who looks after them",
        "stranger": "somebody they met once and still think of",
    }
)
"""What a prompt says of each relation that has a name."""


def phrase_of(relation: str | None) -> str | None:
    """Return what a prompt says of a relation: that of its name, or the words as they are."""
    return None if relation is None else RELATIONS.get(relation, relation)


def read_relations(texts: Sequence[str]) -> tuple[str | None, ...]:
    """Read relations: names, or phrases of several words such as "their patient".

    None is any relation. Raises UsageError with a similar name for a word that is no name.
    """
    for text in texts:
        if text not in RELATIONS and len(text.split()) < 2:
            hint = did_you_mean(text, RELATIONS) or ";"
            raise UsageError(
                f"there is no relation {text!r}{hint} There are {', '.join(RELATIONS)}; or write "
                'what prompts are to say, such as "their patient"'
            )
    return tuple(texts) or (None,)
