"""Where the records of a review come from: a file, a catalogue of personas, or a run's replies."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.datafiles import Broken, Reading, rows
from simnet.errors import InputError
from simnet.foundation.text import counted, did_you_mean
from simnet.personas.source import ORIGIN
from simnet.review.records.record_table import ID, Record, as_text, column_names, identified

if TYPE_CHECKING:
    from simnet.export.training_sets.replies import RecordedReply
    from simnet.personas.persona import Persona
    from simnet.personas.source import Source

RUNS = "runs"
"""Where runs are unless another folder is named."""
ASIDE: Mapping[str, tuple[str, ...]] = {
    "personas": ("untold", *ORIGIN, "original_id", "made_from", "text_hash", "hop"),
    "run": ("run", "event", "persona_id", "turn", "model", "adapter", "flags"),
}
"""Columns, by the kind of source, that say where a record is from: annotators do not judge them."""
_READING = Reading(wrappers=("records", "rows", "data", "items", "examples", "personas"))
_MOST_LISTED = 10


class Drawn(NamedTuple):
    """Records and what the review keeps of where they come from."""

    records: list[Record]
    """The records, in their order."""
    facts: dict[str, Any]
    """Where they come from, by name."""


def from_file(
    path: str | Path,
    *,
    id_column: str | None = None,
    without: Collection[str] = (),
    limit: int | None = None,
    skip_bad: bool = False,
) -> Drawn:
    """Read the rows of a CSV, JSON, JSONL or Parquet file, also compressed.

    `without` are columns to leave out. Raises InputError, which lists the rows that cannot be read,
    unless `skip_bad` is set, and for a column that is not there.
    """
    path = Path(path)
    taken: list[Mapping[str, Any]] = []
    broken: list[Broken] = []
    for row in rows(path, _READING):
        if isinstance(row, Broken):
            broken.append(row)
            continue
        taken.append(row.fields)
        if limit is not None and len(taken) >= limit:
            break
    if broken and not skip_bad:
        listed = "\n  ".join(f"{place}: {why}" for place, why in broken[:_MOST_LISTED])
        raise InputError(
            f"{path}: {counted(len(broken), 'row')} cannot be read; mend the file, or go on "
            f"without them with --skip-bad, in Python skip_bad=True\n  {listed}"
        )
    left = _left(taken, without, str(path))
    records = identified(left, str(path), id_column)
    facts: dict[str, Any] = {"kind": "file", "name": path.name, "skipped": len(broken)}
    columns = column_names(left)
    if id_column is None and "id" in columns and ID not in columns:
        facts["made_ids"] = records[0].id != as_text(records[0].fields["id"]).strip()
    return Drawn(records, facts)


def from_catalogue(
    folder: str | Path,
    *,
    words: str | None = None,
    field: str | None = None,
    without: Collection[str] = (),
    limit: int | None = None,
) -> Drawn:
    """Read the personas of a catalogue, or those that a search in it finds.

    A record has `id`, the attributes as columns, the persona's own text as `description` (as
    `persona` if an attribute has that name), `untold`, and the columns of ORIGIN. Raises InputError
    if there is no such persona, and for a column of `without` that is not there.
    """
    from itertools import islice  # noqa: PLC0415

    from simnet.personas.catalogue import Catalogue  # noqa: PLC0415  (slow)

    catalogue = Catalogue.open(folder)
    entries = islice(catalogue, limit) if words is None else catalogue.search(words, field, limit)
    people = [(entry.persona, entry.source) for entry in entries]
    if not people:
        what = f"no persona in {folder} matches {words!r}" if words else f"{folder} is empty"
        raise InputError(f"{what}: there are no records to review")
    taken = {name for persona, _ in people for name in persona.attributes}
    own = "persona" if "description" in taken else "description"
    clash = taken & ({"id", "untold", *ORIGIN} | {own}) - set(without)
    drop = {name: f"attribute_{name}" for name in clash}
    rows_ = [_persona_row(persona, source, own, drop) for persona, source in people]
    records = identified(_left(rows_, without, str(folder)), str(folder), "id")
    facts = {"kind": "personas", "name": Path(folder).name, "text": own, "renamed": drop}
    return Drawn(records, facts)


def from_run(
    run: str | Path,
    *,
    runs: str | Path = RUNS,
    cohort: str | None = None,
    without: Collection[str] = (),
    limit: int | None = None,
) -> Drawn:
    """Read the replies of a run, each with the post that it answers and its prompt.

    `run` is an id within the folder `runs`, the path of a run's folder, or `latest`.

    A record has `run` and `event`, by which an export can be joined to the run's `events` and to
    other exports of it. `prompt` is the user text that the model was given and `system` the system
    text; both are null for a reply that no model call gave. The id is `RUN/EVENT`.

    Raises UsageError if there is no such run, RecordError if it cannot be read, and InputError for
    a cohort without replies or a column of `without` that is not there.
    """
    from simnet.export.folders.run_caveats import run_caveats  # noqa: PLC0415
    from simnet.export.training_sets.replies import replies_of  # noqa: PLC0415
    from simnet.recording.files.manifest import last_models  # noqa: PLC0415
    from simnet.recording.reading.run import Run  # noqa: PLC0415

    opened = Run.open(run, runs)
    replies, _ = replies_of(opened)
    if cohort is not None:
        names = sorted({reply.cohort for reply in replies})
        if cohort not in names:
            hint = did_you_mean(cohort, names) or f"; there are {', '.join(names) or 'none'}"
            raise InputError(f"run {opened.id}: no replies of a cohort {cohort!r}{hint}")
    rows_ = [_reply_row(opened.id, reply) for reply in replies if cohort in {None, reply.cohort}]
    where = f"run {opened.id}"
    records = identified(_left(rows_[:limit], without, where), where, ID)
    models = [*opened.manifest.replaced, *last_models(opened.manifest)]
    facts = {
        "kind": "run",
        "name": opened.id,
        "fake_models": sorted({one.name for one in models if one.is_fake}),
        "caveats": list(run_caveats(opened)),
    }
    return Drawn(records, facts)


def _reply_row(run: str, reply: "RecordedReply") -> dict[str, Any]:
    call = reply.call
    return {
        ID: f"{run}/{reply.event}",
        "run": run,
        "event": reply.event,
        "cohort": reply.cohort,
        "persona_id": reply.persona_id,
        "persona": reply.persona,
        "turn": reply.turn,
        "verb": reply.verb,
        "post": reply.post,
        "system": call.system if call else None,
        "prompt": call.user if call else None,
        "reply": reply.text,
        "model": call.model if call else None,
        "adapter": call.adapter if call else None,
        "flags": list(reply.flags),
    }


def _persona_row(
    persona: "Persona", source: "Source", own: str, renamed: Mapping[str, str]
) -> dict[str, Any]:
    attributes = {renamed.get(name, name): value for name, value in persona.attributes.items()}
    return {
        "id": persona.id,
        own: persona.description,
        **attributes,
        "untold": list(persona.untold),
        "source": source.file,
        "format": source.format,
        "licence": source.licence,
        "revision": source.revision,
    }


def _left(
    taken: Iterable[Mapping[str, Any]], without: Collection[str], where: str
) -> list[dict[str, Any]]:
    """Leave columns out. Raises InputError for one that is not there."""
    kept = [dict(row) for row in taken]
    columns = column_names(kept)
    for name in without:
        if kept and name not in columns:
            hint = did_you_mean(name, columns) or f"; there are {', '.join(columns)}"
            raise InputError(f"{where}: no column {name!r} to leave out{hint}")
    return [{name: row[name] for name in row if name not in without} for row in kept]
