"""Cells along a dimension: where a surrogate is asked, and where trials are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpopt.space.dimensions import Categorical, Dimension, Integer


@dataclass(frozen=True)
class Grid:
    """g cells along a dimension, evenly spaced in the scale of its prior.

    `units` [g] lie on the unit interval; `centres` [g] and `edges` [g + 1] in the dimension's own
    values, for a category its index.
    """

    units: np.ndarray
    centres: np.ndarray
    edges: np.ndarray

    def __len__(self) -> int:
        return len(self.units)


def grid_of(dimension: Dimension, most: int) -> Grid:
    """A cell for each category, and for each whole number or step, of these `most` at most."""
    if isinstance(dimension, Categorical):
        count = len(dimension.categories)
        centres = np.arange(count, dtype=float)
        return Grid((centres + 0.5) / count, centres, np.arange(count + 1) - 0.5)
    if dimension.step is not None:
        n = dimension.n_values or 0
        units = (np.arange(min(n, most)) + 0.5) / min(n, most)
        centres = np.array([dimension.from_unit(u) for u in units], dtype=float)
        half = dimension.step / 2
        edges = np.linspace(dimension.low - half, dimension.high + half, len(units) + 1)
        return Grid(
            np.array([dimension.to_unit(dimension.from_unit(u)) for u in units]), centres, edges
        )
    spaced = np.geomspace if dimension.prior == "log-uniform" else np.linspace
    if isinstance(dimension, Integer):
        low, high = dimension.low - 0.5, dimension.high + 0.5
        if dimension.high - dimension.low < most:
            values = range(dimension.low, dimension.high + 1)
            edges = np.arange(low, high + 1)
        else:
            edges = spaced(low, high, most + 1)
            middles = spaced(low, high, 2 * most + 1)[1::2]
            values = [  # type: ignore[assignment]
                int(v) for v in np.clip(np.floor(middles + 0.5), dimension.low, dimension.high)
            ]
        units = np.array([dimension.to_unit(value) for value in values])
        return Grid(units, np.array(values, dtype=float), edges)
    edges = spaced(dimension.low, dimension.high, most + 1)
    units = (np.arange(most) + 0.5) / most
    return Grid(units, np.array([dimension.from_unit(u) for u in units]), edges)
