"""Hands reviews to Argilla and Label Studio; takes decisions made there or in a copy back."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from simnet.errors import UsageError
from simnet.export.folders.folder import written_folder
from simnet.review.handoff.argilla_files import argilla_files, read_argilla
from simnet.review.handoff.foreign_decisions import add_all
from simnet.review.handoff.label_studio_files import label_studio_files, read_label_studio
from simnet.review.handoff.review_copies import read_copy, undone_in_copy
from simnet.review.review import Review

Tool: TypeAlias = Literal["argilla", "label-studio"]

Origin: TypeAlias = Literal["argilla", "label-studio", "simnet"]
"""Where decisions were made; `simnet` is a copy of the review."""

TOOLS: tuple[str, ...] = get_args(Tool)
_READERS = {
    "argilla": read_argilla,
    "label-studio": read_label_studio,
    "simnet": read_copy,
}


def hand_off(
    review: Review,
    out: str | Path,
    tool: Tool,
    *,
    annotators: Collection[str] | None = None,
    users: Mapping[str, str] | None = None,
) -> Path:
    """Write a review with its decisions as a folder that another tool reads.

    For `argilla`, the folder is one that `rg.Dataset.from_disk` loads; for `label-studio`, it has
    `config.xml`, the labelling configuration, and `tasks.json`, to be imported. All records are in
    it. `annotators` are those whose decisions are, by default all; `users` are their ids in
    Argilla, or their addresses in Label Studio. Neither tool need be installed.

    Raises UsageError if `out` exists or there is no such annotator or tool.
    """
    out = Path(out).expanduser()
    decided = review.decided(annotators)
    write = argilla_files if _checked(tool) == "argilla" else label_studio_files
    files = write(review, decided, users or {})
    with written_folder(out) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return out


def take_back(
    review: Review,
    path: str | Path,
    tool: Origin,
    *,
    names: Mapping[str, str] | None = None,
    suggestions: bool = False,
) -> dict[str, int]:
    """Add the decisions that were made elsewhere, as those of the people who made them.

    `path` is a folder or file that the tool wrote: of Argilla that of `to_disk`, of Label Studio
    an export as JSON, of simnet the folder of a copy of the review, in which somebody went on;
    of two decisions of one annotator on one record the later one holds then, and what was undone in
    one of both is undone. `names` are the names
    of users by their ids. With `suggestions`, those of models count as decisions of theirs. Returns
    how many were added or undone for each annotator; what is there already is not added again.

    Raises InputError, and adds nothing, for a record, a question or an answer that the review does
    not have.
    """
    path = Path(path).expanduser()
    if tool not in _READERS:
        raise UsageError(f"no {tool!r} to take decisions from; there are {', '.join(_READERS)}")
    decisions = list(_READERS[tool](review, path, names or {}, suggestions=suggestions))
    undone = undone_in_copy(review, path, names or {}) if tool == "simnet" else {}
    return add_all(review, decisions, str(path), tool, undone)


def _checked(tool: str) -> str:
    if tool not in TOOLS:
        raise UsageError(f"no tool {tool!r} to hand a review to; there are {', '.join(TOOLS)}")
    return tool
