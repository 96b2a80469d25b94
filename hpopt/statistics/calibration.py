"""Calibration: whether what is said with probability p is so in a share p of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.statistics.bootstrap import LEVEL, Interval
from hpopt.statistics.proportions import clopper_pearson

_BINS = 10
_FEWEST_A_BIN = 10
_DRAWS = 1000
_CELLS = 20_000_000


@dataclass(frozen=True)
class Bin:
    """Rows of like probabilities: their mean, and the share of them of which it came true."""

    said: float
    seen: float
    interval: Interval
    rows: int


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word.

    `error` is the expected calibration error (Naeini, Cooper and Hauskrecht 2015, "Obtaining well
    calibrated probabilities using Bayesian binning"): the mean of |said - seen| over the bins,
    weighted by their rows; bins hold equally many rows. Of few rows it is never 0: `by_chance` is
    what it stays below 19 times in 20 where every probability is right, for as many rows with the
    same probabilities. `brier` is the mean squared error of the probabilities (Brier 1950), summed
    over the labels where there are more than two.
    """

    bins: Sequence[Bin]
    error: float
    by_chance: float
    brier: float

    @property
    def is_off(self) -> bool:
        """Whether the error is more than chance would give."""
        return self.error > self.by_chance

    def to_json(self) -> dict[str, Any]:
        """The calibration as the journal keeps it."""
        bins = [
            {"said": b.said, "seen": b.seen, "interval": b.interval.to_json(), "rows": b.rows}
            for b in self.bins
        ]
        return {
            "bins": bins, "error": self.error, "by_chance": self.by_chance, "brier": self.brier
        }  # fmt: skip


def calibration(y: np.ndarray, predictions: np.ndarray) -> Calibration:
    """The calibration of probabilities [n, units] of class indices y [n].

    With two labels it is that of the second's probability; with more, of the probability of the
    label that is said.
    """
    wide = predictions.astype(np.float64)
    if wide.shape[1] == 1:
        said, is_so = wide[:, 0], y == 1
        brier = float(np.mean((said - is_so) ** 2))
    else:
        wide = wide / wide.sum(axis=1, keepdims=True)
        said, is_so = wide.max(axis=1), wide.argmax(axis=1) == y
        brier = float(np.mean(((wide - np.eye(wide.shape[1])[y]) ** 2).sum(axis=1)))
    order = np.argsort(said, kind="stable")
    count = max(1, min(_BINS, len(y) // _FEWEST_A_BIN))
    pieces = np.array_split(order, count)
    bins = [
        Bin(
            said=float(said[piece].mean()),
            seen=float(is_so[piece].mean()),
            interval=clopper_pearson(int(is_so[piece].sum()), len(piece)),
            rows=len(piece),
        )
        for piece in pieces
    ]
    error = sum(b.rows * abs(b.said - b.seen) for b in bins) / len(y)
    return Calibration(bins, float(error), _by_chance(said, pieces), brier)


def _by_chance(said: np.ndarray, pieces: Sequence[np.ndarray]) -> float:
    """What the error stays below with probability `LEVEL` where all probabilities are right."""
    rng = np.random.default_rng(0)
    draws = int(max(100, min(_DRAWS, _CELLS // len(said))))
    errors = np.zeros(draws)
    for piece in pieces:
        right = (rng.random((draws, len(piece))) < said[piece]).sum(axis=1)
        errors += np.abs(said[piece].sum() - right)
    return float(np.quantile(errors / len(said), LEVEL))
