"""Recognises tables that hold no personas, and says what they are and what to do with them."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from simnet.personas.sources.columns.vocabulary import words
from simnet.personas.sources.families.own import NAMES
from simnet.personas.sources.family import Fields


class Foreign(NamedTuple):
    """A kind of table that holds no personas."""

    what: str
    fits: Callable[[Fields], bool]
    advice: str = ""


def foreign(fields: Fields) -> Foreign | None:
    """Find what a row is that belongs to no persona; None if it may be one."""
    return next((kind for kind in _KINDS if kind.fits(fields)), None)


def suggested_map(fields: Fields) -> str:
    """Guess the columns for `--map`, such as `id=name,description=bio`; empty if none fits."""
    lowered = {name.casefold().replace(" ", "_"): name for name in fields}
    parts = []
    for target, names in (("id", _ID_COLUMNS), ("description", _PORTRAIT_COLUMNS)):
        found = next((lowered[n] for n in names if _is_text(fields.get(lowered.get(n, "")))), None)
        if found is not None:
            parts.append(f"{target}={found}")
    has_portrait = any(part.startswith("description=") for part in parts)
    return ",".join(parts) if has_portrait or (parts and _is_personal(fields)) else ""


_ID_COLUMNS = (
    *("id", "username", "user_name", "handle", "screen_name", "name", "full_name", "realname"),
    *("first_name", "agent_id", "user_id", "pk", "uuid", "respondent_id", "respondent"),
    *("participant_id", "participant", "response_id", "responseid", "subject_id", "person_id"),
    *("email", "email_address", "nombre", "nom", "nome", "vorname", "benutzer"),
    *(
        "\u59d3\u540d",
        "\u540d\u5b57",
        "\u540d\u524d",
        "\u6c0f\u540d",
        "\uc774\ub984",
        "\u0438\u043c\u044f",
        "\u0627\u0644\u0627\u0633\u0645",
        "\u0928\u093e\u092e",
        "ad",
    ),
)
"""Columns that may name somebody, also in Spanish, French, Italian, German, Chinese, Japanese,
Korean, Russian, Arabic, Hindi and Turkish."""
_PORTRAIT_COLUMNS = (
    *("description", "persona", "bio", "biography", "about", "profile", "background"),
    *("background_story", "backstory", "summary", "personality", "context", "public_info"),
    *("story", "character", "self_description", "introduction", "prompt", "system_prompt"),
    *(
        "beschreibung",
        "descripci\u00f3n",
        "descripcion",
        "descri\u00e7\u00e3o",
        "descrizione",
        "opis",
        "omschrijving",
    ),
    *(
        "\u7b80\u4ecb",
        "\u63cf\u8ff0",
        "\u4ecb\u7ecd",
        "\u7c21\u4ecb",
        "\u8aac\u660e",
        "\u7d39\u4ecb",
        "\uc124\uba85",
        "\uc18c\uac1c",
        "\u043e\u043f\u0438\u0441\u0430\u043d\u0438\u0435",
        "\u0627\u0644\u0648\u0635\u0641",
        "\u0935\u093f\u0935\u0930\u0923",
    ),
    "a\u00e7\u0131klama",
)
_TURN_KEYS = frozenset(
    {"role", "content", "from", "value", "text", "speaker", "utterance", "message", "sender"}
    | {"author", "history", "candidates"}
)
_CONVERSATIONS = (
    *("conversations", "conversation", "messages", "dialogue", "dialog", "turns", "utterances"),
    *("chat", "chats", "history"),
)
_PERSONAL = words(
    "age born birth birthday dob sex gender pronoun pronouns job occupation profession employment "
    "employer employed career work workplace education degree school studies nationality country "
    "city town hometown residence religion faith ethnicity race politics political party ideology "
    "leaning vote stance opinion attitude belief beliefs income class marital married family "
    "children siblings household personality trait traits temperament character mbti openness "
    "conscientiousness extraversion agreeableness neuroticism hobby hobbies interests interested "
    "dislikes preferences skills skill expertise goals ambition ambitions motivation motivations "
    "fears secret habits lifestyle background backstory biography bio about persona tone mood "
    "health diet smoker generation generations memories relationships lives values"
)
"""Words of names of columns that say something about a person and little else."""
_CONTENT = words(
    "text body content message question answer answers prompt response completion instruction "
    "output chosen rejected logs post tweet selftext subreddit headline article abstract doi price "
    "amount quantity sku product stock invoice url published publisher genre director isbn "
    "latitude longitude lat lon version dependencies repository command code query verb outcome "
    "currency total transcript caption rating review "
    "ingredients recipe brand manufacturer stars forks duration episodes parameters arguments "
    "function functions returns endpoint schema due deadline assignee priority venue subject"
)
"""Words of names of columns of what people wrote, sell or measure."""


_YAML = re.compile(r"---$|-\s+\w+:|\w+:\s")


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and bool(str(value).strip())


def _names(fields: Fields) -> set[str]:
    return {name.casefold() for name, value in fields.items() if value not in (None, "")}


def _words(fields: Fields) -> set[str]:
    return {word for name in _names(fields) for word in re.findall(r"[^\W_]+", name)}


def _is_personal(fields: Fields) -> bool:
    return not _words(fields).isdisjoint(_PERSONAL)


def _names_somebody(fields: Fields) -> bool:
    has_parts = isinstance(fields.get("attributes"), dict | str)
    return has_parts or not {"id", *NAMES, "description"}.isdisjoint(_names(fields))


def _is_about_somebody(fields: Fields) -> bool:
    """Whether a row says who somebody is: in words of a description or by personal columns."""
    names, parts = _names(fields), _words(fields)
    if {"attributes", "untold"} <= names:  # simnet's own form
        return True
    if parts & _PERSONAL:
        return len(parts & _PERSONAL) > len(parts & _CONTENT) or "description" in names
    if "attributes" in names or "description" in names:
        titled = "title" in names and names.isdisjoint(NAMES)
        return not (parts & _CONTENT or titled)
    return not names - {"id", *NAMES, "untold", "source", "licence", "license", "revision"}


def _conversation(fields: Fields) -> bool:
    return any(_are_turns(fields.get(name)) for name in _CONVERSATIONS) and not isinstance(
        fields.get("persona"), str
    )


def _are_turns(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(
        isinstance(turn, list | str) or (isinstance(turn, dict) and _TURN_KEYS & turn.keys())
        for turn in value
    )


def _ties(fields: Fields) -> bool:
    pairs = ("follower followee", "follower_id followee_id", "source target", "from to")
    letters = {"body", "text", "subject", "content", "message"}
    return _any_of(*pairs)(fields) and letters.isdisjoint(_names(fields))


def _any_of(*groups: str) -> Callable[[Fields], bool]:
    wanted = [frozenset(group.split()) for group in groups]
    return lambda fields: any(group <= _names(fields) for group in wanted)


def _impersonal(*groups: str) -> Callable[[Fields], bool]:
    some = _any_of(*groups)
    return lambda fields: some(fields) and not _is_personal(fields)


_KINDS = (
    Foreign(
        "a SynDisco log, which is a discussion and not its participants",
        lambda fields: isinstance(fields.get("logs"), list),
        "a run is made of it with scenarios/syndisco_logs.py; import the file of personas that "
        "SynDisco was given",
    ),
    Foreign(
        "a set of conversations",
        _conversation,
        'a person can be made from a text with: simnet personas from-text "..."',
    ),
    Foreign(
        "a list of ties",
        _ties,
        'use it in a scenario with ties=networks.edges("FILE")',
    ),
    Foreign(
        "a table of a run of simnet",
        _any_of("who turn verb", "who turn call", "who turn rank", "outcome cause turns"),
        "open the run with simnet.Run.open and read its table `personas`",
    ),
    Foreign(
        "a log of actions",
        _any_of("action_type action_args", "agent_id action_type", "user_id action info"),
        "import the file of the agents",
    ),
    Foreign(
        "a set of instructions or questions with answers",
        _impersonal(
            *("instruction output", "instruction response", "prompt completion"),
            *("prompt response", "prompt chosen rejected", "chosen rejected", "question answer"),
            *("question answers", "input output"),
        ),
        'a person can be made from a text with: simnet personas from-text "..."',
    ),
    Foreign(
        "a table of posts or other texts",
        _impersonal(
            "text", "body", "message", "content", "selftext", "tweet", "source_tweet", "post"
        ),
        'a person can be made from a text with: simnet personas from-text "..."',
    ),
    Foreign(
        "a sotopia environment, in which agents meet",
        _any_of("codename scenario agent_goals"),
        "import the file of the agents' profiles",
    ),
    Foreign("an empty object", lambda fields: not fields),
    Foreign(
        "YAML, which is not read",
        lambda fields: len(fields) == 1 and bool(_YAML.match(next(iter(fields)))),
        "save it as JSON",
    ),
    Foreign(
        "a table of people without a column that names them",
        lambda one: not _names_somebody(one) and _is_personal(one),
    ),
    Foreign(
        "a table without ids, names or descriptions",
        lambda one: not _names_somebody(one),
        "a CSV file begins with the names of its columns",
    ),
    Foreign(
        "a table that says nothing about who somebody is", lambda one: not _is_about_somebody(one)
    ),
)
"""The most specific come first, as the first that fits is taken."""
