"""What the cards of all exports have: metadata, splits, the source of rows and their licences."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b, file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import UsageError
from simnet.export.folders.folder import CARD
from simnet.export.folders.licences import licence_lines
from simnet.export.folders.origins import Origin, origins
from simnet.export.folders.run_caveats import run_caveats
from simnet.export.folders.set_writer import Configuration
from simnet.foundation.distribution import install_command
from simnet.foundation.text import counted, one_line, without_folders
from simnet.recording.files.manifest import Manifest, last_models
from simnet.recording.reading.run import Run

TAGS = ("synthetic", "simnet")
"""Tags of every export; the second is how `written_folder` knows one."""


class Source(NamedTuple):
    """Where the rows of an export come from."""

    manifest: Manifest
    personas: Mapping[Origin, int]
    """Number of personas of the run by their source."""
    missing: Sequence[str]
    """What the record of the run lacks."""
    caveats: Sequence[str] = ()
    """What limits the use of the run's data."""


def source_of(run: Run) -> Source:
    """Read where the rows of a run come from."""
    return Source(run.manifest, origins(run), run.missing, tuple(run_caveats(run)))


def check_hub() -> None:
    """Raise UsageError, with the command that installs it, if `huggingface_hub` is missing."""
    if find_spec("huggingface_hub") is None:
        raise UsageError(
            "a data card is written with huggingface_hub; install it, in a clone of simnet: "
            f"{install_command('hub')}"
        )


def configurations(parts: Sequence[Configuration]) -> list[dict[str, Any]]:
    """List the configurations of a data set, with their files, as the metadata has them."""
    return [
        {
            "config_name": part.name,
            "data_files": [{"split": side, "path": path} for side, path in part.files.items()],
        }
        for part in parts
        if part.files
    ]


def write_hub_card(
    folder: Path,
    configs: Sequence[Mapping[str, Any]],
    body: Sequence[str],
    *,
    tags: Sequence[str] = TAGS,
    tasks: Sequence[str] = ("text-generation",),
) -> None:
    """Write the data card of a folder, with metadata that `huggingface_hub` has checked.

    The other files of the folder have to be complete.
    """
    from huggingface_hub import DatasetCard, DatasetCardData  # noqa: PLC0415  (takes 0.2 s)

    metadata = DatasetCardData(
        license="other",
        task_categories=list(tasks) or None,
        tags=list(tags),
        configs=_with_contents(configs, folder),
    )
    card = DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n" + "\n".join(body) + "\n")
    (folder / CARD).write_text(str(card), encoding="utf-8")


def write_plain_card(
    folder: Path, configs: Sequence[Mapping[str, Any]], body: Sequence[str]
) -> None:
    """Write the data card of a folder; needs no other package, as JSON is YAML too.

    The other files of the folder have to be complete.
    """
    lines = ["---", "license: other", "tags:", *(f"- {tag}" for tag in TAGS)]
    if configs:
        told = _with_contents(configs, folder)
        lines += ["configs:", *(f"- {json.dumps(one, ensure_ascii=False)}" for one in told)]
    text = "\n".join([*lines, "---", "", *body]) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def _with_contents(configs: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Give each configuration a hash of the folder's files as its description.

    `datasets` finds what it has loaded before by the name of the folder and these configurations.
    Without the hash, a folder with other rows and the same name would be read from its cache.
    """
    contents = blake2b(digest_size=8)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != CARD:
            contents.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                contents.update(file_digest(file, blake2b).digest())
    return [{**one, "description": f"contents {contents.hexdigest()}"} for one in configs]


def heading(title: str, source: Source) -> str:
    """Write the title of a card, with the name of the scenario, and what limits its use."""
    scenario = source.manifest.scenario
    name = f": {one_line(scenario.name)}" if scenario else ""
    return "".join([f"# {title}{name}", *(f"\n\n> {one}" for one in source.caveats)])


def split_lines(parts: Sequence[Configuration], rule: str) -> list[str]:
    """Write how many rows are in each split, and how they were divided."""
    lines = ["## Splits", "", rule]
    if any(len(part.files) > 1 for part in parts) or "validation" in rule:
        lines += ["", "| subset | train | validation |", "|-|-|-|"]
        lines += [f"| {part.name} | {part.rows['train']} | {part.rows['validation']} |"
                  for part in parts]  # fmt: skip
    return lines


def source_lines(source: Source, models: Sequence[str] = ()) -> list[str]:
    """Write which run, models and personas the rows come from, and which licences apply."""
    manifest = source.manifest
    version = manifest.versions.get("simnet", "of unknown version")
    lines = [
        "## Source and licence",
        "",
        f"- Run `{manifest.id}`, seed {manifest.seed}, simnet {version}.",
        *(f"- Its record is incomplete: {lack}." for lack in map(_without_place, source.missing)),
        *(_model(name, manifest) for name in models),
    ]
    for origin, count in sorted(source.personas.items(), key=lambda one: (-one[1], str(one[0]))):
        lines.append(f"- {counted(count, 'persona')} {one_line(str(origin))}.")
    lines.append("- All posts and replies are synthetic; nobody wrote or holds these opinions.")
    return [*lines, "", "### Licences of the personas", "", *licence_lines(source.personas)]


def _without_place(text: str) -> str:
    return without_folders(one_line(text))


def _model(name: str, manifest: Manifest) -> str:
    models = {one.name: one for one in (*manifest.replaced, *last_models(manifest))}
    facts = models.get(name)
    if facts is not None and facts.is_fake:
        return f"- Replies by {one_line(name)}, which makes them up without a language model."
    revision = f", revision {facts.revision}" if facts is not None and facts.revision else ""
    return f"- Replies by {one_line(name)}{revision}; its licence and terms of use apply to them."
