"""Posts x personas x follower types: the SocialAI pipeline of distilabel's FinePersonas tutorial.

Each post has an author; whoever follows that author sees the post and replies. Who follows
whom is the pairing of posts and personas, so the full cross product, a random persona for each
post and the most similar persona for each post are three networks. The replies of one follower
type are one fine-tuning subset: `simnet export sft RUN --out DIR`.

Posts, personas, traits and the system text come from files where you name them::

    simnet run scenarios/social_ai.py --backend fake --set posts=posts.txt \
        --set file=people.jsonl --set traits=traits.json --set setting=system.txt

Follower types may ask LoRA adapters, and several models may share the followers of each type::

    simnet run scenarios/social_ai.py --set adapters=troll,alarmist=worrier \
        --adapter troll=adapters/troll --adapter worrier=adapters/worrier
    simnet run scenarios/social_ai.py --set models=default,big --also big=MODEL

`--set adapters=DIR` gives each type its adapter of `simnet train RUN --out DIR`.
"""

from collections.abc import Mapping, Sequence
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
from simnet.embedding import embedder
from simnet.errors import InputError
from simnet.personas import load_personas
from simnet.scenario.files.text_files import read_lists, read_rows, read_text
from simnet.training import trained_adapters

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
DEFAULT = "default"
"""What `models` calls the run's default model."""


def social_ai(
    personas: int = 3,
    pairing: Literal["cross", "random", "similar"] = "cross",
    types: Literal["all", "random"] = "all",
    per_post: int = 1,
    longest: int = 200,
    file: str = "",
    posts: str = "",
    traits: str = "",
    setting: str = SETTING,
    adapters: Sequence[str] = (),
    models: Sequence[str] = (DEFAULT,),
    seed: int = 0,
) -> Scenario:
    """Let personas of each follower type answer the posts.

    `pairing` is who sees which post: all (`cross`), or for each post `per_post` personas drawn
    at random or most similar to it, by vectors of WordLlama (extra `catalogue`). `types` gives
    each persona all types, or one at random.
    `file` is a persona file to take the personas from; see `simnet personas import`.

    `posts` is a file of posts: one a line, or a table with a column `post` or `text`. `traits` is
    a JSON object of the follower types with the traits of each. `setting` is the text that all
    prompts begin with, or the path of a .txt file that holds it. `adapters` lists the types that
    ask an adapter of their name, or of another: `troll` or `troll=other`. In place of a name, the
    folder of an adapter will do, and the folder of a training for all types that it has. The
    followers of each type are shared evenly among `models`; `default` is the one that `--model`
    names.
    """
    written = [row["post"] for row in read_rows(posts, ("post", "text"))] if posts else POSTS
    kinds = read_lists(traits) if traits else TRAITS
    adapter_of = _adapters(adapters, kinds)
    crowd = (
        list(load_personas(Path(file), limit=personas)) if file else list(sample(personas, seed))
    )
    authors = [Persona(id=f"author{number}") for number, _ in enumerate(written, 1)]
    followers = {kind: _followers(crowd, kind, list(kinds), types, seed) for kind in kinds}
    ties = [
        (follower.id, author.id)
        for author, post in zip(authors, written, strict=True)
        for seen_by in _readers(crowd, post, pairing, per_post, seed)
        for kind in kinds
        if (follower := followers[kind].get(seen_by)) is not None
    ]
    cohorts = [
        Cohort(
            kind if len(models) == 1 else f"{kind}_{model}",
            people,
            manner=_manner(kind, kinds[kind]),
            verbs=(Reply,),
            rhythm=OnPost(delay=SECOND),
            reacts_in=MINUTE / 2,
            text_limit=longest,
            memory=0,
            temperature=0.7,
            model=None if model == DEFAULT else model,
            adapter=adapter_of.get(kind),
        )
        for kind in kinds
        for model, people in _shared(list(followers[kind].values()), models, seed).items()
        if people
    ]
    return Scenario(
        "social-ai",
        [Cohort("authors", authors, rhythm=Never()), *cohorts],
        cues=[
            Cue(number * MINUTE, author.id, Write(post))
            for number, (author, post) in enumerate(zip(authors, written, strict=True))
        ],
        ties=ties,
        feed=Feed(size=1),
        setting=read_text(setting),
        lasts=len(written) * MINUTE,
        seed=seed,
    )


def _adapters(given: Sequence[str], kinds: Mapping[str, Sequence[str]]) -> dict[str, str | Path]:
    """Return the adapter of each type that has one: its name or its folder."""
    if len(given) == 1 and given[0] not in kinds and Path(given[0]).expanduser().is_dir():
        folders = trained_adapters(given[0])
        if not folders.keys() & kinds.keys():
            raise InputError(
                f"adapters: {given[0]} has adapters of {', '.join(folders)}, and the types are "
                f"{', '.join(kinds)}"
            )
        return {kind: folder for kind, folder in folders.items() if kind in kinds}
    named: dict[str, str | Path] = {
        kind: adapter or kind for kind, _, adapter in (one.partition("=") for one in given)
    }
    if unknown := sorted(named.keys() - kinds.keys()):
        raise InputError(f"adapters: there is no type {unknown[0]!r}; there are {', '.join(kinds)}")
    return named


def _shared(
    people: Sequence[Persona], models: Sequence[str], seed: int
) -> Mapping[str, list[Persona]]:
    """Share people evenly among models, in an order that the seed decides."""
    if not models or len(set(models)) < len(models):
        raise InputError(f"models={','.join(models)}: name each model once, at least one")
    mixed = sorted(people, key=lambda person: draws.unit(seed, person.id, "model"))
    share = {person.id: models[number % len(models)] for number, person in enumerate(mixed)}
    return {model: [one for one in people if share[one.id] == model] for model in models}


def _manner(kind: str, traits_of: Sequence[str]) -> str:
    traits = "\n".join(f"- {trait}" for trait in traits_of)
    return (
        f"You are one of the author's followers, the {kind}. Traits of your personality:\n{traits}"
    )


def _followers(
    crowd: Sequence[Persona],
    kind: str,
    kinds: Sequence[str],
    types: Literal["all", "random"],
    seed: int,
) -> dict[str, Persona]:
    """Make the followers of one type, by the id of the persona they are."""
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
    (wanted,) = embedder().encode([post])
    scores = embedder().encode([persona.portrait() for persona in crowd]) @ wanted
    nearest = sorted(range(len(crowd)), key=lambda place: -scores[place])
    return [ids[place] for place in nearest[:per_post]]
