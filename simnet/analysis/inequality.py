"""How unequally a quantity is shared out."""

import numpy as np
import numpy.typing as npt


def gini(values: npt.NDArray[np.float64]) -> float:
    """Return the Gini coefficient of values of at least 0: the mean difference of two of them.

    Relative to twice the mean; 0.0 if all are 0.
    """
    ordered = np.sort(values)
    total = float(ordered.sum())
    if total == 0:
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    found = 2 * (places * ordered).sum() / (len(ordered) * total) - 1 - 1 / len(ordered)
    return max(0.0, float(found))  # equal values may give a little less by rounding
