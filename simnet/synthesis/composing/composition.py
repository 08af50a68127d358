"""Texts that a model writes with a persona in mind."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from simnet.errors import UsageError
from simnet.inference.model import Prompt
from simnet.personas.generate import LONGEST_TEXT, recorded_name
from simnet.personas.persona import Persona
from simnet.synthesis.asking.asker import Asker, Question, seed_of
from simnet.synthesis.asking.repeats import Repeats
from simnet.synthesis.asking.reply_log import Facts
from simnet.synthesis.asking.staged import Staged
from simnet.synthesis.composing.demonstrations import Demonstration, Shots, with_demonstrations
from simnet.synthesis.composing.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What is written. Raises UsageError for a number that cannot be used."""

    task: Task
    """The kind of text."""
    mode: Shots = "zero-shot"
    """Whether prompts show demonstrations, and with their personas."""
    demonstrations: Sequence[Demonstration] = field(default_factory=list)
    """Texts that prompts may show."""
    per: int = 1
    """Texts for each persona."""
    seed: int = 0
    """Decides replies, and which demonstrations are shown."""

    def __post_init__(self) -> None:
        if self.per < 1:
            raise UsageError(f"{self.per} texts for each persona: give 1 or more")

    @property
    def system(self) -> str:
        """What all prompts begin with."""
        return with_demonstrations(self.task.system, self.demonstrations)


def task_question(plan: Composition, system: str, persona: Persona, seed: int) -> Question[str]:
    """Ask for a text with a persona; `system` is that of the plan."""
    task = plan.task
    user = f"Person:\n{persona.portrait()[:LONGEST_TEXT]}\n\n{task.ask}"

    def prompt(used: int) -> Prompt:
        return Prompt(
            system=system,
            user=user,
            pattern=task.pattern,
            seed=used,
            max_tokens=task.max_tokens,
        )

    return Question(
        facts=Facts(task.name, persona.id),
        seed=seed,
        prompt=prompt,
        read=lambda completion, _: task.read(completion),
        about=persona,
    )


async def compose(
    personas: Iterable[Persona], asker: Asker, repeats: Repeats, plan: Composition, stage: Staged
) -> None:
    """Stage one row for each text that can be used and repeats no earlier one."""
    model = recorded_name(asker.model.name)
    async with aclosing(asker.ask(_questions(personas, plan))) as answers:
        async for answer in answers:
            if answer.value is None:
                continue
            if kind := repeats.add(answer.value):
                asker.counts.repeats[kind] += 1
                continue
            stage.add(_row(answer.question.about, answer.value, plan, model, answer.seed))


def _questions(personas: Iterable[Persona], plan: Composition) -> Iterator[Question[str]]:
    system = plan.system
    for persona in personas:
        for number in range(plan.per):
            yield task_question(plan, system, persona, seed_of(plan.seed, number))


def _row(persona: Persona, text: str, plan: Composition, model: str, seed: int) -> dict[str, Any]:
    portrait = persona.portrait()
    source = persona.source
    hashed = blake2b(portrait.encode("utf-8", "surrogatepass"), digest_size=8)
    return {
        "input persona": portrait,
        "synthesized text": text,
        "description": plan.task.description,
        "task": plan.task.name,
        "mode": plan.mode,
        "persona_id": persona.id,
        "persona_hash": hashed.hexdigest(),
        "model": model,
        "seed": seed,
        "source": source.file if source else None,
        "format": source.format if source else None,
        "licence": source.licence if source else None,
        "revision": source.revision if source else None,
    }
