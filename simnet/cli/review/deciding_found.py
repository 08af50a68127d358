"""Decisions on all records that a search finds: which they are, how many, and all at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import typer

from simnet.cli.output import print_cells, print_json
from simnet.cli.review.opening import listed_text
from simnet.errors import UsageError
from simnet.foundation.text import counted, cut, visible

if TYPE_CHECKING:
    from simnet.review import Answer, Record, Review, Status

_SHOWN = 5
"""Most records that are listed before they are decided."""
_LONGEST = 100
"""Most characters of the text of one that is listed."""


class Found(NamedTuple):
    """What a search found for a decision."""

    records: "list[Record]"
    """The records of the wanted status."""
    left: dict[str, int]
    """How many more were found, by their status."""


def is_of_one(
    record: str | None,
    words: str | None,
    field: str | None,
    where: Sequence[str] | None,
    status: str | None,
    *,
    yes: bool,
) -> bool:
    """Whether one record is meant. Raises UsageError unless one is, or a search."""
    is_search = bool(words is not None or where or status)
    if record is not None and (is_search or field is not None or yes):
        raise UsageError(
            f"{record} is one record, and --search, --field, --where, --status and --yes are for "
            "all that are found; leave one of both out"
        )
    if record is None and not is_search:
        raise UsageError("name a record, or find some with --search, --where or --status")
    return record is not None


def find(
    review: "Review",
    annotator: str,
    words: str | None,
    field: str | None,
    where: Sequence[str],
    status: "Status",
) -> Found:
    """Find records, and those among them that have a status for an annotator."""
    found = review.search(words, field=field, where=tuple(where), annotator=annotator)
    own = {}
    if annotator in review.annotators():
        own = review.decided([annotator])[annotator]
    statuses = {key: decision.status for key, decision in own.items()}
    records = [one for one in found if statuses.get(one.id, "pending") == status]
    left: Counter[str] = Counter(statuses.get(one.id, "pending") for one in found)
    del left[status]
    return Found(records, dict(left))


def decide_found(
    review: "Review",
    annotator: str,
    action: Literal["submit", "discard"],
    answers: "Mapping[str, Answer]",
    found: Found,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """List the records, or with `yes` decide on them at once, and print how many they are."""
    from simnet.review import NewDecision  # noqa: PLC0415  (imports pyarrow)

    decisions = [NewDecision(record.id, action, answers) for record in found.records]
    if yes and decisions:
        review.add(annotator, decisions)
    for one in decisions[:1]:
        review.checked(one)
    if as_json:
        told = {"status": _DONE[action], "done": yes}
        records = [record.id for record in found.records]
        progress = review.progress(annotator)._asdict()
        print_json({"records": records, "left": found.left, **told, "progress": progress})
        return
    stay = ", ".join(f"{count:,} {status}" for status, count in found.left.items())
    left = f"; {stay} found and left as they are, see --status" if stay else ""
    what = counted(len(decisions), "record")
    if yes:
        back = "; simnet review undo takes them back" if decisions else ""
        typer.echo(visible(f"{_DONE[action]} {what}{left}{back}"))
        return
    texts = {one.id: listed_text(review.shown(one)) for one in found.records[:_SHOWN]}
    print_cells(
        ["record", "text"],
        [[key, cut(" ".join(text.split()), _LONGEST)] for key, text in texts.items()],
    )
    more = f" ({len(decisions) - _SHOWN:,} not listed)" if len(decisions) > _SHOWN else ""
    typer.echo(visible(f"{what}{more} would be {_DONE[action]}{left}; do it with --yes"))


_DONE = {"submit": "submitted", "discard": "discarded"}
