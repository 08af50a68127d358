"""Opens a data file: finds out what it is by its first bytes, and unpacks it while reading."""

import gzip
import io
from pathlib import Path
from typing import BinaryIO, NamedTuple

from simnet.errors import InputError

_BYTES_LOOKED_AT = 4096
_BOM = b"\xef\xbb\xbf"
_ZSTD = b"\x28\xb5\x2f\xfd"
_REFUSED = (
    (b"PK\x03\x04", "is a zip archive or an Excel workbook; unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook; save it as CSV"),
    (b"SQLite format 3\x00", "is an SQLite database; export the table as CSV"),
    (b"ARROW1", "is an Arrow file; save it as Parquet"),
    (b"\xff\xfe", "is UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as UTF-8"),
    (
        b"version https://git-lfs.",
        "is a pointer of Git LFS and not the data; fetch it with: git lfs pull",
    ),
)
"""First bytes of files that are no table, and what to do with them."""


class Content(NamedTuple):
    """A file, how it is packed, and the first bytes of what is in it."""

    path: Path
    packing: str | None
    """`gzip`, `bz2`, `xz` or `zstd`; None for a file that is not compressed."""
    start: bytes
    """The first 4096 bytes after unpacking, without a byte order mark and leading blanks."""

    def stream(self) -> BinaryIO:
        """Open the unpacked content. Reading it may raise what `DAMAGE` lists."""
        return _unpacked(self.path, self.packing)

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet; other content is text."""
        return self.start[:4] == b"PAR1"

    @property
    def is_xml(self) -> bool:
        """Whether it is XML or HTML."""
        return self.start[:1] == b"<"


def opened(path: Path) -> Content:
    """Look at the beginning of a file.

    Raises InputError for a file that is not there, is damaged, or is no table that can be read.
    """
    packing = None
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # it can be read once only
            raise InputError(f"{path} is no regular file; write what comes from it to one first")
        with path.open("rb") as file:
            packing = _packing(file.read(6))
        with _unpacked(path, packing) as stream:
            start = stream.read(_BYTES_LOOKED_AT)
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name a file in it") from None
    except damage() as error:
        raise InputError(f"{path}: {_why(error, packed=packing is not None)}") from None
    for magic, advice in _REFUSED:
        if start.startswith(magic):
            raise InputError(f"{path} {advice}")
    if start[:4] != b"PAR1":
        start = start.removeprefix(_BOM).lstrip()
    return Content(path, packing, start)


def damage() -> tuple[type[Exception], ...]:
    """Return the errors that reading a damaged file raises."""
    import lzma  # noqa: PLC0415  (few files need them)
    import zlib  # noqa: PLC0415

    import pyarrow as pa  # noqa: PLC0415  (slow to import)

    return (OSError, EOFError, lzma.LZMAError, zlib.error, pa.ArrowException)


def damaged(content: Content, error: Exception) -> InputError:
    """Say that a file cannot be read to its end."""
    return InputError(f"{content.path}: {_why(error, packed=content.packing is not None)}")


def _why(error: Exception, *, packed: bool) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}; check the path"
    what = "the compressed file is damaged or cut off" if packed else "the file is damaged"
    return f"{what} ({str(error).strip() or type(error).__name__}); fetch it again"


def _packing(start: bytes) -> str | None:
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:3] == b"BZh":
        return "bz2"
    if start[:6] == b"\xfd7zXZ\x00":
        return "xz"
    return "zstd" if start[:4] == _ZSTD else None


def _unpacked(path: Path, packing: str | None) -> BinaryIO:
    """Open a file for reading what is packed in it."""
    import bz2  # noqa: PLC0415  (few files need them)
    import lzma  # noqa: PLC0415

    if packing == "gzip":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if packing == "bz2":
        return bz2.open(path, "rb")  # type: ignore[return-value]
    if packing == "xz":
        return lzma.open(path, "rb")  # type: ignore[return-value]
    if packing == "zstd":
        import pyarrow as pa  # noqa: PLC0415  (slow to import)

        unpacking = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        return io.BufferedReader(unpacking)
    return path.open("rb")
