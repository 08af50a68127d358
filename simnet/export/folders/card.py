"""The data card of an exported data set: its configurations, counts and sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from simnet.export.folders.card_parts import (
    Source,
    configurations,
    heading,
    source_lines,
    split_lines,
    write_hub_card,
)
from simnet.export.folders.set_writer import Configuration
from simnet.export.folders.splits import Split
from simnet.foundation.text import counted, one_line


class Subset(NamedTuple):
    """One configuration of the data set."""

    name: str
    """Name of the configuration, `format_sft_<type>`."""
    type: str
    """The cohort whose replies it holds."""
    file: str | None
    """Path of its first Parquet file within the data set. None if every reply was left out,
    because `datasets` cannot load a file without rows."""
    rows: int
    """How many replies it holds."""
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
    splits: Mapping[str, int] = MappingProxyType({})
    """How many rows are in each split that has any: `train`, `validation`."""


def write_data_card(
    folder: Path,
    source: Source,
    subsets: Sequence[Subset],
    parts: Sequence[Configuration],
    *,
    prompts: str,
    system: str | None,
    columns: str,
    split: Split,
) -> None:
    """Write the data card of a folder as Markdown with YAML metadata, as the Hub reads it.

    At least one subset has rows. `parts` are the configurations that were written; `prompts`,
    `system` and `columns` are the choices of the export.
    """
    first = next(subset for subset in subsets if subset.rows)
    models = sorted({name for subset in subsets for name in subset.models})
    body = [
        heading("Replies of simulated followers", source),
        "",
        "Posts on a simulated social network and what LLM personas replied, one subset for",
        "each type of follower.",
        "",
        "```python",
        f'datasets.load_dataset(DIR, "{first.name}", split="{next(iter(first.splits))}")',
        "```",
        "",
        *_counts(subsets),
        "",
        *split_lines(parts, split.describe()),
        "",
        "## What is trained on",
        "",
        *_PROMPTS[prompts],
        *([] if system is None else ["", _SYSTEMS[system]]),
        *_length(subsets, prompts),
        "",
        *_TRAINER[columns],
        "",
        "## Columns",
        "",
        *_columns(columns),
        "",
        *source_lines(source, models),
    ]
    write_hub_card(folder, configurations(parts), body)


_SYSTEMS: Mapping[str, str] = {
    "served": "The system message is the one that was served, chosen by `--system served`.",
    "portrait": "The system message is the persona's portrait, chosen by `--system portrait`.",
    "none": "There is no system message, chosen by `--system none`.",
}
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
        cells = [one_line(cell).replace("|", "\\|") for cell in cells]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
