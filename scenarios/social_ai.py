"""Posts x personas x follower types: the SocialAI pipeline of distilabel's FinePersonas tutorial.

Each post has an author; whoever follows that author sees the post and replies. Who follows
whom is the pairing of posts and personas, so the full cross product, a random persona for each
post and the most similar persona for each post are three networks. The replies of one follower
type are one fine-tuning subset: `simnet export sft RUN --out DIR`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from simnet import (
    MINUTE,
    SECOND,
    Cohort,
    Cue,
    Feed,
    Never,
    OnPost,
    Persona,
    Reply,
    Scenario,
    Write,
    draws,
    sample,
)
from simnet.errors import InputError
from simnet.personas import load_personas
from simnet.personas.vectors import TextIndex

POSTS = (
    (
        "Hmm, ok now I'm torn: should I go for healthy chicken tacos or unhealthy beef tacos "
        "for late night cravings?"
    ),
    (
        "I need to develop a training course for my company on communication skills. "
        "Need to decide how deliver it remotely."
    ),
    (
        "I'm always 10 minutes late to meetups but no one's complained. "
        "Could this be annoying to them?"
    ),
)

TRAITS = {
    "supporter": [
        "Encouraging and positive",
        "Tends to prioritize enjoyment and relaxation",
        "Focuses on the present moment and short-term pleasure",
        "Often uses humor and playful language",
        "Wants to help others feel good and have fun",
    ],
    "troll": [
        "Provocative and confrontational",
        "Enjoys stirring up controversy and conflict",
        "Often uses sarcasm, irony, and mocking language",
        "Tends to belittle or dismiss others' opinions and feelings",
        "Seeks to get a rise out of others and create drama",
    ],
    "alarmist": [
        "Anxious and warning-oriented",
        "Focuses on potential risks and negative consequences",
        "Often uses dramatic or sensational language",
        "Tends to be serious and stern in tone",
        (
            "Seeks to alert others to potential dangers and protect them from harm "
            "(even if it's excessive or unwarranted)"
        ),
    ],
}

SETTING = "You are on a social network and answer posts in the role you are given."


def social_ai(
    personas: int = 3,
    pairing: Literal["cross", "random", "similar"] = "cross",
    types: Literal["all", "random"] = "all",
    per_post: int = 1,
    longest: int = 200,
    file: str = "",
    seed: int = 0,
) -> Scenario:
    """Let personas of each follower type answer the posts.

    `pairing` is who sees which post: all (`cross`), or for each post `per_post` personas drawn
    at random or most similar to it. `types` gives each persona all types, or one at random.
    `file` is a persona file to take the personas from; see `simnet personas import`.
    """
    crowd = (
        list(load_personas(Path(file), limit=personas)) if file else list(sample(personas, seed))
    )
    authors = [Persona(id=f"author{number}") for number, _ in enumerate(POSTS, 1)]
    followers = {kind: _followers(crowd, kind, types, seed) for kind in TRAITS}
    ties = [
        (follower.id, author.id)
        for author, post in zip(authors, POSTS, strict=True)
        for seen_by in _readers(crowd, post, pairing, per_post, seed)
        for kind in TRAITS
        if (follower := followers[kind].get(seen_by)) is not None
    ]
    cohorts = [
        Cohort(
            kind,
            list(people.values()),
            manner=_manner(kind),
            verbs=(Reply,),
            rhythm=OnPost(delay=SECOND),
            reacts_in=MINUTE / 2,
            text_limit=longest,
            memory=0,
            temperature=0.7,
        )
        for kind, people in followers.items()
        if people
    ]
    return Scenario(
        "social-ai",
        [Cohort("authors", authors, rhythm=Never()), *cohorts],
        cues=[
            Cue(number * MINUTE, author.id, Write(post))
            for number, (author, post) in enumerate(zip(authors, POSTS, strict=True))
        ],
        ties=ties,
        feed=Feed(size=1),
        setting=SETTING,
        lasts=len(POSTS) * MINUTE,
        seed=seed,
    )


def _manner(kind: str) -> str:
    traits = "\n".join(f"- {trait}" for trait in TRAITS[kind])
    return (
        f"You are one of the author's followers, the {kind}. Traits of your personality:\n{traits}"
    )


def _followers(
    crowd: Sequence[Persona], kind: str, types: Literal["all", "random"], seed: int
) -> dict[str, Persona]:
    """Make the followers of one type, by the id of the persona they are."""
    kinds = list(TRAITS)
    return {
        persona.id: persona.model_copy(update={"id": f"{persona.id}-{kind}"})
        for persona in crowd
        if types == "all" or kinds[draws.below(len(kinds), seed, persona.id, "type")] == kind
    }


def _readers(
    crowd: Sequence[Persona], post: str, pairing: str, per_post: int, seed: int
) -> list[str]:
    """Choose the personas that see a post."""
    ids = [persona.id for persona in crowd]
    if pairing == "cross":
        return ids
    if not 1 <= per_post <= len(crowd):
        raise InputError(f"per_post is {per_post}; choose 1 to {len(crowd)}, or more personas")
    if pairing == "random":
        return sorted(ids, key=lambda who: draws.unit(seed, who, post))[:per_post]
    index = TextIndex([persona.portrait() for persona in crowd])
    alike = [ids[position] for position, _ in index.nearest(post, per_post)]
    return (alike + [who for who in ids if who not in alike])[:per_post]
