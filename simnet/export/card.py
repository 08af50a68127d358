"""The README of an exported data set: configurations for `datasets`, and where it comes from."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simnet.recording.files.manifest import Manifest


class Subset(NamedTuple):
    """One configuration of the data set."""

    name: str
    """Name of the configuration, `format_sft_<type>`."""
    type: str
    """The cohort whose replies it holds."""
    file: str | None
    """Its Parquet file, relative to the data set; None where every reply was left out, because
    `datasets` cannot load a file without rows."""
    rows: int
    cut: int
    """How many of them ran into the limit of characters, perhaps in the middle of a sentence."""
    left_out: Mapping[str, int]
    """How many replies are not in it: by mark, refused or failed."""


def data_card(
    manifest: Manifest, subsets: Sequence[Subset], sources: Mapping[str | None, int]
) -> str:
    """Write the data card; `sources` counts the personas that come from each source.

    At least one subset has rows.
    """
    first = next(subset for subset in subsets if subset.rows)
    return "\n".join(
        [
            "---",
            *_front_matter(subsets),
            "---",
            "",
            f"# Replies of simulated followers: {manifest.scenario.name}"
            if manifest.scenario
            else "# Replies of simulated followers",
            "",
            "Posts on a simulated social network and what LLM personas replied, one subset for",
            "each type of follower. `messages` is in the conversational language-modelling format",
            "that TRL's `SFTTrainer` takes: the post is the user's turn, the reply the",
            "assistant's. `prompt_id` is the SHA-256 of `prompt` in UTF-8.",
            "",
            "```python",
            f'datasets.load_dataset(DIR, "{first.name}", split="train")',
            "```",
            "",
            *_counts(subsets),
            "",
            *_origin(manifest, sources),
            "",
        ]
    )


def _front_matter(subsets: Sequence[Subset]) -> list[str]:
    lines = ["license: other", "task_categories:", "- text-generation", "tags:", "- synthetic"]
    lines += ["- simnet", "configs:"]
    for subset in subsets:
        if subset.file is None:
            continue
        lines += [f"- config_name: {json.dumps(subset.name)}", "  data_files:"]
        lines += ["  - split: train", f"    path: {json.dumps(subset.file)}"]
    return lines


def _counts(subsets: Sequence[Subset]) -> list[str]:
    causes = sorted({cause for subset in subsets for cause in subset.left_out})
    header = [
        "subset",
        "type",
        "rows",
        "cut at the limit",
        *(f"left out: {cause}" for cause in causes),
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + "-|" * len(header)]
    for subset in subsets:
        left = [str(subset.left_out.get(cause, 0)) for cause in causes]
        cells = [subset.name, subset.type, str(subset.rows), str(subset.cut), *left]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _origin(manifest: Manifest, sources: Mapping[str | None, int]) -> list[str]:
    model = manifest.model
    revision = f", revision {model.revision}" if model and model.revision else ""
    name = model.name if model else "an unnamed model"
    version = manifest.versions.get("simnet", "of unknown version")
    lines = [
        "## Source and licence",
        "",
        f"- Run `{manifest.id}`, seed {manifest.seed}, simnet {version}.",
        f"- Replies by {name}{revision}; its licence and terms of use apply to them.",
    ]
    for source, count in sorted(sources.items(), key=lambda item: (-item[1], str(item[0]))):
        told = f"from {source}; its licence applies" if source else "given in the scenario"
        lines.append(f"- {count} personas {told}.")
    lines.append("- All posts and replies are synthetic; nobody wrote or holds these opinions.")
    return lines
