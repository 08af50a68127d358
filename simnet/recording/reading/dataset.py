"""Tables as Arrow datasets over the sealed files, those of a fork's ancestors among them.

Files are read as a scan comes to them. Of the file in which a fork left its parent, the rows
before that moment are held in memory: at most one file for each ancestor. (Arrow can open some
row groups of a file, but then counts the rows of all of them.)
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds

from simnet.recording.files import wal
from simnet.recording.files.manifest import Manifest
from simnet.recording.files.parquet import check_footer, pieces_of
from simnet.recording.files.sealed_files import SealedFile, read_sealed_files
from simnet.recording.reading.lineage import TIME, shares
from simnet.recording.schema import arrow_schema, table_named

_ENDLESS = float("inf")


def sealed_dataset(folder: Path, manifest: Manifest, name: str) -> pds.Dataset | None:
    """Open a table that is in sealed files alone, in its order and each key once.

    None when that cannot be told without reading it: rows are not sealed yet, or a fork
    repeats what an ancestor has.
    """
    table = table_named(name)
    ancestors = shares(folder, manifest) if table.time == TIME or table.inherited else []
    if ancestors and table.inherited:
        return None
    found: list[pds.Dataset] = []
    reached = 0.0
    for one, end in [*ancestors, (folder, _ENDLESS)]:
        parts = _sealed_parts(one, name)
        if parts is None or any(part.low < reached for part in parts):
            return None
        found += _until(one, name, parts, end)
        reached = end
    if not found:
        return pds.dataset(arrow_schema(name).empty_table())
    return found[0] if len(found) == 1 else pds.dataset(found)


def _sealed_parts(folder: Path, name: str) -> tuple[SealedFile, ...] | None:
    parts = read_sealed_files(folder)
    if set(wal.segments_in(folder, name)) - set(parts.merged):
        return None
    return parts.tables.get(name, ())


def _until(
    folder: Path, name: str, parts: tuple[SealedFile, ...], end: float
) -> Iterator[pds.Dataset]:
    """Yield what lies before `end` in parts that are in order of time."""
    whole = [check_footer(folder, part) for part in parts if part.high < end]
    if whole:
        options = pds.ParquetFragmentScanOptions(page_checksum_verification=True)
        kind = pds.ParquetFileFormat(default_fragment_scan_options=options)
        yield pds.dataset([str(path) for path in whole], schema=arrow_schema(name), format=kind)
    for part in parts:
        if part.low < end <= part.high:
            pieces = [one for one in pieces_of(folder, name, part) if one.low < end]
            early = [_cut(one.load(), end) for one in pieces]
            yield pds.dataset(pa.concat_tables(early))


def _cut(rows: pa.Table, end: float) -> pa.Table:
    return rows.filter(pc.less(rows[TIME], end))
