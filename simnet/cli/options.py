"""Options that several commands have, declared once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from simnet.cli.opening import complete_run

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PerActor = Annotated[str, typer.Option(metavar="N|auto", help="How many personas share an actor.")]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run id, the path of a run directory, or `latest`.",
        autocompletion=complete_run,
    ),
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where the runs are.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the run, in place of the scenario's.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Parameter of the scenario; repeatable."),
]
Target = Annotated[
    str,
    typer.Argument(
        help="A scenario: path/to/file.py or package.module, with :attribute if it holds several."
    ),
]
BaseUrl = Annotated[str | None, typer.Option(metavar="URL", help="Endpoint of --backend openai.")]
Adapters = Annotated[
    list[str] | None,
    typer.Option("--adapter", metavar="NAME=FOLDER", help="LoRA adapter; repeatable."),
]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="NAME=MODEL", help="Model that cohorts name; repeatable."),
]
Replicas = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many engines serve each model.")
]
Address = Annotated[
    str | None, typer.Option(help="A Ray cluster's; without it Ray starts on this machine.")
]
LogLevel = Annotated[
    Literal["debug", "info", "warning"] | None,
    typer.Option("--log-level", help="Print log lines of this level and above on stderr."),
]
