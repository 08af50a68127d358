"""The option that says whether model calls are made early."""

from typing import Annotated, Literal

import typer

PrefetchMode = Annotated[
    Literal["off", "view", "ahead"] | None,
    typer.Option(
        "--prefetch",
        help="Make model calls early where engines have nothing to do; changes no result. "
        "By default off.",
    ),
]
