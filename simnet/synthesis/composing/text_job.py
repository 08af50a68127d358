"""The job of `simnet synthesize`: texts are made with personas."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.personas.generate import recorded_name
from simnet.personas.persona import Persona
from simnet.synthesis.asking.asker import Asker
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import GuardedReporter, JobOptions, Reporter, Silent, run_job
from simnet.synthesis.asking.repeats import Repeats
from simnet.synthesis.asking.staged import Staged
from simnet.synthesis.composing.composition import Composition, compose
from simnet.synthesis.people.expansion import check_parents
from simnet.synthesis.people.persona_file import PersonaFile


@dataclass(frozen=True, kw_only=True)
class TextJob:
    """What texts are made with. Raises UsageError if there are no personas, or silent ones."""

    personas: PersonaFile | Sequence[Persona]
    """With whom texts are made."""
    plan: Composition
    """What is written."""

    def __post_init__(self) -> None:
        if not len(self.personas):
            raise UsageError("there are no personas to make texts with")
        check_parents(self.personas)


@dataclass(frozen=True)
class MadeTexts:
    """The texts that a job has made, staged in its work folder."""

    stage: Staged
    """The file that holds them."""
    repeats: str
    """How near repeats were found."""
    model: str
    """Name of the model."""

    @property
    def count(self) -> int:
        """The number of texts."""
        return self.stage.count

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows, in the order of the personas."""
        return self.stage.rows()


async def synthesize(
    job: TextJob,
    model: Backend | Model,
    options: JobOptions,
    publish: Callable[[MadeTexts, Counts], None],
    reporter: Reporter | None = None,
) -> Counts:
    """Make texts, and `publish` them once all are there. Raises as `run_job` does."""
    guarded = GuardedReporter(Silent() if reporter is None else reporter)

    async def make(asker: Asker) -> MadeTexts:
        repeats = Repeats(near=options.near)
        guarded.phase(job.plan.task.name, len(job.personas) * job.plan.per)
        with Staged(options.work / "texts.jsonl") as stage:
            await compose(job.personas, asker, repeats, job.plan, stage)
        return MadeTexts(stage, repeats.method, recorded_name(asker.model.name))

    return await run_job(model, options, guarded, make, publish)
