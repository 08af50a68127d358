"""The data card of an exported data set: its configurations, counts and sources."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from simnet.distribution import install_command
from simnet.errors import UsageError
from simnet.recording.files.manifest import Manifest


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
    """How many of them ended at the limit of characters, perhaps in the middle of a sentence."""
    left_out: Mapping[str, int]
    """How many replies are not in it, by mark or outcome (`refused`, `failed`)."""


def check_hub() -> None:
    """Raise UsageError, with the command that installs it, if `huggingface_hub` is missing."""
    if find_spec("huggingface_hub") is None:
        raise UsageError(
            "a data card is written with huggingface_hub; install it, in a clone of simnet: "
            f"{install_command('hub')}"
        )


def data_card(
    manifest: Manifest, subsets: Sequence[Subset], sources: Mapping[str | None, int]
) -> str:
    """Return the data card as Markdown with YAML metadata, as the Hugging Face Hub reads it.

    `sources` counts the personas that come from each source. At least one subset has rows.
    """
    from huggingface_hub import DatasetCard, DatasetCardData  # noqa: PLC0415  (takes 0.2 s)

    metadata = DatasetCardData(
        license="other",
        task_categories=["text-generation"],
        tags=["synthetic", "simnet"],
        configs=[_configuration(subset) for subset in subsets if subset.file is not None],
    )
    return str(
        DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n{_body(manifest, subsets, sources)}")
    )


def _configuration(subset: Subset) -> dict[str, Any]:
    files = [{"split": "train", "path": subset.file}]
    return {"config_name": subset.name, "data_files": files}


def _body(manifest: Manifest, subsets: Sequence[Subset], sources: Mapping[str | None, int]) -> str:
    first = next(subset for subset in subsets if subset.rows)
    scenario = f": {manifest.scenario.name}" if manifest.scenario else ""
    lines = [
        f"# Replies of simulated followers{scenario}",
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
    ]
    return "\n".join(lines) + "\n"


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
        origin = f"from {source}; its licence applies" if source else "given in the scenario"
        lines.append(f"- {count} personas {origin}.")
    lines.append("- All posts and replies are synthetic; nobody wrote or holds these opinions.")
    return lines
