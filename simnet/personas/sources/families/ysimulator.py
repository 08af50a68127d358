"""YSimulator: agents of a population, with traits, rates of activity and recommenders."""

from simnet.personas.sources.columns.fields import attributes, optional_identifier
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_BIG_FIVE = {
    "oe": "openness",
    "co": "conscientiousness",
    "ex": "extraversion",
    "ag": "agreeableness",
    "ne": "neuroticism",
}
_NAMES = ("username", "name")
_SETTINGS = (
    *("user_type", "activity_profile", "archetype", "cluster", "llm", "toxicity", "is_page"),
    *("daily_activity_level", "round_actions", "recsys_type", "frecsys_type", "opinions", "type"),
)
_MARKS = frozenset({"round_actions", "daily_activity_level", "activity_profile", "frecsys_type"})


def _fits(fields: Fields) -> bool:
    return not fields.keys().isdisjoint(_NAMES) and len(_MARKS & fields.keys()) > 1


def _convert(fields: Fields) -> Draft:
    name = next(one for one in (*_NAMES, "") if one in fields or not one)
    named = {_BIG_FIVE.get(column, column): value for column, value in fields.items()}
    interests = fields.get("interests")
    if isinstance(interests, list) and interests and isinstance(interests[0], list):
        named["interests"] = interests[0]  # the second list has a weight for each
    values = attributes(named, but=frozenset({name}))
    return Draft(optional_identifier(fields, *_NAMES), "", values, untold=_SETTINGS)


YSIMULATOR = Format("ysimulator", _fits, _convert, columns=("username", "name"))
