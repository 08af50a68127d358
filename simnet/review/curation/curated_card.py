"""The data card of a curated data set: what was asked, who decided, by which rules."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from simnet.errors import UsageError
from simnet.export.folders.card_parts import write_hub_card
from simnet.foundation.distribution import install_command
from simnet.foundation.text import counted, one_line
from simnet.personas.sources.families.reviewed import BY, ORIGINAL
from simnet.review.curation.consolidation import Rules
from simnet.review.records.record_table import as_text
from simnet.review.review_folder import Reviewed

_TAGS = ("curated", "simnet")


def check_card() -> None:
    """Raise UsageError, with the command that installs it, if `huggingface_hub` is missing."""
    if find_spec("huggingface_hub") is None:
        raise UsageError(
            "a data card is written with huggingface_hub; install it, in a clone of simnet: "
            f"{install_command('hub')}; or export a file, whose name ends with .parquet or .jsonl"
        )


def write_curated_card(
    folder: Path,
    review: Reviewed,
    rules: Rules,
    rows: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, int],
) -> None:
    """Write the data card of a folder as Markdown with YAML metadata, as the Hub reads it."""
    files = [{"split": "train", "path": "data/train-00000.parquet"}]
    configs = [{"config_name": "default", "data_files": files}]
    body = _body(review, rules, rows, left_out)
    write_hub_card(folder, configs, body, tags=_TAGS, tasks=())


def _body(
    review: Reviewed,
    rules: Rules,
    rows: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, int],
) -> list[str]:
    causes = "; ".join(f"{count} {cause}" for cause, count in left_out.items())
    fields = ", ".join(f"`{_inline(name)}`" for name in review.columns)
    return [
        f"# Curated subset: {_inline(review.settings.name)}",
        "",
        f"{counted(len(rows), 'record')} of {review.total:,} that were reviewed"
        + (f"; left out: {causes}." if causes else "."),
        "",
        "```python",
        'datasets.load_dataset(DIR, split="train")',
        "```",
        "",
        "## How it was decided",
        "",
        *(f"- {line}" for line in map(_inline, rules.describe(review.questions))),
        "",
        *_annotators(rows),
        "",
        "## Columns",
        "",
        f"- `record_id`, and the record's own: {fields}.",
        "- `status`: that of the record for all annotators together.",
        f"- one column for each question, and `QUESTION{BY}`: what each annotator answered.",
        f"- `COLUMN{ORIGINAL}`: the text before corrections, of columns that are corrected.",
        "",
        *_sources(review, rows),
    ]


def _annotators(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        given = [one for name, value in row.items() if name.endswith(BY) for one in value or ()]
        counts.update({one["annotator"] for one in given if isinstance(one, dict)})
    return [
        f"- {_inline(who)} answered {counted(count, 'record')}."
        for who, count in sorted(counts.items())
    ]


def _sources(review: Reviewed, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    facts = review.settings.source
    name, kind = _inline(str(facts.get("name", "?"))), facts.get("kind")
    lines = ["## Source and licence", ""]
    if kind == "run":
        return [
            *lines,
            f"- Replies of the run `{name}`; `run` and `event` join them to its `events`.",
            *(f"- {_inline(caveat)}" for caveat in facts.get("caveats", ())),
            *(
                f"- Replies by {_inline(model)}"
                + (
                    ", which makes them up without a language model."
                    if model in facts.get("fake_models", ())
                    else "; its licence and terms of use apply to them."
                )
                for model in sorted({as_text(row.get("model")) for row in rows} - {""})
            ),
        ]
    if kind == "personas":
        origins = Counter((row.get("source"), row.get("licence")) for row in rows)
        return [
            *lines,
            *(
                f"- {counted(count, 'persona')} from {_inline(as_text(file) or 'a scenario')}; "
                + (f"licence {_inline(as_text(licence))}." if licence else "its licence applies.")
                for (file, licence), count in sorted(origins.items(), key=str)
            ),
        ]
    return [*lines, f"- Rows of `{name}`; its licence applies."]


def _inline(text: str) -> str:
    """Put a text on one line that Markdown does not take for a table or for code."""
    return one_line(text).replace("`", "'").replace("|", "\\|")
