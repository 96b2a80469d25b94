"""Labels that are less sure of themselves: the setting `label_smoothing`."""

from __future__ import annotations

import numpy as np

# The loss of shares of classes, for that of indices.
LOSS_OF_SHARES = {"sparse_categorical_crossentropy": "categorical_crossentropy"}


def smoothed(target: np.ndarray, share: float, units: int) -> np.ndarray:
    """A target [n, 1] as shares of classes, float32 [n, units], of which all get `share` alike.

    Of two classes, one unit, the target is the share of the second one; of several it is an index.
    """
    shares = target if units == 1 else np.eye(units, dtype=np.float32)[target[:, 0].astype(int)]
    return np.asarray((1 - share) * shares + share / max(units, 2), np.float32)
