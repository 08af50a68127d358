"""What a Parquet file of a record says of itself, in its metadata."""

import json

import pyarrow as pa

from simnet.foundation.text import one_line, storable
from simnet.recording.schema import (
    SCHEMA_VERSION,
    arrow_schema,
    column_docs,
    table_doc,
    table_named,
)


def described_schema(name: str, run_id: str) -> pa.Schema:
    """Return the schema of a table with metadata that says what its rows and columns are.

    The metadata of the schema are `simnet:run`, `simnet:table`, `simnet:schema_version`,
    `simnet:description`, `simnet:key` and `simnet:columns`, a JSON object of the columns'
    descriptions; each column also has its own as `description`.
    """
    docs = {column: one_line(column_docs(name)[column]) for column in arrow_schema(name).names}
    table = table_named(name)
    metadata = {
        "simnet:run": storable(run_id),
        "simnet:table": name,
        "simnet:schema_version": str(SCHEMA_VERSION),
        "simnet:description": table_doc(name),
        "simnet:key": ", ".join(table.key),
        "simnet:columns": json.dumps(docs, ensure_ascii=False),
    }
    fields = [
        field.with_metadata({"description": docs[field.name]}) for field in arrow_schema(name)
    ]
    return pa.schema(fields, metadata)
