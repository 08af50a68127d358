"""Discussion logs as SynDisco writes them: one JSON file for each thread.

By default a file has the fields of release 1.0 (`id`, `timestamp`, `users`, `moderator`,
`user_prompts`, `moderator_prompt`, `ctx_length`, `logs`); each entry of `logs` those of 2.x
(`name`, `text`, `model`, `prompt`), of which 1.0 reads the first three. So both read it. With
`release` it has what one release writes; see `simnet.scenario.syndisco.discussion_logs`.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc

from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.card_parts import heading, source_lines, source_of, write_plain_card
from simnet.export.folders.folder import ANNOTATED, DISCUSSIONS, written_folder
from simnet.export.folders.summary import Exported
from simnet.export.interchange.annotation_table import read_judged
from simnet.export.training_sets.replies import call_of, calls_of
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.recording.reading.run import Run
from simnet.scenario.discussions.discussion import is_of_moderators
from simnet.scenario.syndisco.actor_prompts import actor_prompt, user_prompt
from simnet.scenario.syndisco.annotation_logs import Judged, logs_of_annotators
from simnet.scenario.syndisco.discussion_logs import (
    HARDCODED,
    Comment,
    DiscussionLog,
    LogRelease,
)
from simnet.world.events import DONE
from simnet.world.state.rooms import ATTRIBUTE, find_in_room

_AT_ONCE = 5_000
"""Posts whose prompts are read at once."""
_OF_ROOMS = (ATTRIBUTE, "others")
"""Attributes that discussions give to personas, which no model is told of."""
_COLUMNS = ("made", "root", "who", "turn", "text", "shown")


class _People(NamedTuple):
    given: str | None
    """The handle of the moderator that the caller gives."""
    prompts: dict[str, str]
    """What users are told, by handle."""
    rooms: dict[str, str]
    """Names of rooms, by the handles of those who are in one."""
    moderators: dict[str, str]
    """Handles of the moderators of rooms."""

    def moderator_of(self, author: str) -> str | None:
        """Return who moderates a thread that somebody began."""
        room = self.rooms.get(author)
        return self.given if room is None else self.moderators.get(room)


@checked
def export_syndisco(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    moderator: str | None = None,
    shortest: int = 2,
    release: LogRelease | None = None,
    annotations: str | None = None,
) -> Exported:
    """Write `discussions/discussion-N.json` for each thread, as SynDisco logs discussions.

    N is the first post of the thread. The comments are the posts of the thread in order of time,
    each with the model that wrote it (`hardcoded` where none did) and the prompt it was given. A
    user's prompt has the traits of the persona in SynDisco's form, so that its
    `postprocessing.import_discussions` finds them. `moderator` is the handle of the moderator, in
    other rooms with their suffix; by default a room has that of its scenario. Threads of fewer than
    `shortest` posts are left out. `release` writes the form of one release: 0.x, 1.x, or 2.x, whose
    prompts have the persona as JSON; by default 1.0 and 2.x read the files. With the name of
    `annotations` of the run's posts, `annotations/N-A.json` is the log of annotator A, from 1, of a
    thread. Memory holds the texts of all posts, the portraits, and some thousand prompts.

    Raises UsageError for a moderator or annotations that the run does not have, or if `out` exists
    and `force` is not set; EmptyExportError if there is no thread that long.
    """
    people = _people(run, moderator)
    if moderator is not None and moderator not in people.prompts:
        hint = did_you_mean(moderator, people.prompts)
        raise UsageError(f"nobody in this run has the handle {moderator!r}{hint}")
    judged = None if annotations is None else read_judged(run, annotations)
    left_out: Counter[str] = Counter()
    count = annotated = 0
    with written_folder(Path(out), force=force) as folder:
        (folder / DISCUSSIONS).mkdir()
        if judged is not None:
            (folder / ANNOTATED).mkdir()
        for batch in _batches(_threads(run, shortest, left_out)):
            turns = {(post["who"], post["turn"]) for thread in batch for post in thread}
            calls = calls_of(run, turns)
            for thread in batch:
                log = _log(run, thread, people, calls, release)
                if judged is not None:
                    annotated += _write_annotations(folder, thread, log, judged, release)
                name = f"{DISCUSSIONS}/discussion-{thread[0]['root']}.json"
                if release is not None:
                    log = _of_release(log, release)
                text = json.dumps(log, ensure_ascii=False) + "\n"
                (folder / name).write_text(text, encoding="utf-8")
                count += 1
        if not count:
            short = "; ".join(f"{number} {cause}" for cause, number in left_out.items())
            raise EmptyExportError(
                f"run {run.id} has no discussion to export ({short or 'there are no posts'})"
            )
        if judged is not None and not annotated:
            raise EmptyExportError(f"no post of the threads is among the annotations {annotations}")
        _write_card(folder, run, count, annotated, left_out)
    written = {
        DISCUSSIONS: {"files": count},
        **({ANNOTATED: {"files": annotated}} if annotated else {}),
    }
    return Exported(Path(out), written, dict(left_out))


def _write_annotations(
    folder: Path,
    thread: Sequence[Mapping[str, Any]],
    log: Mapping[str, Any],
    judged: Mapping[int, Sequence[Judged]],
    release: LogRelease | None,
) -> int:
    """Write the log of each annotator of a thread; return how many."""
    comments = [Comment(post["who"], post["text"] or "") for post in thread]
    number = 0
    for one in logs_of_annotators(
        DiscussionLog(comments, "1.x", {"id": log["id"]}),
        [judged.get(post["made"], ()) for post in thread],
        {},
        history=log["ctx_length"],
        release=release or "1.x",
        timestamp=log["timestamp"],
    ):
        number += 1
        one.write(folder / ANNOTATED / f"{thread[0]['root']}-{number}.json")
    return number


def _threads(run: Run, shortest: int, left_out: Counter[str]) -> Iterator[list[dict[str, Any]]]:
    made = pc.field("made").is_valid() & (pc.field("outcome") == DONE)
    posts = run.table("events").to_table(columns=list(_COLUMNS), filter=made)
    lengths = pc.list_value_length(posts["shown"])
    posts = posts.set_column(posts.schema.get_field_index("shown"), "shown", lengths)
    posts = posts.sort_by([("root", "ascending"), ("made", "ascending")])
    rows = (row for batch in posts.to_batches(max_chunksize=10_000) for row in batch.to_pylist())
    for _, group in groupby(rows, key=lambda row: row["root"]):
        thread = list(group)
        if len(thread) < shortest:
            left_out[f"shorter than {shortest} posts"] += 1
        else:
            yield thread


def _batches(threads: Iterator[list[dict[str, Any]]]) -> Iterator[list[list[dict[str, Any]]]]:
    batch: list[list[dict[str, Any]]] = []
    size = 0
    for thread in threads:
        batch.append(thread)
        size += len(thread)
        if size >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _log(
    run: Run,
    thread: Sequence[Mapping[str, Any]],
    people: _People,
    calls: Any,
    release: LogRelease | None,
) -> dict[str, Any]:
    prompts, moderator = people.prompts, people.moderator_of(thread[0]["who"])
    users = [who for who in dict.fromkeys(post["who"] for post in thread) if who != moderator]
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"simnet:{run.id}:{thread[0]['root']}")),
        "timestamp": run.manifest.created.strftime("%y-%m-%d-%H-%M"),
        "users": users,
        "moderator": moderator,
        "user_prompts": [prompts.get(who, user_prompt(who, {}, "")) for who in users],
        "moderator_prompt": None if moderator is None else prompts[moderator],
        "ctx_length": max((post["shown"] or 0) for post in thread),
        "logs": [_comment(post, calls, release) for post in thread],
    }


def _of_release(log: dict[str, Any], release: LogRelease) -> dict[str, Any]:
    """Write a log in the form of a release; in 2.x a prompt is what its actor is told."""
    comments = [Comment(**entry) for entry in log.pop("logs")]
    if release == "2.x":
        prompts = dict(zip(log["users"], log["user_prompts"], strict=True))
        prompts[log["moderator"]] = log["moderator_prompt"]
        comments = [
            one._replace(prompt=actor_prompt(one.name, prompts[one.name], one.prompt or ""))
            for one in comments
        ]
    form: LogRelease = "0.x" if release == "1.x" else "1.x"  # any but the one that is written
    return DiscussionLog(comments, form, log).to_json(release)


def _comment(post: Mapping[str, Any], calls: Any, release: LogRelease | None) -> dict[str, str]:
    """Write a comment, in 2.x with its system prompt and else with its user prompt."""
    text = post["text"] or ""
    call = call_of(post["who"], post["turn"], text, calls)
    return {
        "name": post["who"],
        "text": text,
        "model": HARDCODED if call is None else call.model,
        "prompt": "" if call is None else call.system if release == "2.x" else call.user,
    }


def _people(run: Run, moderator: str | None) -> _People:
    people = _People(moderator, {}, {}, {})
    for batch in run.batches("personas", ["id", "cohort", "description", "attributes"]):
        for row in batch.to_pylist():
            who, attributes = row["id"], json.loads(row["attributes"] or "{}")
            room = attributes.get(ATTRIBUTE)
            if isinstance(room, str):
                people.rooms[who] = room
                moderates = is_of_moderators(row["cohort"])
                if moderates if moderator is None else _is(who, moderator):
                    people.moderators[room] = who
            for name in _OF_ROOMS:
                attributes.pop(name, None)
            people.prompts[who] = user_prompt(who, attributes, row["description"])
    return people


def _is(who: str, handle: str) -> bool:
    """Whether a handle is another one, or that with the suffix of a room."""
    return find_in_room(lambda one: 0 if one == who else None, who, handle) is not None


def _write_card(
    folder: Path, run: Run, count: int, annotated: int, left_out: Mapping[str, int]
) -> None:
    source = source_of(run)
    files = [{"config_name": DISCUSSIONS, "data_files": f"{DISCUSSIONS}/*.json"}]
    annotations: list[str] = []
    if annotated:
        files.append({"config_name": ANNOTATED, "data_files": f"{ANNOTATED}/*.json"})
        annotations = [f"{annotated} logs of annotators of them are in `{ANNOTATED}`.", ""]
    write_plain_card(
        folder,
        files,
        [
            heading("Discussions of simulated personas", source), "",
            f"{count} threads, each a log of a discussion in the form of SynDisco, in the folder",
            f"`{DISCUSSIONS}`: the fields of its release 1.0, and in `logs` those of 2.x.", "",
            *annotations,
            "```python",
            f'syndisco.postprocessing.import_discussions(Path("DIR/{DISCUSSIONS}"))',
            f'datasets.load_dataset("DIR", "{DISCUSSIONS}", split="train")',
            "```", "",
            *(f"Left out: {number} {cause}." for cause, number in left_out.items()), "",
            *source_lines(source),
        ],
    )  # fmt: skip
