"""Opens tables as Arrow datasets over the sealed files of a run and of its ancestors.

Files are read lazily, except that of each ancestor the file that contains the time of the fork
is read at once, and its rows before the fork are in memory. (Arrow can open some row groups of
a file, but then counts the rows of all of them.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from simnet.recording.files import wal
from simnet.recording.files.manifest import Manifest
from simnet.recording.files.parquet import check_footer, slices_of
from simnet.recording.files.sealed_files import SealedFile
from simnet.recording.reading.lineage import TIME, shares
from simnet.recording.schema import arrow_schema, table_named

if TYPE_CHECKING:
    import pyarrow.dataset as pds

_ENDLESS = float("inf")


def sealed_dataset(folder: Path, manifest: Manifest, name: str) -> "pds.Dataset | None":
    """Open a table, in its order and each key once, if that needs no merge.

    Returns None if rows are not sealed yet, or if a fork may repeat rows of an ancestor.
    """
    import pyarrow.dataset as pds  # noqa: PLC0415  (imports pandas where it is installed)

    table = table_named(name)
    ancestors = shares(folder, manifest) if table.time == TIME or table.inherited else []
    if ancestors and table.inherited:
        return None
    found: list[pds.Dataset] = []
    reached = 0.0
    for owner, end in [*ancestors, (folder, _ENDLESS)]:
        files = _sealed_files(owner, name)
        if files is None or any(sealed.low < reached for sealed in files):
            return None
        found += _before(owner, name, files, end)
        reached = end
    if not found:
        return pds.dataset(arrow_schema(name).empty_table())
    return found[0] if len(found) == 1 else pds.dataset(found)


def _sealed_files(folder: Path, name: str) -> tuple[SealedFile, ...] | None:
    files, unsealed = wal.parts_of(folder, name)
    return None if unsealed else files.tables.get(name, ())


def _before(
    folder: Path, name: str, files: tuple[SealedFile, ...], end: float
) -> Iterator["pds.Dataset"]:
    """Yield datasets of the rows before `end`; the files are in order of time."""
    import pyarrow.dataset as pds  # noqa: PLC0415  (imports pandas where it is installed)

    whole = [check_footer(folder, sealed) for sealed in files if sealed.high < end]
    if whole:
        options = pds.ParquetFragmentScanOptions(page_checksum_verification=True)
        kind = pds.ParquetFileFormat(default_fragment_scan_options=options)
        yield pds.dataset([str(path) for path in whole], schema=arrow_schema(name), format=kind)
    for sealed in files:
        if sealed.low < end <= sealed.high:
            slices = slices_of(folder, name, sealed)
            early = [_rows_before(item.load(), end) for item in slices if item.low < end]
            yield pds.dataset(pa.concat_tables(early))


def _rows_before(rows: pa.Table, end: float) -> pa.Table:
    return rows.filter(pc.less(rows[TIME], end))
