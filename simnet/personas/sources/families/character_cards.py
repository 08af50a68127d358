"""Characters for role play: cards of SillyTavern and others (V1, V2, V3), and those of ElizaOS.

A card describes a character, and brings a scene, first words and specimens of talk, in which
`{{char}}` stands for the character and `{{user}}` for the other. Models are told who it is alone.
"""

import re

from simnet.personas.persona import Attribute
from simnet.personas.sources.columns.fields import attributes, prose, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_OLD_NAMES = {
    "char_name": "name",
    "char_persona": "description",
    "world_scenario": "scenario",
    "char_greeting": "first_mes",
    "example_dialogue": "mes_example",
}
"""Columns of cards of Pygmalion and TavernAI, by what they are called in the others."""
_TOLD = ("name", "nickname", "personality")
_CHARACTER = re.compile(r"\{\{\s*char\s*\}\}|<(?:bot|char)>", re.IGNORECASE)
_OTHER = re.compile(r"\{\{\s*user\s*\}\}|<user>", re.IGNORECASE)
_ELIZA = frozenset({"messageExamples", "postExamples", "modelProvider", "adjectives", "lore"})
_ELIZA_TOLD = ("name", "topics", "adjectives")


def _card(fields: Fields) -> Fields:
    """Return the fields of a card, which later versions have in `data`, by their usual names."""
    inner = fields.get("data")
    card = inner if isinstance(inner, dict) and "spec" in fields else fields
    return {_OLD_NAMES.get(name, name): value for name, value in card.items()}


def _is_card(fields: Fields) -> bool:
    card = _card(fields)
    return "name" in card and not {"first_mes", "mes_example"}.isdisjoint(card)


def _convert_card(fields: Fields) -> Draft:
    card = _card(fields)
    name = text(card, "name")

    def filled(value: Attribute) -> Attribute:
        """Put in who is meant."""
        if not isinstance(value, str):
            return value
        return _OTHER.sub("somebody", _CHARACTER.sub(lambda _: name, value))

    description = str(filled(prose(card.get("description"))))
    given = {one: value for one, value in card.items() if value not in ("", None, [], {})}
    values = attributes(given, but=frozenset({"description"}))
    values = {one: filled(value) for one, value in values.items()}
    untold = tuple(one for one in values if one not in _TOLD)
    return Draft(None, description, values, untold=untold, name=name)


def _is_eliza(fields: Fields) -> bool:
    return {"name", "bio"} <= fields.keys() and len(_ELIZA & fields.keys()) > 1


def _convert_eliza(fields: Fields) -> Draft:
    values = attributes(fields, but=frozenset({"bio", "lore"}))
    untold = tuple(one for one in values if one not in _ELIZA_TOLD)
    description = prose(fields.get("bio"), fields.get("lore"))
    return Draft(None, description, values, untold=untold, name=text(fields, "name"))


CHARACTER_CARD = Format(
    "character-card", _is_card, _convert_card, columns=("first_mes", "mes_example", *_OLD_NAMES)
)
ELIZAOS = Format("elizaos", _is_eliza, _convert_eliza, columns=("name", "bio", *sorted(_ELIZA)))
