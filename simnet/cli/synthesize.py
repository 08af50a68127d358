"""`simnet synthesize` has a model write texts with personas in mind."""

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
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.synthesis.asking.counts import Counts
    from simnet.synthesis.asking.job import Reporter
    from simnet.synthesis.composing.composition import Composition
    from simnet.synthesis.composing.text_job import MadeTexts


@dataclass(frozen=True, kw_only=True)
class TextFlags:
    """The options that say what prompts are like."""

    per: Annotated[int, typer.Option(min=1, help="Texts for each persona.")] = 1
    examples: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Examples to show, with PersonaHub's columns."),
    ] = None
    shots: Annotated[int, typer.Option(min=1, help="How many of the examples to show.")] = 3
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="zero-shot|few-shot|persona-few-shot",
            help="Whether examples are shown, and with their personas; by default as in FILE.",
        ),
    ] = None

    def plan(self, task: str, seed: int) -> "Composition":
        """Return what is written. Raises UsageError and InputError."""
        from simnet.synthesis.composing.composition import Composition  # noqa: PLC0415
        from simnet.synthesis.composing.demonstrations import read_demonstrations  # noqa: PLC0415
        from simnet.synthesis.composing.tasks import task_named  # noqa: PLC0415

        chosen = task_named(task)
        if self.examples is not None:
            check_there(self.examples)
        mode, shown = read_demonstrations(self.examples, self.mode, self.shots, seed)
        return Composition(task=chosen, mode=mode, demonstrations=shown, per=self.per, seed=seed)


@expand_groups
def synthesize(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="instruction, knowledge, math, logic, character or tool."
        ),
    ],
    path: Annotated[
        Path, typer.Argument(metavar="PERSONAS", help="A file of personas, or a catalogue.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    asked: ServedModel,
    flags: TextFlags,
    job_flags: JobFlags,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many personas.")] = None,
    format: Annotated[Literal["parquet", "jsonl"], typer.Option(help="File format.")] = "parquet",
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that exists.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make a data set of texts that a model writes with personas in mind."""
    from simnet.synthesis.composing.text_folder import write_texts  # noqa: PLC0415  (imports pyarrow)
    from simnet.synthesis.composing.text_job import TextJob  # noqa: PLC0415
    from simnet.synthesis.composing.text_job import synthesize as run  # noqa: PLC0415
    from simnet.synthesis.people.persona_file import PersonaFile  # noqa: PLC0415

    check_out(out, force=force)
    options = job_flags.read(out)
    people = PersonaFile(path=path, limit=limit)
    job = TextJob(personas=people, plan=flags.plan(task, seed))
    backend = asked.choose()
    results: list[MadeTexts] = []

    def publish(made: "MadeTexts", _: "Counts") -> None:
        write_texts(out, job, made, format, force=force)
        results.append(made)

    def started(reporter: "Reporter") -> "Awaitable[Counts]":
        return run(job, backend, options, publish, reporter)

    counts = run_to_end(started, options.work, quiet=as_json)
    (made,) = results
    if as_json:
        facts = {"texts": made.count, "given": len(job.personas), "task": task, "out": str(out)}
        print_json(outcome(counts, made.repeats, **facts))
        return
    given = counted(len(job.personas), "persona")
    typer.echo(
        visible(
            f"{counted(made.count, 'text')} from {given}{left_out(counts, made.repeats)}: {out}; "
            f'load it with datasets.load_dataset("{out}", "{task}")'
        )
    )
