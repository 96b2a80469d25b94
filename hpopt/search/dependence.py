"""Partial dependence: what a surrogate says of one or two dimensions, averaged over all others.

Friedman (2001), "Greedy function approximation", section 8.2: f̄(v) is the mean of f over points
whose chosen coordinates are v, while all others are drawn from the space; in a space with
conditions, from where the chosen dimensions are active. How sure the surrogate is of the *mean* is
a question to its joint posterior, which `Surrogate.average` answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpopt.dimensions import Dimension
from hpopt.search.grids import Grid, grid_of
from hpopt.search.surrogate import Surrogate
from hpopt.space import Space

# Where few points of the space have a dimension active, more must be drawn to find enough of them.
_DRAWN_PER_SAMPLE = 16


@dataclass(frozen=True)
class Dependence:
    """The partial dependence on one dimension [g], or on two [g1, g2], in values to minimise.

    `lower` and `upper` are one posterior deviation of the mean from its `middle`; all three are NaN
    where a dimension is never active.
    """

    dimensions: Sequence[Dimension]
    grids: Sequence[Grid]
    lower: np.ndarray
    middle: np.ndarray
    upper: np.ndarray


def dependence(
    surrogate: Surrogate,
    space: Space,
    names: Sequence[str],
    *,
    cells: int = 30,
    samples: int = 128,
) -> Dependence:
    """The partial dependence on the one or two dimensions of `names`.

    `cells` is the largest number of cells along a dimension, `samples` the number of points that
    each mean is taken over. They are the same points in every cell, so that cells compare.
    """
    chosen = [space.names.index(name) for name in names]
    dimensions = [space.dimensions[index] for index in chosen]
    grids = [grid_of(dimension, cells) for dimension in dimensions]
    shape = tuple(len(grid) for grid in grids)
    corners = np.stack(np.meshgrid(*(g.units for g in grids), indexing="ij"), axis=-1)
    corners = corners.reshape(-1, len(chosen))
    conditional = any(dimension.when for dimension in dimensions)
    drawn = _background(len(space), samples * (_DRAWN_PER_SAMPLE if conditional else 1))
    x = np.broadcast_to(drawn, (len(corners), *drawn.shape)).copy()
    x[:, :, chosen] = corners[:, None, :]
    active = space.active(x.reshape(-1, len(space))).reshape(x.shape)
    found: np.ndarray = active[:, :, chosen].all(axis=2)
    known: np.ndarray = np.asarray(found.any(axis=1))
    points, masks = _first(x[known], active[known], found[known], samples)
    quantiles = np.full((3, len(corners)), np.nan)
    if known.any():
        quantiles[:, known] = surrogate.average(points, masks, z=(-1.0, 0.0, 1.0))
    return Dependence(dimensions, grids, *(q.reshape(shape) for q in quantiles))


def _background(dimensions: int, count: int) -> np.ndarray:
    """Evenly spread points [count, d] of the unit cube, always the same (Sobol', scrambled)."""
    from scipy.stats import qmc

    exponent = int(np.ceil(np.log2(count)))
    return np.asarray(qmc.Sobol(dimensions, rng=0).random_base2(exponent)[:count])


def _first(
    x: np.ndarray, active: np.ndarray, found: np.ndarray, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell's points [g, n, d] the first `samples` that were `found` [g, n] fit to use.

    Where there are fewer, they are used again in turn.
    """
    counts = found.sum(axis=1, keepdims=True)
    order = np.argsort(~found, axis=1, kind="stable")
    taken = np.take_along_axis(order, np.arange(samples)[None, :] % counts, axis=1)[:, :, None]
    return np.take_along_axis(x, taken, axis=1), np.take_along_axis(active, taken, axis=1)
