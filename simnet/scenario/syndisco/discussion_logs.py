"""Logs of discussions and of annotations as SynDisco writes them: one JSON file for each.

Three forms are told apart by their fields:

* `0.x` has `user_types` and `moderator_type`, and in `logs` pairs of a name and a text
* `1.x`, and 2.0, have `id`, `users`, `user_prompts` and so on, and in `logs` objects with `name`,
  `text` and `model`; its first releases have pairs
* `2.x` (from 2.1 on) has `timestamp` and `logs` alone, with `name`, `text`, `model` and `prompt`

Logs of annotations have `conv_id` in place of `id` and pairs of a comment and what an annotator
said of it; those of `2.x` have the form of a discussion.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from simnet.errors import InputError
from simnet.foundation.arguments import checked
from simnet.scenario.syndisco.marked_fields import Fields, kind_of, load_fields

LogRelease: TypeAlias = Literal["0.x", "1.x", "2.x"]
RELEASES: tuple[str, ...] = get_args(LogRelease)
HARDCODED = "hardcoded"
"""The model of a comment that no model wrote, as SynDisco names it."""
_TEXTS = ("users", "user_types")
_TEXT = ("id", "timestamp", "moderator", "moderator_type", "conv_id", "annotator_type")


class Comment(NamedTuple):
    """One comment of a discussion, or what an annotator said of one."""

    name: str
    """Who wrote it; in logs of annotations before 2.x, the comment that is annotated."""
    text: str
    """What was said, or what the annotator said of it."""
    model: str | None = None
    """The name of the model; None if the log does not say."""
    prompt: str | None = None
    """What the model was told; None if the log does not say."""


@checked
@dataclass(frozen=True)
class DiscussionLog:
    """A log of a discussion, or of an annotation of one."""

    comments: Sequence[Comment]
    """The entries, in the order of the file."""
    release: LogRelease = "1.x"
    """The release of SynDisco whose form it has."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """All fields but `logs`, as in the file."""
    source: str = ""
    """The file that it was read from."""

    @property
    def of_annotation(self) -> bool:
        """Whether it says that it holds annotations, which logs of 2.x do not."""
        return "conv_id" in self.facts

    @property
    def id(self) -> str:
        """What names the discussion; made of what was said if the log has none, as those of 2.x."""
        if self.facts.get("id"):
            return str(self.facts["id"])
        said = json.dumps([[one.name, one.text] for one in self.comments])
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"simnet:{said}"))

    @property
    def moderator(self) -> str | None:
        """The name of the moderator."""
        return self.facts.get("moderator")

    def moderates(self, name: str) -> bool:
        """Whether a comment of this name is a moderator's.

        Logs that name no moderator, as those of 2.x, have one where SynDisco sees one: in a name
        with the word `moderator`.
        """
        if self.moderator:
            return name == self.moderator
        return "moderator" in name.casefold()

    @property
    def users(self) -> list[str]:
        """The names of the participants, without the moderator."""
        listed = self.facts.get("users")
        names = listed or dict.fromkeys(comment.name for comment in self.comments)
        return [name for name in names if name != self.moderator]

    def prompt_of(self, name: str) -> str | None:
        """Return what somebody was told, if the log has it."""
        if name == self.moderator:
            return _as_text(self.facts.get("moderator_prompt"))
        names, prompts = self.facts.get("users") or [], self.facts.get("user_prompts") or []
        if name in names and len(prompts) == len(names):
            return _as_text(prompts[names.index(name)])
        own = [one for one in self.comments if one.name == name and one.prompt]
        by_model = [one for one in own if one.model != HARDCODED]  # others have empty personas
        return next((one.prompt for one in [*by_model, *own]), None)

    def to_json(self, release: LogRelease | None = None) -> dict[str, Any]:
        """Return the object of a release's log; of the same release, the one that was read.

        What a release has and the log does not is None, empty or `hardcoded`.
        """
        if release in {None, self.release}:
            return {**self.facts, "logs": [_as_read(one) for one in self.comments]}
        facts = self.facts
        if release == "2.x":
            told = {"timestamp": facts.get("timestamp", "")}
            return {**told, "logs": [_as_object(one, prompt=True) for one in self.comments]}
        users = self.users
        types = release == "0.x"
        return {
            "id": self.id,
            "timestamp": facts.get("timestamp", ""),
            "users": users,
            **({"user_types": ["LLMUser"] * len(users)} if types else {}),
            "moderator": self.moderator,
            **({"moderator_type": self.moderator and "LLMUser"} if types else {}),
            "user_prompts": [self.prompt_of(name) or "" for name in users],
            "moderator_prompt": self.moderator and (self.prompt_of(self.moderator) or ""),
            "ctx_length": facts.get("ctx_length", 0),
            "logs": [
                [one.name, one.text] if types else _as_object(one, prompt=False)
                for one in self.comments
            ],
        }

    def write(self, path: Path | str, release: LogRelease | None = None) -> None:
        """Write the file of a release; None is the release of this log."""
        text = json.dumps(self.to_json(release), ensure_ascii=False, indent=4)
        Path(path).write_text(text + "\n", encoding="utf-8")


def _as_read(one: Comment) -> Any:
    if one.model is None:
        return [one.name, one.text]
    return _as_object(one, prompt=one.prompt is not None)


def _as_object(one: Comment, *, prompt: bool) -> dict[str, str]:
    written = {"name": one.name, "text": one.text, "model": one.model or HARDCODED}
    return {**written, "prompt": one.prompt or ""} if prompt else written


def _as_text(prompt: Any) -> str | None:
    if prompt is None or isinstance(prompt, str):
        return prompt
    return json.dumps(prompt, ensure_ascii=False)


@checked
def read_log(file: Path | str) -> DiscussionLog:
    """Read a log of any release. Raises InputError, with file, line and field, for another file."""
    fields = load_fields(file)
    if "logs" not in fields:
        fields.wrong("logs", "is missing, so this is no log of SynDisco")
    entries = fields.values["logs"]
    if not isinstance(entries, list):
        fields.wrong("logs", f"is {kind_of(entries)}, not a list of comments")
    for name in _TEXT:
        if name in fields:
            fields.text(name)
    for name in _TEXTS:
        fields.texts(name)
    comments = [_comment(fields, place, entry) for place, entry in enumerate(entries)]
    facts = {name: value for name, value in fields.values.items() if name != "logs"}
    return DiscussionLog(comments, _release(facts), facts, str(file))


def _comment(fields: Fields, place: int, entry: Any) -> Comment:
    inside = fields.within("logs")
    if isinstance(entry, list):
        if len(entry) != 2 or not all(isinstance(one, str) for one in entry):
            inside.wrong(place, "is no pair of two texts")
        return Comment(*entry)
    if not isinstance(entry, dict):
        inside.wrong(place, f"is {kind_of(entry)}; a comment is an object or a pair of texts")
    inside = fields.inner("logs", place, entry)
    prompt = inside.text("prompt") if "prompt" in inside else None
    return Comment(inside.text("name"), inside.text("text"), inside.text("model"), prompt)


def _release(facts: Mapping[str, Any]) -> LogRelease:
    if facts.keys() & {"user_types", "moderator_type", "annotator_type"}:
        return "0.x"
    return "1.x" if facts.keys() & {"id", "users", "user_prompts", "conv_id"} else "2.x"


@checked
def read_logs(path: Path | str) -> list[DiscussionLog]:
    """Read a log, or all `.json` files of a folder and of the folders in it, in order of name.

    Raises InputError for a file that is no log, and if there are none.
    """
    logs = list(_logs(Path(path)))
    if not logs:
        raise InputError(f"{path} holds no .json files; logs of SynDisco are such")
    return logs


def _logs(path: Path) -> Iterator[DiscussionLog]:
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    return (read_log(file) for file in files)
