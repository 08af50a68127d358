"""Hashes rows to 64 bits each, to compare millions of keys in little memory."""

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simnet.foundation.numbers.splitmix import mixed

Sums: TypeAlias = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)


def fingerprints(rows: pa.Table) -> Sums:
    """Hash each row: equal rows have equal sums; others collide with probability 2**-64.

    Columns may have text, numbers and nulls.
    """
    sums = np.zeros(rows.num_rows, np.uint64)
    for column in rows.columns:
        sums = mixed(sums * _ODD + _numbers(column.combine_chunks()))
    return sums


def _numbers(column: pa.Array) -> Sums:
    if pa.types.is_string(column.type):
        coded = column.dictionary_encode()
        column = coded.indices
        hashes = [_number(text) for text in coded.dictionary.cast(pa.binary()).to_pylist()]
        numbers = np.array([*hashes, 0], np.uint64)[column.fill_null(len(hashes)).to_numpy()]
    else:
        filled = column.fill_null(0).to_numpy(zero_copy_only=False)
        numbers = filled.astype(np.float64 if filled.dtype.kind == "f" else np.int64)
        numbers = numbers.view(np.uint64)
    present = pc.is_valid(column).to_numpy(zero_copy_only=False)
    summed: Sums = mixed(numbers) + present.astype(np.uint64)
    return summed


def _number(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
