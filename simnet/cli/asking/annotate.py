"""`simnet annotate` has models judge texts of a run, rows of a file or logs of SynDisco."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from simnet.cli.asking.annotated_texts import SETTINGS, check_release, texts_of, write_logs
from simnet.cli.asking.survey import AcceptFailures, InFlight, untold_by
from simnet.cli.given_path import check_there
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, ModelFlags, Runs
from simnet.cli.output import print_error, print_json, print_table
from simnet.cli.personas.jobs import run_to_end
from simnet.cli.run_names import RUNS, complete_run
from simnet.errors import UsageError
from simnet.foundation.text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from simnet.annotation import Agreement, Annotation
    from simnet.annotation.annotation_job import Annotated as Outcome
    from simnet.annotation.annotation_rows import AnnotationRow
    from simnet.inference.backend import Backend
    from simnet.recording.reading.run import Run
    from simnet.runs.options.options import ModelOptions
    from simnet.scenario.syndisco.discussion_logs import LogRelease
    from simnet.synthesis.asking.job import Reporter


@expand_groups
def annotate(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE|REVIEW|LOGS",
            help="A run id, its folder or `latest`; a file of texts or a review with --text; or "
            "discussion logs of SynDisco, a .json file or a folder of them.",
            autocompletion=complete_run,
        ),
    ],
    flags: ModelFlags,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="FILE[:NAME]",
            help="Python file with the annotation, or .json or .yml settings of SynDisco.",
        ),
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="A question of yes or no, in place of --by.")
    ] = None,
    choices: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="The answers that --question allows.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the table, with --question.")] = "question",
    text: Annotated[str | None, typer.Option(help="Column of a file or review with texts.")] = None,
    author: Annotated[str | None, typer.Option(help="Column of a file with authors.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the table of a file or of logs.")
    ] = None,
    without_moderators: Annotated[
        bool,
        typer.Option("--without-moderators", help="Leave out what moderators of discussions say."),
    ] = False,
    release: Annotated[
        str | None,
        typer.Option(metavar="0.x|1.x|2.x", help="The form of the annotation logs of logs."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Judge the first ones only.")] = None,
    runs: Runs = RUNS,
    seed: Annotated[int, typer.Option(help="Seed of the replies.")] = 0,
    in_flight: InFlight = 256,
    accept_failures: AcceptFailures = False,
    as_json: AsJson = False,
) -> None:
    """Have models judge texts: posts of a run, rows of a file, or comments in logs of SynDisco.

    The run does not change. Of logs, annotation logs are written too, into `logs` in the folder.
    """
    from simnet.annotation import aannotate  # noqa: PLC0415
    from simnet.annotation.annotation_rows import REPLIES  # noqa: PLC0415

    check_release(release)
    task, moderators = _task(by, question, choices, name)
    texts = texts_of(
        what, runs, task, text=text, author=author, out=out,
        moderators=moderators and not without_moderators,
    )  # fmt: skip
    options = flags.read()
    model = _backend(options.model, options, texts.run)
    models = {key: _backend(value, options, None) for key, value in options.models.items()}

    def started(reporter: "Reporter") -> "Awaitable[Outcome]":
        return aannotate(
            texts.items, task, model=model, models=models, out=texts.folder, limit=limit, seed=seed,
            in_flight=in_flight, accept_failures=accept_failures, reporter=reporter,
        )  # fmt: skip

    result = run_to_end(started, texts.folder / REPLIES, quiet=as_json)
    logs = write_logs(texts, task, cast("LogRelease | None", release))
    agreed = _agreement(result.rows)
    if as_json:
        print_json({
            "path": str(result.path),
            "counts": {key: one.to_json() for key, one in result.counts.items()},
            "annotations": [{**row._asdict(), "answer": row.value} for row in result.rows],
            "agreement": [_plain(one) for one in agreed],
            **({} if logs is None else {"logs": str(logs)}),
        })  # fmt: skip
    else:
        _print(result.rows, agreed, result.path)
        if logs is not None:
            typer.echo(visible(f"logs of SynDisco are in {logs}"))


def _task(
    by: str | None, question: str | None, choices: str | None, name: str
) -> "tuple[Annotation, bool]":
    """Return the task, and whether it judges what moderators say."""
    from simnet.annotation import Annotation, read_annotation_settings  # noqa: PLC0415
    from simnet.questions import Choice, YesNo  # noqa: PLC0415
    from simnet.scenario.files.value_loading import load_value  # noqa: PLC0415

    if (by is None) == (question is None):
        raise UsageError("give --by FILE with an annotation, or one --question")
    if by is not None:
        if choices is not None:
            raise UsageError("--choices belongs to --question; the file of --by has its own")
        if Path(by).suffix in SETTINGS:
            check_there(Path(by))
            return read_annotation_settings(by)
        return load_value(by, Annotation, "annotation"), True
    assert question is not None
    if choices is None:
        return Annotation(name, [YesNo("answer", question)]), True
    given = [one.strip() for one in choices.split(",")]
    return Annotation(name, [Choice("answer", question, given)]), True


def _backend(model: Any, options: "ModelOptions", run: "Run | None") -> "Backend":
    """Choose a model; without one, that of the run if it was no model object."""
    from simnet.inference.backends.choice import choose  # noqa: PLC0415  (slow)
    from simnet.recording.files.manifest import IN_PROCESS  # noqa: PLC0415

    backend, engine = options.backend, options.settings_by_name
    facts = run.manifest.model if run is not None else None
    if facts is not None and model is None and backend in {None, facts.backend}:
        recorded = facts.backend or run.manifest.backend if run is not None else None
        if recorded not in {None, IN_PROCESS}:
            backend, model, engine = recorded, facts.name, {**facts.engine, **engine}
            print_error(f"the annotator is the run's own model, {visible(facts.name)}")
    return choose(backend, model, endpoint=options.endpoint(), engine=engine)


def _agreement(rows: "Sequence[AnnotationRow]") -> "Sequence[Agreement]":
    """Measure the agreement of several annotators; what keeps it from being measured is told."""
    from simnet.annotation import agreement  # noqa: PLC0415  (imports pyarrow)

    if len({row.annotator for row in rows}) < 2:
        return []
    try:
        return agreement(rows)
    except UsageError as error:  # the judgements are written, and agreement is only shown
        print_error(visible(str(error)))
        return []


def _plain(one: "Agreement") -> dict[str, Any]:
    kappas = [{"annotators": list(pair), "kappa": value} for pair, value in one.kappas.items()]
    return {**one._asdict(), "kappas": kappas}


def _print(rows: "Sequence[AnnotationRow]", agreed: "Sequence[Agreement]", path: Path) -> None:
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        key = (row.question, row.annotator, "no answer" if row.answer is None else row.answer)
        counts[key] = counts.get(key, 0) + 1
    cells = [[*key[:2], f"{key[2]:.60}", f"{count:,}"] for key, count in sorted(counts.items())]
    print_table(("question", "annotator", "answer", "items"), cells, numbers=("items",))
    for one in agreed:
        found = f"{one.alpha:.3f}" if one.alpha is not None else f"not defined: {one.why}"
        typer.echo(visible(f"{one.question}: Krippendorff's alpha ({one.level}) {found}"))
        for (first, second), kappa in one.kappas.items():
            typer.echo(
                visible(f"{one.question}: Cohen's kappa of {first} and {second} {kappa:.3f}")
            )
    for model in untold_by(rows):
        print_error(visible(f"{model} does not tell how probable its answers are"))
    typer.echo(visible(f"written to {path}"))
