"""Two people talk, in turns; a moderator may oversee them.

The people and the wording are those of SynDisco's programming tutorial. Taking turns is a
rhythm, and who speaks next a list of names: `round_robin`, `respond` or `random_order`.

People, context, instructions and the opinions that a discussion begins with come from files
where you name them, or all together from a file of settings as SynDisco has them::

    simnet run scenarios/discussion.py --backend fake --set file=people.jsonl \
        --set context=context.txt --set instructions=instructions.txt --set opinions=opinions.csv
    simnet run scenarios/discussion.py --backend fake --set settings=settings.json
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from simnet import MINUTE, Cohort, Cue, Feed, Never, Persona, Scenario, TakingTurns, Write
from simnet.errors import InputError
from simnet.feeds import everything
from simnet.personas import load_personas
from simnet.personas.sources.handles import sanitised
from simnet.rhythms import random_order, respond, round_robin
from simnet.scenario.files.text_files import read_object, read_rows, read_text

CONTEXT = "You are taking part in an online conversation."

emma = Persona(
    id="Emma35",
    attributes={
        "age": 38,
        "sex": "female",
        "education_level": "Bachelor's",
        "sexual_orientation": "Heterosexual",
        "demographic_group": "Latino",
        "current_employment": "Registered Nurse",
        "personality_characteristics": ["compassionate", "patient", "diligent", "overwhelmed"],
    },
)
giannis = Persona(
    id="Giannis",
    attributes={
        "age": 21,
        "sex": "male",
        "education_level": "College",
        "sexual_orientation": "Pansexual",
        "demographic_group": "White",
        "current_employment": "Game Developer",
        "personality_characteristics": ["strategic", "meticulous", "nerdy", "hyper-focused"],
    },
)
overseer = Persona(
    id="Moderator",
    attributes={
        "age": 41,
        "sex": "male",
        "education_level": "PhD",
        "sexual_orientation": "Pansexual",
        "demographic_group": "White",
        "current_employment": "Moderator",
        "personality_characteristics": ["strict", "neutral", "just"],
    },
)


INSTRUCTIONS = "Act like a human would."
OVERSEES = "You are a moderator. Oversee the conversation."


def discussion(
    moderator: bool = False,
    turns: int = 10,
    speakers: Literal["round_robin", "respond", "random_order"] = "round_robin",
    remembers: int = 5,
    file: str = "",
    personas: int = 0,
    context: str = CONTEXT,
    instructions: str = INSTRUCTIONS,
    oversees: str = OVERSEES,
    opinions: str = "",
    settings: str = "",
    seed: int = 0,
) -> Scenario:
    """Talk for `turns` turns; everyone sees the last `remembers` comments.

    `file` is a persona file, of which the first `personas` talk, or all if that is 0. `context`,
    `instructions` and `oversees`, which a moderator is told, are texts or paths of .txt files.
    `opinions` is a file of comments that are there at the start: one a line, or a table with the
    columns `text` and, if need be, `who`; without it the people take turns. `settings` is a JSON
    file of a discussion of SynDisco; what it holds takes the place of the other parameters.
    """
    people = list(load_personas(Path(file), limit=personas or None)) if file else [emma, giannis]
    overseers = [overseer] if moderator else []
    openings: list[tuple[str, str]] = []
    if settings:
        given = read_object(settings)
        people, overseers = _people(given, settings), _moderators(given)
        context = str(given.get("context", context))
        instructions = str(given.get("user_instructions", instructions))
        oversees = str(given.get("moderator_instructions", oversees))
        turns = int(given.get("conv_len", turns))
        remembers = int(given.get("history_ctx_len", remembers))
        openings = _given_openings(given, people)
    if opinions:
        openings = _openings(opinions, people)
    known = {person.id for person in [*people, *overseers]}
    names = [person.id for person in [*people, *overseers]]
    rhythm = TakingTurns(_order(speakers, names, turns, seed), every=MINUTE)
    feed = Feed(reads=everything, size=remembers, fresh=False, own=True, oldest_first=True)

    def speaking(name: str, personas: list[Persona], manner: str) -> Cohort:
        return Cohort(
            name, personas, manner, verbs=(Write,), rhythm=rhythm, reacts_in=MINUTE / 2, feed=feed
        )

    cohorts = [speaking("users", people, read_text(instructions))]
    if overseers:
        cohorts.append(speaking("moderators", overseers, read_text(oversees)))
    if others := list(dict.fromkeys(who for who, _ in openings if who not in known)):
        cohorts.append(Cohort("openers", [Persona(id=who) for who in others], rhythm=Never()))
    return Scenario(
        "discussion",
        cohorts,
        cues=[Cue(0, who, Write(text)) for who, text in openings],
        setting=read_text(context),
        lasts=turns * MINUTE,
        seed=seed,
    )


def _order(speakers: str, names: Sequence[str], turns: int, seed: int) -> list[str]:
    """List who speaks in which turn."""
    match speakers:
        case "respond":
            return respond(names, turns, seed=seed)
        case "random_order":
            return random_order(names, turns, seed)
        case _:
            return round_robin(names, turns)


def _openings(file: str, people: Sequence[Persona]) -> list[tuple[str, str]]:
    """Read who says what before the first turn; where nobody is named, people take turns."""
    rows = read_rows(file, ("text", "opinion", "comment"))
    return [
        (row.get("who") or row.get("username") or people[number % len(people)].id, row["text"])
        for number, row in enumerate(rows)
    ]


def _given_openings(given: dict[str, Any], people: Sequence[Persona]) -> list[tuple[str, str]]:
    """List who says what before the first turn, from the settings of SynDisco."""
    texts, names = given.get("seed_opinions", []), given.get("seed_opinion_usernames", [])
    names = names or [people[number % len(people)].id for number, _ in enumerate(texts)]
    return [(sanitised(name), text) for name, text in zip(names, texts, strict=True)]


def _people(given: dict[str, Any], file: str) -> list[Persona]:
    """Make the people of a SynDisco discussion: names, and a list of attributes of each."""
    names, attributes = given.get("user_names", []), given.get("user_attributes", [])
    if not names or len(names) != len(attributes):
        raise InputError(
            f"{file}: user_names has {len(names)} entries and user_attributes {len(attributes)}; "
            "give both, with one list of attributes for each name"
        )
    return [_person(name, traits) for name, traits in zip(names, attributes, strict=True)]


def _moderators(given: dict[str, Any]) -> list[Persona]:
    name = given.get("moderator_name")
    return [_person(name, given.get("moderator_attributes", []))] if name else []


def _person(name: str, traits: Sequence[str]) -> Persona:
    return Persona(id=sanitised(name), attributes={"attributes": list(traits)} if traits else {})
