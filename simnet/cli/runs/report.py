"""`simnet report` writes the report of a run or of a study."""

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, Runs
from simnet.cli.output import print_json, print_missing
from simnet.cli.run_names import RUNS, complete_run
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.report import Report

OutFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The page; by default report.html in the folder of the run or study."
    ),
]
Figures = Annotated[
    bool, typer.Option("--figures/--no-figures", help="Write figures as SVG, PNG and CSV too.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace another page that is there.")]


def report(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RUN|STUDY",
            help="A run as for `simnet show`, or the folder of a study.",
            autocompletion=complete_run,
        ),
    ] = "latest",
    runs: Runs = RUNS,
    out: OutFile = None,
    figures: Figures = True,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a page about a run or a study: one HTML file that needs no network."""
    folder = Path(target).expanduser()
    if (folder / "study.json").is_file():
        from simnet.studies import report_study  # noqa: PLC0415  (imports scipy)

        check_page(out, folder, force=force)
        print_report(report_study(folder, out, figures=figures), as_json=as_json)
        return
    if folder.suffix == ".py" or ".py:" in target:
        raise UsageError(
            f"{target} is a Python file; name the folder of its study, or use: "
            f"simnet study report {quote(target)}"
        )
    opened = open_run(target, runs)
    from simnet.report import report_run  # noqa: PLC0415  (imports pyarrow)

    check_page(out, opened.path, force=force)
    print_missing(opened)
    print_report(report_run(opened, out, figures=figures), as_json=as_json)


def check_page(out: Path | None, folder: Path, *, force: bool) -> None:
    """Raise UsageError for a file that is there, but for the report in the folder itself."""
    from simnet.report.writing_reports import page_path  # noqa: PLC0415  (imports altair)

    path = page_path(out, folder)
    own = path.resolve() == page_path(None, folder).resolve()
    if not force and not own and os.path.lexists(path):
        raise UsageError(f"{path} exists already; choose another name or pass --force")


def print_report(made: "Report", *, as_json: bool) -> None:
    """Print where a report is."""
    if as_json:
        print_json({"report": str(made.path), "figures": [str(one) for one in made.figures]})
        return
    typer.echo(visible(str(made.path)))
    if made.figures:
        folder = visible(str(made.figures[0].parent))
        typer.echo(f"{counted(len(made.figures), 'file')} of figures in {folder}")
