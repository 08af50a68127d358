"""Folders with a data set of personas or texts, which `datasets.load_dataset` reads."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RunError
from simnet.export.folders.card_parts import check_hub, write_hub_card
from simnet.export.folders.folder import written_folder
from simnet.export.folders.origins import Origin
from simnet.foundation.distribution import version
from simnet.foundation.text import counted, visible
from simnet.personas.generate import PROVENANCE
from simnet.personas.persona import Persona

FileFormat: TypeAlias = Literal["parquet", "jsonl"]
_ROWS = 1_000
"""Rows that are written at once."""
_SOURCE = [(name, pa.string()) for name in ("source", "format", "licence", "revision")]
_PROVENANCE = [
    (name, pa.int64() if name in {"hop", "seed"} else pa.string()) for name in PROVENANCE
]
PERSONAS = pa.schema(
    [
        ("id", pa.string()),
        ("description", pa.string()),
        ("attributes", pa.string()),
        ("untold", pa.list_(pa.string())),
        *_SOURCE,
    ]
)
"""Columns of a catalogue, in which `attributes` is a JSON object."""
MADE_PERSONAS = pa.schema([*list(PERSONAS)[:2], *_PROVENANCE, *list(PERSONAS)[2:]])
"""Columns of made personas, with their provenance, which is in `attributes` too."""
TEXTS = pa.schema(
    [
        *((name, pa.string()) for name in ("input persona", "synthesized text", "description")),
        *((name, pa.string()) for name in ("task", "mode", "persona_id", "persona_hash", "model")),
        ("seed", pa.int64()),
        *_SOURCE,
    ]
)
"""The columns of PersonaHub's subsets, and where each row comes from."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What a folder is to hold, besides its rows."""

    name: str
    """Name of its one configuration."""
    title: str
    schema: pa.Schema
    columns: Sequence[str]
    """Lines of the data card that say what the columns are."""
    facts: Mapping[str, object]
    """What the data card says of how the rows were made."""
    file_format: FileFormat = "parquet"

    @property
    def file(self) -> str:
        """Path of the file in the folder."""
        return f"data/{self.name}.{self.file_format}"


def write_data_set(
    out: Path, data_set: DataSet, rows: Iterable[Mapping[str, Any]], *, force: bool = False
) -> int:
    """Write a folder with a file and a data card, whole or not at all; return the rows.

    Raises UsageError as `written_folder` does, or where `huggingface_hub` is not installed, and
    RunError if there is no row, because `datasets` cannot load such a file.
    """
    check_hub()
    origins: Counter[Origin] = Counter()
    with written_folder(out, force=force) as folder:
        path = folder / data_set.file
        path.parent.mkdir()
        count = _write(path, data_set, _counted(rows, origins))
        if not count:
            raise RunError(
                "no reply could be used, so there is nothing to write; try another model, or more "
                "--tries"
            )
        _write_card(folder, data_set, count, origins)
    return count


def persona_row(persona: Persona) -> dict[str, Any]:
    """Return a persona as a row of MADE_PERSONAS."""
    attributes, source = persona.attributes, persona.source
    return {
        "id": persona.id,
        "description": persona.description,
        **{name: attributes.get(name) for name in PROVENANCE},
        "attributes": json.dumps(attributes, ensure_ascii=False),
        "untold": list(persona.untold),
        "source": source.file if source else None,
        "format": source.format if source else None,
        "licence": source.licence if source else None,
        "revision": source.revision if source else None,
    }


def _counted(
    rows: Iterable[Mapping[str, Any]], origins: Counter[Origin]
) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        origins[Origin(row["source"] or None, row["licence"], row["revision"])] += 1
        yield row


def _write(path: Path, data_set: DataSet, rows: Iterator[Mapping[str, Any]]) -> int:
    names = data_set.schema.names
    count = 0
    if data_set.file_format == "jsonl":
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                kept = {name: row[name] for name in names}
                file.write(json.dumps(kept, ensure_ascii=False) + "\n")
                count += 1
        return count
    with pq.ParquetWriter(path, data_set.schema, compression="zstd") as writer:
        while block := list(islice(rows, _ROWS)):
            plain = [{name: row[name] for name in names} for row in block]
            writer.write_table(pa.Table.from_pylist(plain, data_set.schema))
            count += len(block)
    return count


def _write_card(folder: Path, data_set: DataSet, count: int, origins: Counter[Origin]) -> None:
    files = [{"split": "train", "path": data_set.file}]
    lines = [
        f"# {data_set.title}",
        "",
        "```python",
        f'datasets.load_dataset(DIR, "{data_set.name}", split="train")',
        "```",
        "",
        f"{counted(count, 'row')}, made with simnet {version()}.",
        "",
        *(f"- {name}: {visible(str(value))}." for name, value in data_set.facts.items()),
        "",
        "## Columns",
        "",
        *data_set.columns,
        "",
        "## Source and licence",
        "",
        *_origins(origins),
        "- All rows are synthetic. The licence and terms of use of the model apply to them.",
    ]
    write_hub_card(folder, [{"config_name": data_set.name, "data_files": files}], lines)


def _origins(origins: Counter[Origin]) -> Iterator[str]:
    ordered = sorted(origins.items(), key=lambda item: (-item[1], str(item[0])))
    for origin, count in ordered:
        where = "of unknown source" if origin.source is None else f"made of data {origin}"
        yield f"- {counted(count, 'row')} {visible(where)}."
