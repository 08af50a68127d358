"""`simnet bench`: fixed workloads on this machine, and the comparison of two measurements."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import AsJson, Backend, BaseUrl, Engine, Model, read_engine
from simnet.cli.output import print_json, print_table
from simnet.errors import UsageError

app = typer.Typer(
    name="bench",
    help="Measure simnet on this machine, and compare two measurements.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _check_can_write(file: Path) -> None:
    """Raise UsageError for a file that cannot be made once all is measured."""
    folder = file.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{file} cannot be written: {folder} is no folder that can be written to")
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name a file")


Measured = Annotated[Path, typer.Argument(help="What `simnet bench run --out` wrote.")]


@app.command()
def run(
    workloads: Annotated[
        list[str] | None,
        typer.Argument(
            help="engine, latency, record, replay, start, scale: by default these; and model."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Samples of each figure.")] = 5,
    warm_ups: Annotated[int, typer.Option(min=0, help="Plays that do not count.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON there.")] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw the curve of scale there.")
    ] = None,
    calls: Annotated[int, typer.Option(min=2, help="People, hence calls, of model.")] = 96,
    model: Model = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    engine: Engine = None,
    as_json: AsJson = False,
) -> None:
    """Play fixed workloads and print the median and the quartiles of each figure."""
    from simnet.benchmarking.measurement import measure  # noqa: PLC0415  (slow)
    from simnet.benchmarking.model_workload import ModelWorkload  # noqa: PLC0415
    from simnet.benchmarking.scale_picture import check_can_draw, draw  # noqa: PLC0415
    from simnet.runs.options.options import ModelOptions  # noqa: PLC0415

    if picture is not None:
        check_can_draw(picture, workloads or ())
    for file in filter(None, (out, picture)):
        _check_can_write(file)
    options = ModelOptions(
        model=model, backend=backend, base_url=base_url, engine=read_engine(engine or ())
    )
    of_model = ModelWorkload(options, calls)
    found = measure(
        workloads or [],
        repeats,
        warm_ups,
        lambda line: sys.stderr.write(line + "\n"),
        of_model,
    )
    found = replace(found, model=of_model.facts)
    if picture is not None:
        draw(found, picture)
    if out is not None:
        out.write_text(json.dumps(found.to_json(), indent=1) + "\n", "utf-8")
    if as_json:
        print_json(found.to_json())
        return
    headings = ("workload", "figure", "median", "quartiles", "unit")
    rows = [
        [
            one.workload,
            one.figure,
            f"{one.median:,.4g}",
            "{:,.4g} to {:,.4g}".format(*one.quartiles),
            one.unit,
        ]
        for one in found.samples
    ]
    print_table(headings, rows, numbers=("median",))


@app.command()
def compare(before: Measured, after: Measured, as_json: AsJson = False) -> None:
    """Compare two measurements: the ratio of the medians, its interval, and a verdict."""
    from simnet.benchmarking.comparison import compare as compared  # noqa: PLC0415  (slow)
    from simnet.benchmarking.measurement import read  # noqa: PLC0415

    first, second = read(before), read(after)
    rows = compared(first, second)
    if not rows:
        raise UsageError(
            f"{before} and {after} have no figure in common; measure the same workloads"
        )
    for difference in first.differences(second):
        sys.stderr.write(f"note: {difference}; ratios may be of that\n")
    if as_json:
        print_json({"figures": [row._asdict() for row in rows]})
        return
    headings = ("workload", "figure", "before", "after", "ratio", "95% interval", "verdict")
    cells = [
        [
            row.workload,
            row.figure,
            f"{row.before:,.4g}",
            f"{row.after:,.4g}",
            "-" if row.ratio is None else f"{row.ratio:.2f}",
            "-" if row.low is None else f"{row.low:.2f} to {row.high:.2f}",
            row.verdict,
        ]
        for row in rows
    ]
    print_table(headings, cells, numbers=("before", "after", "ratio"))
