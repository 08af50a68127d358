"""The folder of a trained adapter: files that vLLM and peft load, a card, losses, and its origin.

The folder of a training holds one such folder for each cohort in `adapters/`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simnet.errors import InputError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.foundation.text import counted

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
FACTS = "training.json"
LOSSES = "losses.jsonl"
ADAPTERS = "adapters"
"""Where the folder of a training has them."""
CARD = "README.md"


def trained_adapters(folder: str | Path) -> dict[str, Path]:
    """Find the adapters that `simnet train` left in a folder, by the names of their cohorts.

    Raises InputError if there are none.
    """
    root = Path(folder).expanduser()
    found = {}
    for path in sorted(root.glob(f"{ADAPTERS}/*/{CONFIG}")) or sorted(root.glob(f"*/{CONFIG}")):
        if not path.parent.name.startswith("."):
            facts = read_facts(path.parent) or {}
            found[str(facts.get("cohort", path.parent.name))] = path.parent.resolve()
    if not found:
        raise InputError(f"{root} holds no adapters; make some: simnet train RUN --out {root}")
    return found


def read_facts(folder: Path) -> dict[str, Any] | None:
    """Read the facts of a finished adapter or training; None if there are none that can be read."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def write_adapter(
    folder: Path,
    weights: bytes,
    config: Mapping[str, Any],
    losses: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the files of an adapter; returns `facts` with the checksum of its weights.

    Raises DiskError.
    """
    facts = {**facts, "checksum": hashlib.sha256(weights).hexdigest()}
    disk = Disk()
    with disk_errors(f"writing the adapter {folder}"):
        write_atomically(disk, folder / WEIGHTS, weights)
        _write_json(folder / CONFIG, config)
        lines = "".join(json.dumps(loss) + "\n" for loss in losses)
        write_atomically(disk, folder / LOSSES, lines.encode())
        write_atomically(disk, folder / CARD, adapter_card(facts).encode())
        _write_json(folder / FACTS, facts)
    return facts


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts of a training. Raises DiskError."""
    with disk_errors(f"writing {folder / FACTS}"):
        _write_json(folder / FACTS, facts)


def adapter_card(facts: Mapping[str, Any]) -> str:
    """Return the card of an adapter as Markdown with YAML metadata, as the hub reads it."""
    from huggingface_hub import ModelCard, ModelCardData  # noqa: PLC0415  (slow)

    metadata = ModelCardData(
        license="other",
        base_model=facts["base_model"],
        library_name="peft",
        pipeline_tag="text-generation",
        tags=["lora", "synthetic", "simnet"],
    )
    rows, recipe = facts["rows"], facts["options"]
    others = {"persona": "of other personas", "thread": "that reply to other posts"}
    held = f"{counted(rows['held_out'], 'row')} {others[recipe['hold_out']]} held out"
    lines = [
        f"# LoRA adapter of simulated followers: {facts['cohort']}",
        "",
        f"It makes {facts['base_model']} reply as the cohort `{facts['cohort']}` did in a run.",
        "",
        "## Training",
        "",
        f"- {counted(rows['train'], 'row')}, {held}; loss on the replies alone.",
        "- Each row has the prompt that was served, as the tokens that the engine was given, and",
        "  the reply. simnet prompts the adapter as in training.",
        f"- Rank {recipe['rank']}, learning rate {recipe['learning_rate']:g}, batch",
        f"  {recipe['batch']}, {counted(facts['steps'], 'step')}, seed {recipe['seed']}.",
        f"- Loss of the first step {facts['first_loss']:.3f}, of the last",
        f"  {facts['last_loss']:.3f}; all are in `{LOSSES}`.",
        "",
        "## Source and licence",
        "",
        f"- Run `{facts['run']}`; replies by {', '.join(facts['models'])}. The licence and terms",
        "  of use of a language model apply to its replies.",
        *(f"- {source}." for source in facts["sources"]),
        "- All posts and replies are synthetic; nobody wrote or holds these opinions.",
    ]
    return str(ModelCard(f"---\n{metadata.to_yaml()}\n---\n\n" + "\n".join(lines) + "\n"))


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(Disk(), path, text.encode())
