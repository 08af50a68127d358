"""Prompt texts: texts that many prompts share, stored once.

The system prompt of a persona is the same at every turn. `calls` has the hash of such a text and
the table `prompt_texts` has the text: once in sealed files, and in segments about once for each
recorder that was opened.
"""

from hashlib import blake2b

import pyarrow as pa

from simnet.recording.schema import PROMPT_TEXTS, arrow_schema, column_of, table_named

MOST_KNOWN = 1 << 17
"""Hashes that a recorder remembers; each takes about 150 bytes."""


def text_hash(text: bytes) -> str:
    """Hash a text in UTF-8: its key in the table `prompt_texts`."""
    return blake2b(text, digest_size=16).hexdigest()


def extract_texts(name: str, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Split encoded rows into rows with hashes and the rows of `prompt_texts` that these name."""
    hashes: list[str] = []
    dictionaries = []
    for field in table_named(name).shared_texts:
        position = rows.schema.get_field_index(field)
        column = rows.column(position).dictionary_encode()
        digests = [text_hash(text) for text in column.dictionary.cast(pa.binary()).to_pylist()]
        values = pa.array(digests, pa.string()).take(column.indices)
        hash_field = rows.schema.field(position).with_name(column_of(name, field))
        rows = rows.set_column(position, hash_field, values)
        hashes += digests
        dictionaries.append(column.dictionary)
    columns = [pa.array(hashes, pa.string()), pa.concat_arrays(dictionaries)]
    return rows, pa.RecordBatch.from_arrays(columns, schema=arrow_schema(PROMPT_TEXTS))


class PromptTextExtractor:
    """Splits batches and returns each prompt text once, while its hash is remembered.

    It remembers the `most` hashes that were used last. A text that is returned again is a
    repeat, which sealing drops by its key.
    """

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._recent: dict[str, None] = {}
        """Hashes, the least recently used first."""

    def split(self, name: str, rows: pa.RecordBatch) -> list[tuple[str, pa.RecordBatch]]:
        """Return the batches to record for some rows, texts before the rows that name them."""
        if not table_named(name).shared_texts:
            return [(name, rows)]
        rows, texts = extract_texts(name, rows)
        fresh = [self._is_new(digest) for digest in texts.column("hash").to_pylist()]
        texts = texts.filter(pa.array(fresh, pa.bool_()))
        return [(PROMPT_TEXTS, texts), (name, rows)] if texts.num_rows else [(name, rows)]

    def _is_new(self, digest: str) -> bool:
        new = digest not in self._recent
        if not new:
            del self._recent[digest]
        elif len(self._recent) >= self._most:
            del self._recent[next(iter(self._recent))]
        self._recent[digest] = None
        return new
