"""Options that say where a copy of the record of a run is kept."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

MirrorUrl = Annotated[
    str | None,
    typer.Option(
        "--mirror",
        metavar="URL|off",
        help="An object store that gets a copy of the record, such as s3://bucket/prefix; the run "
        "does not wait for it. By default that of the resumed run.",
    ),
]
MirrorEvery = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="How often the copy is renewed; by default every 10s."),
]


@dataclass(frozen=True, kw_only=True)
class MirrorFlags:
    """The options of a mirror."""

    mirror: MirrorUrl = None
    mirror_every: MirrorEvery = None

    @property
    def mirroring(self) -> dict[str, Any]:
        """What they say, by the names of RunOptions."""
        return {"mirror": self.mirror, "mirror_every": self.mirror_every}
