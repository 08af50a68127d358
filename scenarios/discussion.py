"""Two people talk, in turns; a moderator may oversee them; many such discussions run at once.

The people and the wording are those of SynDisco's programming tutorial. Who speaks next is a rule:
`round_robin`, `respond` or `random`. People, context, instructions and the opinions that a
discussion begins with come from files where you name them, or all together from the settings of an
experiment as SynDisco has them::

    simnet run scenarios/discussion.py --backend fake --set file=people.jsonl \
        --set context=context.txt --set instructions=instructions.txt --set opinions=opinions.csv
    simnet run scenarios/discussion.py --backend fake --set settings=settings.json
    simnet run scenarios/discussion.py --backend fake --set rooms=100
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from simnet import Persona, Scenario
from simnet.discussions import (
    Discussion,
    NextSpeaker,
    RandomSpeaker,
    RespondsWith,
    RoundRobin,
    discussions,
    read_discussion_settings,
)
from simnet.personas import load_personas
from simnet.scenario.files.text_files import read_rows, read_text

CONTEXT = "You are taking part in an online conversation."
INSTRUCTIONS = "Act like a human would."
OVERSEES = "You are a moderator. Oversee the conversation."
SPEAKERS: dict[str, NextSpeaker] = {
    "round_robin": RoundRobin(),
    "respond": RespondsWith(0.5),
    "random": RandomSpeaker(),
}
"""Who speaks next, by name."""

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


def discussion(
    moderator: bool = False,
    turns: int = 10,
    speakers: Literal["round_robin", "respond", "random"] = "round_robin",
    remembers: int = 5,
    rooms: int = 1,
    active: int = 0,
    file: str = "",
    personas: int = 0,
    context: str = CONTEXT,
    instructions: str = INSTRUCTIONS,
    oversees: str = OVERSEES,
    opinions: str = "",
    settings: str = "",
    resamples: int = 0,
    seed: int = 0,
) -> Scenario:
    """Talk for `turns` turns in each of `rooms`; everyone sees the last `remembers` comments.

    The moderator speaks after each turn, in addition. `active` people are drawn for each room, or
    all take part if that is 0. `file` is a persona file, of which the first `personas` talk, or
    all if that is 0. `context`, `instructions` and `oversees`, which a moderator is told, are texts
    or paths of .txt files. `opinions` is a file of comments that are there at the start: one a
    line, or a table with the columns `text` and, if need be, `who`; without it the people take
    turns. `settings` is a file of settings of SynDisco, which take the place of all these.
    Replies that refuse or repeat are sampled again, `resamples` times at most.
    """
    if settings:
        read = read_discussion_settings(settings)
        return read.scenario(seed=seed, name="discussion", resamples=resamples)
    people = list(load_personas(Path(file), limit=personas or None)) if file else [emma, giannis]
    given = Discussion(
        people,
        _openings(opinions, people) if opinions else (),
        overseer if moderator else None,
        SPEAKERS[speakers],
        turns,
        active or None,
    )
    return discussions(
        [given] * rooms,
        name="discussion",
        context=read_text(context),
        instructions=read_text(instructions),
        moderation=read_text(oversees),
        history=remembers,
        resamples=resamples,
        seed=seed,
    )


def _openings(file: str, people: Sequence[Persona]) -> list[tuple[str, str]]:
    """Read who says what before the first turn; where nobody is named, people take turns."""
    rows = read_rows(file, ("text", "opinion", "comment"))
    return [
        (row.get("who") or row.get("username") or people[number % len(people)].id, row["text"])
        for number, row in enumerate(rows)
    ]
