"""Personas made of texts and of other personas, over several steps.

The method is that of Ge et al. 2024 (arXiv 2406.20094): a text gives a persona, and each persona
gives further ones who stand in a relation to it. A step starts from the new personas of the step
before; what repeats an earlier persona is left out and starts nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.inference.model import Completion
from simnet.personas.generate import (
    GENERATED,
    parse,
    relation_prompt,
    relation_provenance,
    text_hash,
    text_prompt,
    text_provenance,
)
from simnet.personas.names import handle_for
from simnet.personas.persona import Attribute, Persona
from simnet.personas.source import Source
from simnet.synthesis.asking.asker import Asker, Question, seed_of
from simnet.synthesis.asking.repeats import Repeats
from simnet.synthesis.asking.reply_log import Facts
from simnet.synthesis.asking.staged import StagedPersonas
from simnet.synthesis.people.named_relations import phrase_of

Phase = Callable[[str, int], None]
"""Called with the name of a phase and the number of its questions, as it begins."""


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """How personas are expanded. Raises UsageError for numbers that cannot be used."""

    hops: int = 1
    """Steps from persona to persona."""
    relations: tuple[str | None, ...] = (None,)
    """Who the new personas are to the one before: a name in RELATIONS, or words such as "their
    patient"; one persona for each. None leaves the relation to the model."""
    per: int = 1
    """Personas for each text, and for each persona and relation."""
    seed: int = 0
    """Decides the replies."""

    def __post_init__(self) -> None:
        if self.hops < 0:
            raise UsageError(f"{self.hops} hops: give 0 or more")
        if self.per < 1:
            raise UsageError(f"{self.per} personas each: give 1 or more")
        if any(one is not None and not one.strip() for one in self.relations):
            raise UsageError('a relation is empty; give one such as "their patient"')
        if len(set(self.relations)) < len(self.relations):
            raise UsageError("a relation is given twice; give each once, and --per for more")

    @property
    def growth(self) -> int:
        """Questions for each persona in a step."""
        return len(self.relations) * self.per


class Crowd:
    """Decides which new personas are kept: no repeats, and no handle twice."""

    def __init__(self, repeats: Repeats) -> None:
        self.repeats = repeats
        self._handles: set[str] = set()

    def reserve(self, persona: Persona) -> None:
        """Take the handle and the description of a persona that is there already."""
        self._handles.add(persona.id)
        self.repeats.add(persona.description)

    def admit(self, persona: Persona, asker: Asker) -> Persona | None:
        """Return a new persona with a handle of its own, or None, counted, if it is a repeat."""
        if kind := self.repeats.add(persona.description):
            asker.counts.repeats[kind] += 1
            return None
        facts = sorted((name, str(value)) for name, value in persona.attributes.items())
        number = 1
        while persona.id in self._handles:
            number += 1
            handle = handle_for(persona.description, f"{persona.description} {facts} {number}")
            persona = persona.model_copy(update={"id": handle})
        self._handles.add(persona.id)
        return persona


async def from_texts(
    texts: Iterable[str],
    asker: Asker,
    crowd: Crowd,
    plan: Expansion,
    source: Source,
    stage: StagedPersonas,
) -> None:
    """Make personas of texts and stage them; `source` is where the texts come from."""
    own = replace(source, format=GENERATED)
    questions = (
        replace(text_question(text, asker.model.name, seed_of(plan.seed, number)), about=own)
        for text in texts
        for number in range(plan.per)
    )
    await _gather(questions, asker, crowd, stage)


async def from_personas(
    parents: Iterable[Persona],
    asker: Asker,
    crowd: Crowd,
    plan: Expansion,
    stage: StagedPersonas,
) -> None:
    """Make personas of personas, in one step, and stage them with the sources of their parents."""
    await _gather(_relation_questions(parents, asker.model.name, plan), asker, crowd, stage)


async def steps(
    first: Callable[[], Iterable[Persona]],
    count: int,
    asker: Asker,
    crowd: Crowd,
    plan: Expansion,
    folder: Path,
    phase: Phase,
) -> list[StagedPersonas]:
    """Take all steps from `count` personas; return the new personas of each step."""
    stages: list[StagedPersonas] = []
    parents = first
    for hop in range(1, plan.hops + 1):
        phase(f"step {hop} of {plan.hops}", count * plan.growth)
        with StagedPersonas(folder / f"step-{hop}.jsonl") as stage:
            await from_personas(parents(), asker, crowd, plan, stage)
        stages.append(stage)
        parents, count = stage.personas, stage.count
        if not count:
            break
    return stages


def text_question(text: str, model: str, seed: int) -> Question[Persona]:
    """Ask who would write or read a text."""

    def read(completion: Completion, used: int) -> Persona:
        return parse(completion, text_provenance(text, used), model)

    facts = Facts("text-to-persona", text_hash(text), 0)
    return Question(facts=facts, seed=seed, prompt=lambda used: text_prompt(text, used), read=read)


def relation_question(
    persona: Persona, relation: str | None, model: str, seed: int
) -> Question[Persona]:
    """Ask who stands in a relation to a persona."""
    provenance: dict[str, Attribute] = relation_provenance(persona, relation, seed)

    def read(completion: Completion, used: int) -> Persona:
        return parse(completion, provenance | {"seed": used}, model)

    hop = provenance["hop"]
    assert isinstance(hop, int)
    return Question(
        facts=Facts("persona-to-persona", persona.id, hop, relation),
        seed=seed,
        prompt=lambda used: relation_prompt(persona, phrase_of(relation), used),
        read=read,
        about=persona.source and replace(persona.source, format=GENERATED),
    )


def check_parents(personas: Iterable[Persona]) -> None:
    """Raise UsageError, before anything starts, for personas who say nothing about anybody."""
    silent = [persona.id for persona in personas if not persona.portrait().strip()]
    if silent:
        names = ", ".join(silent[:5]) + (", ..." if len(silent) > 5 else "")
        raise UsageError(
            f"{counted(len(silent), 'persona')} without a description: {names}; describe them, or "
            "leave them out"
        )


def _relation_questions(
    parents: Iterable[Persona], model: str, plan: Expansion
) -> Iterator[Question[Persona]]:
    for parent in parents:
        for relation in plan.relations:
            for number in range(plan.per):
                yield relation_question(parent, relation, model, seed_of(plan.seed, number))


async def _gather(
    questions: Iterable[Question[Persona]],
    asker: Asker,
    crowd: Crowd,
    stage: StagedPersonas,
) -> None:
    """Ask, leave out repeats, and stage the rest, in the order of the questions."""
    async with aclosing(asker.ask(questions)) as answers:
        async for answer in answers:
            if answer.value is None:
                continue
            new = crowd.admit(answer.value, asker)
            if new is not None:
                stage.add_persona(new.model_copy(update={"source": answer.question.about}))
