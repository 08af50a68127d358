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
    batches, views = exposure_batches, len(exposure_batches)
    counts = np.fromiter((len(batch.posts) for batch in batches), np.int64, views)
    view = np.repeat(np.arange(views), counts)
    starts = np.cumsum(counts) - counts
    total = len(view)
    columns = [
        np.fromiter((batch.time for batch in batches), np.float64, views)[view],
        pa.array([batch.who for batch in batches], pa.string()).take(pa.array(view)),
        np.fromiter((batch.turn for batch in batches), np.int64, views)[view],
        np.fromiter(chain.from_iterable(batch.posts for batch in batches), np.int64, total),
        np.arange(total) - starts[view],
        np.fromiter(chain.from_iterable(batch.scores for batch in batches), np.float64, total),
        list(chain.from_iterable(batch.rankers for batch in batches)),
        list(chain.from_iterable(batch.vias for batch in batches)),
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
        sources = followers[start : start + rows]
        targets = followees[start : start + rows]
        columns = [
            np.arange(start, start + len(sources)),
            np.zeros(len(sources)),
            names.take(pa.array(sources)),
            names.take(pa.array(targets)),
            pa.array(["initial"]).take(pa.array(np.zeros(len(sources), np.int32))),
        ]
        yield encode_columns("network", columns)
