"""Tables of annotations in a run directory, as exports read them."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from simnet.errors import UsageError
from simnet.foundation.disk import disk_errors
from simnet.foundation.text import cut, did_you_mean
from simnet.recording.reading.run import Run
from simnet.scenario.syndisco.annotation_logs import Judged

FOLDER = "annotations"
"""The folder of a run directory that has a folder for each annotation."""
ANNOTATIONS = "annotations.parquet"
_COLUMNS = ["item", "annotator", "question", "answer", "model"]


def read_judged(run: Run, name: str) -> dict[int, list[Judged]]:
    """Read what annotators answered about each post.

    Raises UsageError for an unknown name, and for annotations that are of no posts.
    """
    path = run.path / FOLDER / name / ANNOTATIONS
    if not path.is_file():
        known = sorted(one.parent.name for one in (run.path / FOLDER).glob(f"*/{ANNOTATIONS}"))
        there = f"; there are {', '.join(known)}" if known else "; make some with simnet annotate"
        hint = did_you_mean(name, known) or there
        raise UsageError(f"run {run.id} has no annotations called {name!r}{hint}")
    return _judged(path)


def _judged(path: Path) -> dict[int, list[Judged]]:
    with disk_errors(f"reading {path}"):
        table = pq.read_table(path, columns=_COLUMNS)
    judged: dict[int, list[Judged]] = {}
    for item, annotator, question, answer, model in zip(
        *(table[name].to_pylist() for name in _COLUMNS), strict=True
    ):
        value = None if answer is None else json.loads(answer)
        judged.setdefault(_post(item, path), []).append(Judged(annotator, question, value, model))
    return judged


def _post(item: str, path: Path) -> int:
    """Return the id of the post that a row is about."""
    if not (item.isascii() and item.isdigit()):
        raise UsageError(
            f"{path}: the item {cut(item, 40)!r} is no id of a post; only annotations of a run are "
            "exported with it, so make some with simnet annotate"
        )
    return int(item)
