"""The data card of an exported data set: its configurations, counts and sources."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from simnet.distribution import install_command
from simnet.errors import UsageError
from simnet.export.origins import Origin
from simnet.recording.files.manifest import Manifest
from simnet.text import counted


class Subset(NamedTuple):
    """One configuration of the data set."""

    name: str
    """Name of the configuration, `format_sft_<type>`."""
    type: str
    """The cohort whose replies it holds."""
    file: str | None
    """Path of its Parquet file within the data set. None if every reply was left out, because
    `datasets` cannot load a file without rows."""
    rows: int
    cut: int
    """How many of them ran into the limit and were kept, perhaps broken off in a sentence."""
    shortened: int
    """How many of them ran into the limit and were cut after their last whole sentence."""
    cleaned: int
    """How many of them had reasoning, which was removed."""
    models: Mapping[str, int]
    """How many of them each model gave, as `calls` name it."""
    tokens: int
    """Tokens of the longest prompt with its completion, as the model counted them; 0 if unknown."""
    left_out: Mapping[str, int]
    """How many replies are not in it, by flag, outcome (`refused`, `failed`) or other cause."""


def check_hub() -> None:
    """Raise UsageError, with the command that installs it, if `huggingface_hub` is missing."""
    if find_spec("huggingface_hub") is None:
        raise UsageError(
            "a data card is written with huggingface_hub; install it, in a clone of simnet: "
            f"{install_command('hub')}"
        )


def data_card(
    manifest: Manifest,
    subsets: Sequence[Subset],
    sources: Mapping[Origin, int],
    *,
    prompts: str,
    columns: str,
) -> str:
    """Return the data card as Markdown with YAML metadata, as the Hugging Face Hub reads it.

    `sources` counts the personas that come from each source. At least one subset has rows.
    `prompts` and `columns` are the choices of the export.
    """
    from huggingface_hub import DatasetCard, DatasetCardData  # noqa: PLC0415  (takes 0.2 s)

    metadata = DatasetCardData(
        license="other",
        task_categories=["text-generation"],
        tags=["synthetic", "simnet"],
        configs=[_configuration(subset) for subset in subsets if subset.file is not None],
    )
    body = _body(manifest, subsets, sources, prompts, columns)
    return str(DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n{body}"))


def _configuration(subset: Subset) -> dict[str, Any]:
    files = [{"split": "train", "path": subset.file}]
    return {"config_name": subset.name, "data_files": files}


def _body(
    manifest: Manifest,
    subsets: Sequence[Subset],
    sources: Mapping[Origin, int],
    prompts: str,
    columns: str,
) -> str:
    first = next(subset for subset in subsets if subset.rows)
    scenario = f": {manifest.scenario.name}" if manifest.scenario else ""
    lines = [
        f"# Replies of simulated followers{scenario}",
        "",
        "Posts on a simulated social network and what LLM personas replied, one subset for",
        "each type of follower.",
        "",
        "```python",
        f'datasets.load_dataset(DIR, "{first.name}", split="train")',
        "```",
        "",
        *_counts(subsets),
        "",
        "## What is trained on",
        "",
        *_PROMPTS[prompts],
        *_length(subsets, prompts),
        "",
        *_TRAINER[columns],
        "",
        "## Columns",
        "",
        *_columns(columns),
        "",
        *_origin(manifest, subsets, sources),
    ]
    return "\n".join(lines) + "\n"


_PROMPTS: Mapping[str, Sequence[str]] = {
    "served": (
        "Each chat is the one that was served: the recorded system text (setting, rules, manner",
        "and persona), the recorded user text (memories and feed), and the reply in the form that",
        "the rules ask for. So simnet prompts a model trained on it as in training. The model",
        "learns to reply when it is told who it is; without that text it has learned little. A set",
        "made with `--prompts post` has the post and the reply alone.",
    ),
    "post": (
        "Each chat is the post as the user's turn and the text of the reply as the assistant's.",
        "Setting, rules, manner and persona are not in it, and most chat templates put a system",
        "text of their own before it. So a model trained on it takes on the type of follower",
        "without being told. But simnet serves another prompt than in training: a system text, and",
        'the post as a line of a feed, `@author: "..."`. A set made with `--prompts served` has',
        "the prompts that were served.",
    ),
}
_TRAINER: Mapping[str, Sequence[str]] = {
    "messages": (
        "TRL's `SFTTrainer` takes a subset as it is. Its loss is on all of `messages`, prompts",
        "included, unless `assistant_only_loss=True` is set, which the chat template has to allow.",
        "A set made with `--columns prompt-completion` has the loss on the reply alone.",
    ),
    "prompt-completion": (
        "TRL's `SFTTrainer` takes a subset as it is. Its loss is on `completion` alone.",
    ),
    "distilabel": (
        "The columns `prompt` and `prompt_id` are those of distilabel's pipeline. TRL takes a set",
        "with a column `prompt` for pairs of prompt and completion, so select `messages` for its",
        '`SFTTrainer`: `dataset.select_columns(["messages"])`.',
    ),
}
_CHAT: Mapping[str, str] = {
    "messages": "- `messages`: the chat.",
    "prompt-completion": "- `prompt`, `completion`: the chat before the reply, and the reply.",
    "distilabel": "- `messages`: the chat. `prompt`: its user's turn. `prompt_id`: SHA-256 of it.",
}


def _length(subsets: Sequence[Subset], prompts: str) -> list[str]:
    tokens = max(subset.tokens for subset in subsets)
    if prompts != "served" or not tokens:
        return []
    return [
        "",
        f"The longest chat had {counted(tokens, 'token')} when it was served, as the serving",
        "model counts. Trainers cut longer chats at the end, where the reply is: set `max_length`",
        "of `SFTConfig` above that.",
    ]


def _columns(columns: str) -> list[str]:
    return [
        _CHAT[columns],
        "- `post`, `persona`, `interaction_<type>`: the post, the persona's portrait, the reply.",
        "- `run`; `event`: the post that the reply made, `made` in the run's `events`;",
        "  `persona_id` and `turn`, which name the rows of `events` and `calls`.",
        "- `model`, `adapter`, `prompt_hash`: of the recorded call; null if there is none.",
    ]


def _counts(subsets: Sequence[Subset]) -> list[str]:
    causes = sorted({cause for subset in subsets for cause in subset.left_out})
    header = [
        "subset",
        "type",
        "rows",
        "cut at the limit",
        "shortened to whole sentences",
        "cleaned of reasoning",
        *(f"left out: {cause}" for cause in causes),
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + "-|" * len(header)]
    for subset in subsets:
        left = [str(subset.left_out.get(cause, 0)) for cause in causes]
        kept = [str(count) for count in (subset.cut, subset.shortened, subset.cleaned)]
        cells = [subset.name, subset.type, str(subset.rows), *kept, *left]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _origin(
    manifest: Manifest, subsets: Sequence[Subset], sources: Mapping[Origin, int]
) -> list[str]:
    models = sorted({name for subset in subsets for name in subset.models})
    version = manifest.versions.get("simnet", "of unknown version")
    lines = [
        "## Source and licence",
        "",
        f"- Run `{manifest.id}`, seed {manifest.seed}, simnet {version}.",
        *(_model(name, manifest) for name in models),
    ]
    for origin, count in sorted(sources.items(), key=lambda item: (-item[1], str(item[0]))):
        lines.append(f"- {counted(count, 'persona')} {origin}.")
    lines.append("- All posts and replies are synthetic; nobody wrote or holds these opinions.")
    return lines


def _model(name: str, manifest: Manifest) -> str:
    facts = manifest.model
    known = facts is not None and facts.name == name and facts.revision
    revision = f", revision {known}" if known else ""
    return f"- Replies by {name}{revision}; its licence and terms of use apply to them."
