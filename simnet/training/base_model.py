"""The model that adapters are trained on: found, named, and its chats encoded as it is served."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.errors import ModelNotFoundError, UsageError
from simnet.inference.engine.embedded import NAME, prepare, resolve
from simnet.inference.tokens import ChatEncoder

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run

EMBEDDED = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""Public name of the embedded model."""
_FAKE = "fake"
_ENDPOINT = "openai"


@dataclass(frozen=True)
class BaseModel:
    """A model whose weights are on this machine."""

    name: str
    """Public name; for a local folder, the name of the folder."""
    folder: Path

    @cached_property
    def encoder(self) -> ChatEncoder:
        """Encodes prompts as the engine is given them."""
        return ChatEncoder(self.folder)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        from transformers import AutoTokenizer  # noqa: PLC0415  (seconds)

        return AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True)

    def prompt_ids(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Encode the messages of a served prompt: a system and a user text."""
        system, user = (message["content"] for message in messages)
        return list(self.encoder.encode(system, user))

    def reply_ids(self, text: str) -> list[int]:
        """Encode a reply with the token that ends it."""
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*ids, self.end_id]

    @cached_property
    def end_id(self) -> int:
        """The token with which the chat template ends a reply."""
        mark = "\ue0f0reply\ue0f1"
        chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": mark}]
        try:
            text = self.tokenizer.apply_chat_template(chat, tokenize=False)
        except ValueError:  # it has no template
            text = mark
        after = text.rpartition(mark)[2]
        ids = self.tokenizer(after, add_special_tokens=False)["input_ids"]
        return int(ids[0] if ids else self.tokenizer.eos_token_id)


def find_base_model(
    run: "Run", used: Mapping[str, int], asked: str | None, report: Callable[[str], None]
) -> BaseModel:
    """Find the base model: the one that `asked` names, or that which gave all replies.

    `used` counts the replies by the name of their model, as `calls` has it. Raises UsageError
    for replies of the fake backend, of a model object or of several models unless a model is asked
    for, and ModelNotFoundError if its weights cannot be found.
    """
    return located(asked or _model_of(run, used), report)


def located(name: str, report: Callable[[str], None]) -> BaseModel:
    """Find the weights of a model by its folder, its hub name, or `embedded`.

    Raises ModelNotFoundError if there are none.
    """
    if name == NAME:
        return BaseModel(EMBEDDED, prepare(report))
    found = Path(resolve(name))
    if found.is_dir():
        return BaseModel(found.name, found)
    return BaseModel(name, _snapshot(name))


def _model_of(run: "Run", used: Mapping[str, int]) -> str:
    from simnet.recording.files.manifest import IN_PROCESS, last_models  # noqa: PLC0415  (imports pyarrow)

    models = (*run.manifest.replaced, *last_models(run.manifest))
    kinds = {one.name: one.backend for one in models}
    for name in used:
        kind = kinds.get(name)
        if kind in {_FAKE, IN_PROCESS}:
            what = "the fake backend" if kind == _FAKE else "a model object"
            raise UsageError(
                f"the replies of run {run.id} come from {what}, which has no weights to train; "
                "train on a run that a model answered, or name a base model: --model embedded"
            )
        if kind == _ENDPOINT:
            raise UsageError(
                f"run {run.id} was answered by {name} at an endpoint; name the folder or hub name "
                "of the weights to train on: --model MODEL"
            )
    if len(used) != 1:
        raise UsageError(
            f"the replies of run {run.id} come from {', '.join(sorted(used)) or 'no model'}; name "
            "the one to train on: --model MODEL"
        )
    return next(iter(used))


def _snapshot(name: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415  (slow)

    try:
        return Path(snapshot_download(name))
    except (OSError, ValueError) as fault:
        raise ModelNotFoundError(f"the weights of {name!r} cannot be read: {fault}") from fault
