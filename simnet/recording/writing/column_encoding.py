"""Encodes the longest tables by the column: exposures, and the initial edges of `network`."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from simnet.recording.schema import encode_columns
from simnet.world.events import ExposureBatch


def encode_exposures(exposure_batches: Sequence[ExposureBatch]) -> bytes:
    """Encode the exposures of some views as one Arrow IPC stream.

    With ten posts a view, exposures are the longest table of a run, so they are built from arrays
    and not row by row.
    """
    counts = np.fromiter(
        (len(one.posts) for one in exposure_batches), np.int64, len(exposure_batches)
    )
    of = np.repeat(np.arange(len(exposure_batches)), counts)
    starts = np.cumsum(counts) - counts
    total = len(of)
    columns = [
        np.fromiter((one.at for one in exposure_batches), np.float64, len(exposure_batches))[of],
        pa.array([one.who for one in exposure_batches], pa.string()).take(pa.array(of)),
        np.fromiter((one.turn for one in exposure_batches), np.int64, len(exposure_batches))[of],
        np.fromiter(chain.from_iterable(one.posts for one in exposure_batches), np.int64, total),
        np.arange(total) - starts[of],
        np.fromiter(chain.from_iterable(one.scores for one in exposure_batches), np.float64, total),
        list(chain.from_iterable(one.rankers for one in exposure_batches)),
    ]
    return encode_columns("exposures", columns)


def encode_edges(
    handles: Sequence[str],
    followers: npt.NDArray[np.int32],
    followees: npt.NDArray[np.int32],
    rows: int,
) -> Iterator[bytes]:
    """Encode the initial edges, positions in `handles`, in batches of at most `rows` rows."""
    names = pa.array(handles, pa.string())
    for start in range(0, len(followers), rows):
        of = followers[start : start + rows]
        to = followees[start : start + rows]
        columns = [
            np.arange(start, start + len(of)),
            np.zeros(len(of)),
            names.take(pa.array(of)),
            names.take(pa.array(to)),
            pa.array(["initial"]).take(pa.array(np.zeros(len(of), np.int32))),
        ]
        yield encode_columns("network", columns)
