"""Options that several kinds of export have, and what they print at their end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from simnet.cli.output import print_error, print_json, print_missing
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.export.folders.summary import Exported
    from simnet.recording.reading.run import Run

KeepTogether: TypeAlias = Literal["persona", "thread"]
"""The values of an option, as in `simnet.export`, which imports pyarrow."""
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make.")]
Tables = Annotated[
    str | None,
    typer.Option(metavar="NAME,...", help="Some of the tables; by default all."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier export.")]


@dataclass(frozen=True, kw_only=True)
class SplitFlags:
    """The options that divide a data set."""

    validation: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of personas or threads for validation."),
    ] = 0.0
    keep_together: Annotated[
        KeepTogether | None,
        typer.Option(
            help="What is in one split as a whole; by default a persona, for `dpo` a thread."
        ),
    ] = None
    split_seed: Annotated[int, typer.Option(metavar="N", help="Another number, another split.")] = 0

    def read(self) -> dict[str, Any]:
        """Return them as arguments of an export."""
        chosen = {"validation": self.validation, "split_seed": self.split_seed}
        return chosen | ({"keep_together": self.keep_together} if self.keep_together else {})


@dataclass(frozen=True, kw_only=True)
class HubFlags:
    """The options that upload a data set."""

    push_to_hub: Annotated[
        str | None,
        typer.Option(metavar="OWNER/NAME", help="Upload the folder to the Hugging Face Hub too."),
    ] = None
    public: Annotated[
        bool, typer.Option("--public", help="Make the uploaded data set public if it is new.")
    ] = False

    def check(self) -> None:
        """Raise UsageError, before anything is written, for a name the hub does not take."""
        if self.push_to_hub is not None:
            from simnet.export.folders.hub_upload import check_repository  # noqa: PLC0415  (slow)

            check_repository(self.push_to_hub)

    def upload(self, folder: Path) -> str | None:
        """Upload a folder if that is asked for, and return its address."""
        if self.push_to_hub is None:
            return None
        from simnet.export.folders.hub_upload import push_to_hub  # noqa: PLC0415  (slow)

        return push_to_hub(folder, self.push_to_hub, private=not self.public)


@dataclass(frozen=True, kw_only=True)
class ScreenFlags:
    """The options that say which replies a data set takes."""

    at_limit: Annotated[
        Literal["leave-out", "cut", "keep"],
        typer.Option(help="Replies at the limit: left out, cut at a sentence, or kept."),
    ] = "leave-out"
    include_marked: Annotated[
        bool,
        typer.Option(
            "--include-marked", help="Take refusals, loops, empty and garbled replies too."
        ),
    ] = False
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAG", help="Leave replies with this flag out too; repeatable."),
    ] = None

    def read(self) -> dict[str, Any]:
        """Return them as arguments of an export."""
        return {
            "at_limit": self.at_limit,
            "include_marked": self.include_marked,
            "leave_out": self.leave_out or (),
        }


def split_names(option: str, text: str) -> list[str]:
    """Read names that commas separate. Raises UsageError if there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"{option} {text!r}: give names, separated by commas")
    return names


def table_names(text: str | None) -> list[str]:
    """Read `--tables`; without it all tables are meant."""
    from simnet.recording.schema import TABLES  # noqa: PLC0415  (imports pyarrow)

    return list(TABLES) if text is None else split_names("--tables", text)


def print_caveats(run: "Run") -> None:
    """Say on stderr that a run is incomplete, did not end, or has replies that are made up."""
    from simnet.export.folders.run_caveats import run_caveats  # noqa: PLC0415  (imports pyarrow)

    print_missing(run)
    for caveat in run_caveats(run):
        print_error(f"note: {visible(caveat)}")


def print_exported(
    run: "Run", exported: "Exported", *, as_json: bool, address: str | None = None
) -> None:
    """Print what was written, a line for each part, or one JSON object."""
    if as_json:
        told: dict[str, Any] = {
            "out": str(exported.folder),
            "parts": exported.parts,
            "left_out": dict(exported.left_out),
            "missing": run.missing,
        }
        print_json(told | ({} if address is None else {"address": address}))
        return
    for name, rows in exported.parts.items():
        typer.echo(visible(f"{name}: {_rows(rows)}"))
    for cause, count in exported.left_out.items():
        typer.echo(visible(f"left out: {count:,} {cause}"))
    for note in exported.notes:
        print_error(f"note: {visible(note)}")
    typer.echo(visible(f"written to {exported.folder}"))
    if address is not None:
        typer.echo(visible(f"uploaded to {address}"))


def _rows(rows: Mapping[str, int]) -> str:
    sides = [name for name in rows if name in {"train", "validation"}]
    if not sides:
        return ", ".join(counted(count, name.removesuffix("s")) for name, count in rows.items())
    total = counted(sum(rows.values()), "row")
    if len(rows) < 2:
        return total
    return f"{total} ({', '.join(f'{count:,} {side}' for side, count in rows.items())})"
