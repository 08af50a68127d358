"""Texts that many prompts share, taken out of the rows that repeat them.

What a persona is told of its world and of itself is the same at every turn. `calls` hold the
hash of such a text and the table `parts` holds the text: once in sealed tables, and in the
segments about as often as a recorder was opened.
"""

from hashlib import blake2b

import pyarrow as pa

from simnet.recording.schema import PROMPT_TEXTS, arrow_schema, column_of, table_named

MOST_KNOWN = 1 << 17
"""Hashes that a recorder remembers; each takes some 150 bytes."""


def text_hash(text: bytes) -> str:
    """Name a text, in UTF-8, as `parts` does."""
    return blake2b(text, digest_size=16).hexdigest()


def parted(name: str, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Split rows as they are encoded into rows of their table and the parts these name."""
    hashes: list[str] = []
    texts = []
    for field in table_named(name).parted:
        place = rows.schema.get_field_index(field)
        column = rows.column(place).dictionary_encode()
        named = [text_hash(text) for text in column.dictionary.cast(pa.binary()).to_pylist()]
        values = pa.array(named, pa.string()).take(column.indices)
        kept = rows.schema.field(place).with_name(column_of(name, field))
        rows = rows.set_column(place, kept, values)
        hashes += named
        texts.append(column.dictionary)
    found = [pa.array(hashes, pa.string()), pa.concat_arrays(texts)]
    return rows, pa.RecordBatch.from_arrays(found, schema=arrow_schema(PROMPT_TEXTS))


class PromptTextExtractor:
    """Splits batches one after the other and hands out a part only when it was not seen lately.

    It remembers at most `most` hashes and forgets those first that were seen longest ago: a
    part that comes once more is a repeat, and sealing drops it by its key.
    """

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._known: dict[str, None] = {}

    def split(self, name: str, rows: pa.RecordBatch) -> list[tuple[str, pa.RecordBatch]]:
        """Return the batches to record for some rows, parts before what names them."""
        if not table_named(name).parted:
            return [(name, rows)]
        rows, parts = parted(name, rows)
        fresh = [self._is_new(one) for one in parts.column("hash").to_pylist()]
        parts = parts.filter(pa.array(fresh, pa.bool_()))
        return [(PROMPT_TEXTS, parts), (name, rows)] if parts.num_rows else [(name, rows)]

    def _is_new(self, part: str) -> bool:
        new = part not in self._known
        if not new:
            del self._known[part]
        elif len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[part] = None
        return new
