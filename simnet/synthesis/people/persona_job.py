"""The job of `simnet personas expand`: personas are made, completed and checked, in this order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.personas.generate import GENERATED, recorded_name
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.synthesis.asking.asker import Asker
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import GuardedReporter, JobOptions, Reporter, Silent, run_job
from simnet.synthesis.asking.repeats import Repeats
from simnet.synthesis.asking.staged import StagedPersonas
from simnet.synthesis.people.attribute_completion import Wanted, complete_all
from simnet.synthesis.people.consistency import judge_all
from simnet.synthesis.people.expansion import (
    Crowd,
    Expansion,
    check_parents,
    from_texts,
    steps,
)
from simnet.synthesis.people.persona_file import PersonaFile
from simnet.synthesis.texts import check_texts, good_texts


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Texts of a file or folder. Raises InputError, before anything starts, if some are broken."""

    path: Path
    """The file or folder."""
    column: str | None = None
    """The column of a table; None for a folder or a file of text."""
    source: Source
    """What personas are told to come from."""
    skip_bad: bool = False
    """Whether texts that cannot be used are left out; else they are an error."""
    count: int = field(init=False)
    """Texts that can be used."""
    skipped: int = field(init=False)
    """Texts that are left out because they cannot be used."""

    def __post_init__(self) -> None:
        count, broken = check_texts(self.path, self.column, skip_bad=self.skip_bad)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "skipped", len(broken))


@dataclass(frozen=True, kw_only=True)
class PersonaJob:
    """What personas are made of and how. Raises UsageError if there is nothing to do."""

    given: Texts | PersonaFile | Sequence[Persona]
    """What personas are made of."""
    plan: Expansion
    """How."""
    wanted: Sequence[Wanted] = ()
    """Attributes that are filled."""
    check: bool = False
    """Whether a judge looks for contradictions."""

    def __post_init__(self) -> None:
        if isinstance(self.given, Texts):
            return
        check_parents(self.given)
        if not (self.plan.hops or self.wanted or self.check):
            raise UsageError(
                "0 hops from personas make nobody new; give --hops 1 or more, or --attribute or "
                "--check for the personas as they are"
            )

    @property
    def makes_personas(self) -> bool:
        """Whether the result is new personas, and not those given."""
        return self.from_texts or self.plan.hops > 0

    @property
    def from_texts(self) -> bool:
        """Whether texts are given, and not personas."""
        return isinstance(self.given, Texts)

    @property
    def count(self) -> int:
        """The number of texts or personas that are given."""
        return self.given.count if isinstance(self.given, Texts) else len(self.given)

    def describe(self) -> str:
        """Say what is given, for the data card."""
        return counted(self.count, "text" if self.from_texts else "persona")


@dataclass(frozen=True)
class Made:
    """The personas that a job has made, staged in its work folder."""

    stages: Sequence[StagedPersonas]
    """The files that hold them."""
    repeats: str
    """How near repeats were found."""
    model: str
    """Name of the model."""
    contradictory: int | None
    """How many contradict themselves; None if nobody looked."""

    @property
    def count(self) -> int:
        """The number of personas."""
        return sum(stage.count for stage in self.stages)

    def personas(self) -> Iterator[Persona]:
        """Iterate over the personas: first those of the texts, then those of each step."""
        return chain.from_iterable(stage.personas() for stage in self.stages)


async def expand(
    job: PersonaJob,
    model: Backend | Model,
    options: JobOptions,
    publish: Callable[[Made, Counts], None],
    reporter: Reporter | None = None,
) -> Counts:
    """Make personas, and `publish` them once all are there. Raises as `run_job` does."""
    guarded = GuardedReporter(Silent() if reporter is None else reporter)

    async def make(asker: Asker) -> Made:
        return await _make(job, asker, options, guarded)

    return await run_job(model, options, guarded, make, publish)


async def _make(job: PersonaJob, asker: Asker, options: JobOptions, reporter: Reporter) -> Made:
    crowd = Crowd(Repeats(near=options.near))
    stages = await _new(job, asker, crowd, options.work, reporter)
    if not job.makes_personas:
        assert not isinstance(job.given, Texts)
        with StagedPersonas(options.work / "given.jsonl") as stage:
            for persona in job.given:
                stage.add_persona(persona)
        stages = [stage]
    made = Made(stages, crowd.repeats.method, recorded_name(asker.model.name), None)
    seed = job.plan.seed
    if job.wanted:
        reporter.phase("attributes", made.count)
        with StagedPersonas(options.work / "completed.jsonl") as stage:
            await complete_all(made.personas(), asker, job.wanted, seed, stage)
        made = Made([stage], made.repeats, made.model, None)
    if job.check:
        reporter.phase("consistency", made.count)
        with StagedPersonas(options.work / "checked.jsonl") as stage:
            contradictory = await judge_all(made.personas(), asker, seed, stage)
        made = Made([stage], made.repeats, made.model, contradictory)
    return made


async def _new(
    job: PersonaJob, asker: Asker, crowd: Crowd, folder: Path, reporter: Reporter
) -> list[StagedPersonas]:
    """Make new personas and return them by step."""
    given = job.given
    if not isinstance(given, Texts):
        for persona in given:
            crowd.reserve(persona)
        return await steps(
            _again(given), len(given), asker, crowd, job.plan, folder, reporter.phase
        )
    reporter.phase("texts", given.count * job.plan.per)
    with StagedPersonas(folder / "step-0.jsonl") as stage:
        source = Source(given.source.file, GENERATED, given.source.licence, given.source.revision)
        texts = good_texts(given.path, given.column)
        await from_texts(texts, asker, crowd, job.plan, source, stage)
    further = await steps(
        stage.personas, stage.count, asker, crowd, job.plan, folder, reporter.phase
    )
    return [stage, *further]


def _again(personas: PersonaFile | Sequence[Persona]) -> Callable[[], Iterable[Persona]]:
    return lambda: personas
