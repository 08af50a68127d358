"""`simnet personas expand` makes many personas of texts or of other personas."""

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simnet.cli.given_path import check_there
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.personas.generating import Seed, ServedModel
from simnet.cli.personas.jobs import (
    JobFlags,
    check_out,
    left_out,
    outcome,
    run_to_end,
)
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible
from simnet.personas.catalogue import Catalogue
from simnet.personas.generate import GENERATED
from simnet.personas.source import Source

if TYPE_CHECKING:
    from simnet.synthesis.asking.counts import Counts
    from simnet.synthesis.asking.job import Reporter
    from simnet.synthesis.people.persona_job import Made, PersonaJob

TEXT_FILES = (".txt", ".md")


@dataclass(frozen=True, kw_only=True)
class GivenFlags:
    """The options that say what the input is."""

    column: Annotated[str | None, typer.Option(help="Column of a table that has texts.")] = None
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many personas.")] = None
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on without broken texts.")] = (
        False
    )
    licence: Annotated[
        str | None, typer.Option("--license", "--licence", help="Licence of the texts.")
    ] = None
    revision: Annotated[str | None, typer.Option(help="Revision of the texts.")] = None

    def are_texts(self, path: Path) -> bool:
        """Whether a path holds texts and not personas."""
        if self.column is not None or path.suffix.lower() in TEXT_FILES:
            return True
        return path.is_dir() and any(one.suffix.lower() in TEXT_FILES for one in path.rglob("*"))


@dataclass(frozen=True, kw_only=True)
class MadeFlags:
    """The options that say what is made."""

    hops: Annotated[
        int | None,
        typer.Option(min=0, help="Steps from persona to persona: 1, or 0 after texts."),
    ] = None
    relation: Annotated[
        list[str] | None,
        typer.Option(
            help='Who they are to the one before: a name, or "their patient"; repeatable.'
        ),
    ] = None
    per: Annotated[int, typer.Option(min=1, help="Personas for each text, or relation.")] = 1
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=A|B|=LOW..HIGH]", help="Attribute to fill; repeatable."),
    ] = None
    check: Annotated[
        bool, typer.Option("--check", help="Ask whether attributes contradict the description.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class PersonaOutput:
    """The options that say where the personas go."""

    out: Annotated[Path | None, typer.Option("--out", help="Folder to make.")] = None
    into: Annotated[Path | None, typer.Option("--into", help="Catalogue to add them to.")] = None
    format: Annotated[Literal["parquet", "jsonl"], typer.Option(help="File format of --out.")] = (
        "parquet"
    )
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that exists.")] = False

    def check(self) -> Path:
        """Return the first of the two. Raises UsageError if nothing could be written there."""
        first = self.out or self.into
        if first is None:
            raise UsageError("give --out DIR for a data set, --into CATALOGUE, or both")
        if self.out is not None:
            check_out(self.out, force=self.force)
        return first

    def publish(self, job: "PersonaJob", made: "Made") -> None:
        """Write personas to the folder and add them to the catalogue."""
        from simnet.synthesis.people.persona_folder import write_personas  # noqa: PLC0415

        if self.out is not None:
            write_personas(self.out, job, made, self.format, force=self.force)
        if self.into is not None:
            Catalogue.open(self.into).add(made.personas(), Source("", GENERATED))


@expand_groups
def expand(
    path: Annotated[
        Path,
        typer.Argument(help="Personas (file or catalogue), or texts (folder, .txt, or --column)."),
    ],
    asked: ServedModel,
    given: GivenFlags,
    flags: MadeFlags,
    output: PersonaOutput,
    job_flags: JobFlags,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make many personas of texts or of other personas."""
    from simnet.synthesis.people.persona_job import expand as run  # noqa: PLC0415  (imports pyarrow)

    options = job_flags.read(output.check())
    job = _job(path, given, flags, seed)
    backend = asked.choose()
    results: list[Made] = []

    def publish(made: "Made", _: "Counts") -> None:
        output.publish(job, made)
        results.append(made)

    def started(reporter: "Reporter") -> "Awaitable[Counts]":
        return run(job, backend, options, publish, reporter)

    counts = run_to_end(started, options.work, quiet=as_json)
    _print(job, results[0], counts, output, as_json=as_json)


def _job(path: Path, given: GivenFlags, flags: MadeFlags, seed: int) -> "PersonaJob":
    """Read the input and what is to be made of it. Raises UsageError and InputError."""
    from simnet.personas.sources.reading.origin import revision_of  # noqa: PLC0415
    from simnet.synthesis.people.attribute_completion import read_wanted  # noqa: PLC0415
    from simnet.synthesis.people.expansion import Expansion  # noqa: PLC0415
    from simnet.synthesis.people.named_relations import read_relations  # noqa: PLC0415
    from simnet.synthesis.people.persona_file import PersonaFile  # noqa: PLC0415
    from simnet.synthesis.people.persona_job import PersonaJob, Texts  # noqa: PLC0415

    check_there(path)
    are_texts = given.are_texts(path)
    hops = flags.hops if flags.hops is not None else 0 if are_texts else 1
    relations = read_relations(flags.relation or ())
    plan = Expansion(hops=hops, relations=relations, per=flags.per, seed=seed)
    wanted = read_wanted(flags.attribute or ())
    if not are_texts:
        people = PersonaFile(path=path, limit=given.limit)
        return PersonaJob(given=people, plan=plan, wanted=wanted, check=flags.check)
    if given.limit is not None:
        raise UsageError("--limit is for personas; give a table or folder with fewer texts")
    revision = given.revision or revision_of(path)
    source = Source(path.absolute().name, GENERATED, given.licence, revision)
    texts = Texts(path=path, column=given.column, source=source, skip_bad=given.skip_bad)
    return PersonaJob(given=texts, plan=plan, wanted=wanted, check=flags.check)


def _print(
    job: "PersonaJob", made: "Made", counts: "Counts", output: PersonaOutput, *, as_json: bool
) -> None:
    places = {"out": output.out, "into": output.into}
    if as_json:
        facts = {
            "personas": made.count,
            "given": job.count,
            "contradictory": made.contradictory,
            **{name: None if place is None else str(place) for name, place in places.items()},
        }
        print_json(outcome(counts, made.repeats, **facts))
        return
    where = " and ".join(str(place) for place in places.values() if place is not None)
    kind = "text" if job.from_texts else "persona"
    contradictory = (
        f", {made.contradictory} contradictory" if made.contradictory is not None else ""
    )
    typer.echo(
        visible(
            f"{counted(made.count, 'persona')} from {counted(job.count, kind)}{contradictory}"
            f"{left_out(counts, made.repeats)}: {where}"
        )
    )
