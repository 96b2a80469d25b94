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

from hpopt.search.grids import Grid, grid_of
from hpopt.search.sobol_engine import sobol_points
from hpopt.search.surrogate import Surrogate
from hpopt.search.warping import fence
from hpopt.space.dimensions import Dimension
from hpopt.space.space import Space

# Where few points of the space have a dimension active, more must be drawn to find enough of them.
_DRAWN_PER_SAMPLE = 16
_BEYOND = 0.5


@dataclass(frozen=True)
class Dependence:
    """The partial dependence on one dimension [g], or on two [g1, g2], in values to minimise.

    `quantiles` [5, g] or [5, g1, g2] lie -2 to 2 posterior deviations of the mean from its middle;
    `mu` and `sigma` [g] or [g1, g2] are that mean and deviation in the surrogate's units, in which
    cells compare. All are NaN where a dimension is never active. No quantile lies beyond the
    `ends` of what is credible.
    """

    dimensions: Sequence[Dimension]
    grids: Sequence[Grid]
    quantiles: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    ends: tuple[float, float] = (-np.inf, np.inf)

    @property
    def middle(self) -> np.ndarray:
        """The mean itself [g] or [g1, g2]."""
        return np.asarray(self.quantiles[2])

    def within(self, deviations: int) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper end of the mean's interval of ±1 or ±2 deviations."""
        return self.quantiles[2 - deviations], self.quantiles[2 + deviations]

    @property
    def deviation(self) -> np.ndarray:
        """One deviation of the mean: half of its interval, which a warp may make lopsided."""
        low, high = self.within(1)
        return np.asarray((high - low) / 2)

    def transposed(self) -> Dependence:
        """The same with its two dimensions exchanged."""
        turned = self.quantiles.transpose(0, 2, 1), self.mu.T, self.sigma.T
        return Dependence(self.dimensions[::-1], self.grids[::-1], *turned, self.ends)


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
    d = len(space)
    drawn = sobol_points(d, 0, samples * (_DRAWN_PER_SAMPLE if conditional else 1), 0)
    x = np.broadcast_to(drawn, (len(corners), *drawn.shape)).copy()
    x[:, :, chosen] = corners[:, None, :]
    snapped, mask = surrogate.encoding.snap(x.reshape(-1, d))
    x, active = snapped.reshape(x.shape), mask.reshape(x.shape)
    is_usable = np.asarray(active[:, :, chosen].all(axis=2))
    has_points = np.asarray(is_usable.any(axis=1))
    points, masks = _first(x[has_points], active[has_points], is_usable[has_points], samples)
    mu, sigma = np.full((2, len(corners)), np.nan)
    if has_points.any():
        mu[has_points], sigma[has_points] = surrogate.average(points, masks)
    means = surrogate.to_values(mu + np.multiply.outer(np.arange(-2.0, 3.0), sigma))
    ends = _credible(surrogate)
    quantiles = np.clip(means, *ends).reshape(5, *shape)
    return Dependence(dimensions, grids, quantiles, mu.reshape(shape), sigma.reshape(shape), ends)


def _credible(surrogate: Surrogate) -> tuple[float, float]:
    """From half the range of the values seen below the best, to Tukey's fence at the worse end.

    Beyond the fence all values are alike to the surrogate, and far outside of what was seen the way
    back from its warp would make any number of a deviation.
    """
    data = surrogate.data
    seen = data.warping.inverse(data.y[: data.n_finished])
    low, high = float(np.min(seen)), min(float(np.max(seen)), fence(seen, np.unique(seen)))
    return low - _BEYOND * (high - low), high


def _first(
    x: np.ndarray, active: np.ndarray, is_usable: np.ndarray, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell's points [g, n, d] the first `samples` that may be used, by `is_usable` [g, n].

    Where there are fewer, they are used again in turn.
    """
    counts = is_usable.sum(axis=1, keepdims=True)
    order = np.argsort(~is_usable, axis=1, kind="stable")
    taken = np.take_along_axis(order, np.arange(samples)[None, :] % counts, axis=1)[:, :, None]
    return np.take_along_axis(x, taken, axis=1), np.take_along_axis(active, taken, axis=1)
