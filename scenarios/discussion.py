"""Two people talk, in turns; a moderator may oversee them.

The people and the wording are those of SynDisco's programming tutorial. Taking turns is a
rhythm, and who speaks next a list of names: `round_robin`, `respond` or `random_order`.
"""

from typing import Literal

from simnet import MINUTE, Cohort, Feed, Persona, Scenario, TakingTurns, Write
from simnet.feeds import everything
from simnet.rhythms import random_order, respond, round_robin

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


def discussion(
    moderator: bool = False,
    turns: int = 10,
    speakers: Literal["round_robin", "respond", "random_order"] = "round_robin",
    remembers: int = 5,
) -> Scenario:
    """Talk for `turns` turns; everyone sees the last `remembers` comments."""
    people = [emma, giannis]
    names = [person.id for person in people] + ([overseer.id] if moderator else [])
    order = {"round_robin": round_robin, "respond": respond, "random_order": random_order}
    rhythm = TakingTurns(order[speakers](names, turns), every=MINUTE)
    feed = Feed(reads=everything, size=remembers, fresh=False, own=True, oldest_first=True)

    def speaking(name: str, personas: list[Persona], manner: str) -> Cohort:
        return Cohort(
            name, personas, manner, verbs=(Write,), rhythm=rhythm, reacts_in=MINUTE / 2, feed=feed
        )

    cohorts = [speaking("users", people, "Act like a human would.")]
    if moderator:
        oversees = "You are a moderator. Oversee the conversation."
        cohorts.append(speaking("moderators", [overseer], oversees))
    return Scenario("discussion", cohorts, setting=CONTEXT, lasts=turns * MINUTE)
