"""Calibration: whether what is said with probability p is so in a share p of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.proportions import clopper_pearson
from hpopt.statistics.records import Bin, Calibration

_BINS = 10
_FEWEST_A_BIN = 10
_DRAWS = 1000
_CELLS = 20_000_000


def calibration(y: np.ndarray, predictions: np.ndarray) -> Calibration:
    """The calibration of probabilities [n, units] of class indices y [n].

    With two labels it is that of the second's probability; with more, of the probability of the
    label that is said.
    """
    wide = predictions.astype(np.float64)
    if wide.shape[1] == 1:
        probability, is_so = wide[:, 0], y == 1
        brier = float(np.mean((probability - is_so) ** 2))
    else:
        wide = wide / wide.sum(axis=1, keepdims=True)
        probability, is_so = wide.max(axis=1), wide.argmax(axis=1) == y
        brier = float(np.mean(((wide - np.eye(wide.shape[1])[y]) ** 2).sum(axis=1)))
    order = np.argsort(probability, kind="stable")
    count = max(1, min(_BINS, len(y) // _FEWEST_A_BIN))
    pieces = np.array_split(order, count)
    bins = [
        Bin(
            said=float(probability[piece].mean()),
            seen=float(is_so[piece].mean()),
            interval=clopper_pearson(int(is_so[piece].sum()), len(piece)),
            rows=len(piece),
        )
        for piece in pieces
    ]
    error = sum(b.rows * abs(b.said - b.seen) for b in bins) / len(y)
    return Calibration(bins, float(error), _by_chance(probability, pieces), brier)


def _by_chance(probability: np.ndarray, pieces: Sequence[np.ndarray]) -> float:
    """What the error stays below with probability `LEVEL` where all probabilities are right."""
    rng = np.random.default_rng(0)
    draws = int(max(100, min(_DRAWS, _CELLS // len(probability))))
    errors = np.zeros(draws)
    for piece in pieces:
        right = (rng.random((draws, len(piece))) < probability[piece]).sum(axis=1)
        errors += np.abs(probability[piece].sum() - right)
    return float(np.quantile(errors / len(probability), LEVEL))
