"""What `simnet annotate` judges: a run, a file of texts, a review, or logs of SynDisco."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simnet.cli.given_path import check_there
from simnet.cli.opening import open_run_to_change
from simnet.cli.run_names import LATEST
from simnet.errors import UsageError
from simnet.foundation.disk import disk_errors
from simnet.foundation.text import visible

if TYPE_CHECKING:
    from simnet.annotation import Annotation, Item
    from simnet.recording.reading.run import Run
    from simnet.scenario.syndisco.discussion_logs import DiscussionLog, LogRelease

SETTINGS = frozenset({".json", ".yaml", ".yml"})
"""Endings of files of SynDisco's settings."""
FILES = frozenset({".csv", ".json", ".jsonl", ".parquet", ".tsv"})
"""Endings of files with texts, which ids of runs rarely have."""
LOGS = "logs"
"""The folder of annotation logs, beside the table of annotations."""


class Texts(NamedTuple):
    """What is judged, and the folder of the table."""

    items: "Run | Sequence[Item]"
    folder: Path
    run: "Run | None" = None
    logs: "Sequence[DiscussionLog]" = ()
    """The discussion logs that the items are of."""


def texts_of(
    what: str,
    runs: Path,
    task: "Annotation",
    *,
    text: str | None,
    author: str | None,
    out: Path | None,
    moderators: bool,
) -> Texts:
    """Open a run, the rows of a file or review with a column `text`, or logs of SynDisco.

    Raises UsageError or InputError if there is nothing that can be judged, or no folder for it.
    """
    from simnet.annotation import (  # noqa: PLC0415  (imports pyarrow)
        items_of_file,
        items_of_logs,
        items_of_run,
    )
    from simnet.annotation.annotation_rows import FOLDER  # noqa: PLC0415
    from simnet.annotation.items import is_review  # noqa: PLC0415
    from simnet.scenario.syndisco.discussion_logs import read_logs  # noqa: PLC0415

    path = Path(what)
    if text is None and not _is_logs(path, what, runs):
        if path.is_file() or is_review(path):
            kind = "file" if path.is_file() else "review"
            raise UsageError(f"{visible(what)} is a {kind}; name its column of texts with --text")
        if path.suffix in FILES and not (runs / what).exists():
            raise UsageError(f"there is no file {visible(what)}")
        run = open_run_to_change(what, runs)
        items = run if moderators else items_of_run(run, task.items, task.history, moderators=False)
        return Texts(items, run.path / FOLDER / task.name, run)
    if out is None:
        raise UsageError("annotations of a file or of logs need a folder; give --out DIR")
    if text is not None:
        check_there(path)
        return Texts(items_of_file(path, text, author), out)
    logs = read_logs(path)
    if task.items == "threads":
        raise UsageError(
            "of logs, single comments are judged; to judge whole discussions, make a run of the "
            "logs with scenarios/syndisco_logs.py and annotate that"
        )
    return Texts(items_of_logs(logs, task.history, moderators=moderators), out, logs=logs)


def _is_logs(path: Path, what: str, runs: Path) -> bool:
    """Whether a path is one of logs of SynDisco, and names no run."""
    from simnet.annotation.items import is_review  # noqa: PLC0415
    from simnet.recording.reading.folders import is_run_folder  # noqa: PLC0415

    if what == LATEST or is_run_folder(path) or is_run_folder(runs / what) or is_review(path):
        return False
    return path.is_dir() or (path.suffix == ".json" and path.is_file())


def check_release(release: str | None) -> None:
    """Raise UsageError for a release of SynDisco that there is not."""
    from simnet.scenario.syndisco.discussion_logs import RELEASES  # noqa: PLC0415

    if release not in {None, *RELEASES}:
        raise UsageError(f"--release {release!r}: give one of {', '.join(RELEASES)}")


def write_logs(texts: Texts, task: "Annotation", release: "LogRelease | None") -> Path | None:
    """Write all annotations of logs that the table has as logs; None if it is not of logs."""
    from simnet.annotation import annotation_logs  # noqa: PLC0415  (imports pyarrow)
    from simnet.annotation.annotation_rows import read_annotations  # noqa: PLC0415

    if not texts.logs:
        return None
    rows = read_annotations(texts.folder)
    made = annotation_logs(texts.logs, rows, task.annotators, history=task.history, release=release)
    folder = texts.folder / LOGS
    with disk_errors(f"writing {folder}"):
        folder.mkdir(exist_ok=True)
        for number, log in enumerate(made, 1):
            log.write(folder / f"annotation-{number:06}.json")
    return folder
