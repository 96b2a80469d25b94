"""Learning curves that were recorded beforehand, as problems for benchmarks/fidelity.py.

A table is an npz with `params` [n, d] in natural units, their `names` [d], and a curve of each,
such as `val_error` [n, epochs]. A search over it takes the nearest configuration that no other
params have taken; the same params are the same configuration, at each number of epochs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.space.dimensions import Dimension, Integer, Params, Real
from hpopt.space.space import Space

# Ranges of less than this ratio are searched as they are.
_LEAST_RATIO = 10.0


class Table:
    """One table, as one search sees it: `taken` says what it has looked at."""

    def __init__(self, path: Path, curve: str = "val_error") -> None:
        with np.load(path, allow_pickle=False) as arrays:
            params = arrays["params"].astype(float)
            self.curves = arrays[curve].astype(float)
            names = [str(name) for name in arrays["names"]]
        self.name = path.stem
        self.space = Space([_dimension(*pair) for pair in zip(names, params.T, strict=True)])
        rows = [dict(zip(names, row, strict=True)) for row in params.tolist()]
        self._units = Encoding(self.space).points(rows)[0]
        self._row_of: dict[tuple[float, ...], int] = {}
        self._is_taken = np.zeros(len(params), dtype=bool)
        last = self.curves[:, -1]
        self._best, self._median = float(last.min()), float(np.median(last))

    @property
    def epochs(self) -> int:
        """How many epochs a whole fit has."""
        return self.curves.shape[1]

    def value(self, params: Params, epochs: int) -> float:
        """The value of params after so many epochs."""
        return float(self.curves[self._row(params), epochs - 1])

    def regret(self, params: Params) -> float:
        """How far params are from the best after all epochs: 0 the best, 1 the median."""
        last = float(self.curves[self._row(params), -1])
        return (last - self._best) / (self._median - self._best)

    def _row(self, params: Params) -> int:
        unit, _ = self.space.to_unit(params)
        key = tuple(unit)
        if key not in self._row_of:
            distances = np.square(self._units - unit).sum(axis=1)
            distances[self._is_taken] = np.inf
            self._row_of[key] = int(distances.argmin())
            self._is_taken[self._row_of[key]] = True
        return self._row_of[key]


def _dimension(name: str, values: np.ndarray) -> Dimension:
    """A dimension over the range of values [n], on the scale on which they lie evenly."""
    low, high = float(values.min()), float(values.max())
    is_whole = bool((values == np.round(values)).all())
    prior = "uniform"
    if low > 0 and high / low >= _LEAST_RATIO:
        middle = float(np.median(values))
        share = (middle - low) / (high - low)
        share_of_log = np.log(middle / low) / np.log(high / low)
        prior = "log-uniform" if abs(share_of_log - 0.5) < abs(share - 0.5) else "uniform"
    if is_whole:
        return Integer(name, int(low), int(high), prior)
    return Real(name, low, high, prior)
