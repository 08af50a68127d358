"""The options that say which personas people may take."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.errors import UsageError
from simnet.joining.humans import read_handles

if TYPE_CHECKING:
    from simnet.runs.options.options import RunOptions

Human = Annotated[
    list[str] | None,
    typer.Option(
        "--human",
        metavar="HANDLE,...",
        help="Let people take the turns of these personas, by `simnet join`; repeatable.",
    ),
]
HumanDeadline = Annotated[
    float | None,
    typer.Option(
        "--human-deadline",
        metavar="SECONDS",
        help="How long a turn waits for a person, by default 120; then the persona answers.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class HumanFlags:
    """The options that say which personas people may take, and how long a turn waits for them."""

    human: Human = None
    human_deadline: HumanDeadline = None

    def added_to(self, options: "RunOptions") -> "RunOptions":
        """Return the options of a run with these. Raises UsageError."""
        if self.human and not read_handles(self.human):
            raise UsageError("--human names nobody; give a handle, or leave the option out")
        return replace(options, humans=self.human, human_deadline=self.human_deadline)
