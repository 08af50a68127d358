"""Exposures by the column: what looks showed, as rows of the `exposures` table."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from simnet.recording.schema import encode_columns
from simnet.world.events import Showing


def encode_showings(showings: Sequence[Showing]) -> bytes:
    """Put the exposures of some looks into the bytes of one Arrow IPC stream.

    Ten posts a look make exposures the longest table of a run, so it is built from arrays
    and not row by row.
    """
    counts = np.fromiter((len(one.posts) for one in showings), np.int64, len(showings))
    of = np.repeat(np.arange(len(showings)), counts)
    starts = np.cumsum(counts) - counts
    total = len(of)
    columns = [
        np.fromiter((one.at for one in showings), np.float64, len(showings))[of],
        pa.array([one.who for one in showings], pa.string()).take(pa.array(of)),
        np.fromiter((one.turn for one in showings), np.int64, len(showings))[of],
        np.fromiter(chain.from_iterable(one.posts for one in showings), np.int64, total),
        np.arange(total) - starts[of],
        np.fromiter(chain.from_iterable(one.scores for one in showings), np.float64, total),
        list(chain.from_iterable(one.rankers for one in showings)),
    ]
    return encode_columns("exposures", columns)
