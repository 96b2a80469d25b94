"""Where an acquisition function is highest: candidates, then gradient ascent and neighbours."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from hpopt.search.acquisition import Acquisition
from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP
from hpopt.search.observations import Data

# Candidates drawn from the whole space, and around the best points evaluated so far.
_N_UNIFORM = 1000
_N_LOCAL = 500
_N_CENTRES = 5
# How many of the best candidates are climbed from, and how often continuous and discrete ascent
# take turns.
_N_STARTS = 3
_N_ROUNDS = 3
_ASCENT_ITERATIONS = 20


class Maximiser:
    """Maximises acquisition functions of one surrogate over the points that were not tried yet."""

    def __init__(
        self, encoding: Encoding, gp: GP, data: Data, pending: np.ndarray, rng: np.random.Generator
    ) -> None:
        self._encoding, self._gp = encoding, gp
        self._seen = {row.tobytes() for row in _rounded(np.concatenate([data.x, pending]))}
        x, active = encoding.snap(self._candidates(data, rng))
        _, first = np.unique(_rounded(x), axis=0, return_index=True)
        first.sort()
        unseen = [i for i in first if _rounded(x[i]).tobytes() not in self._seen]
        self._x, self._active = x[unseen], active[unseen]
        self._mu, self._sigma = gp.predict(encoding.encode(self._x, self._active))
        self._fallback = x[0]

    def maximise(self, acquisition: Acquisition) -> np.ndarray:
        """The best point u [d] found, on its dimensions' values; a seen one only if all are."""
        if not len(self._x):
            return np.asarray(self._fallback)
        values = acquisition(self._mu, self._sigma)[0]
        starts = np.argsort(-values, kind="stable")[:_N_STARTS]
        best, best_value = self._x[starts[0]], values[starts[0]]
        for start in starts:
            u, value = self._climb(acquisition, self._x[start], values[start])
            if value > best_value:
                best, best_value = u, value
        return np.asarray(best)

    def _candidates(self, data: Data, rng: np.random.Generator) -> np.ndarray:
        """Points of the unit cube [m, d], uniform and near the best."""
        d = data.x.shape[1]
        uniform = rng.random((_N_UNIFORM, d))
        centres = data.x[np.argsort(data.y[: data.n_finished], kind="stable")[:_N_CENTRES]]
        centres = centres[rng.integers(len(centres), size=_N_LOCAL)]
        # Steps of all sizes, in a few of the dimensions.
        scales = 10.0 ** rng.uniform(-3, -0.3, size=(_N_LOCAL, 1))
        moved = centres + scales * rng.normal(size=(_N_LOCAL, d))
        fresh = rng.random((_N_LOCAL, d))
        moved = np.where(rng.random((_N_LOCAL, d)) < 0.2, fresh, moved)
        share = rng.uniform(1 / d, 1.0, size=(_N_LOCAL, 1))
        local = np.where(rng.random((_N_LOCAL, d)) < share, _reflect(moved), centres)
        return np.concatenate([uniform, local])

    def _climb(
        self, acquisition: Acquisition, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        for _ in range(_N_ROUNDS):
            before = value
            u, value = self._ascend(acquisition, u, value)
            u, value = self._step(acquisition, u, value)
            if value <= before + 1e-6:
                break
        return u, value

    def _ascend(
        self, acquisition: Acquisition, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        """Gradient ascent in the active reals."""
        encoding = self._encoding
        mask = encoding.activity(u[None])[0]
        free = np.flatnonzero(encoding.is_real & mask)
        if not len(free):
            return u, value

        dimension_of = np.array(encoding.searched)[encoding.groups]

        def negative(coordinates: np.ndarray) -> tuple[float, np.ndarray]:
            point = u.copy()
            point[free] = coordinates
            x = encoding.encode(point[None], mask[None])[0]
            mu, sigma, mu_slopes, sigma_slopes = self._gp.predict_with_gradients(x)
            worth, by_mu, by_sigma = acquisition(np.array([mu]), np.array([sigma]))
            by_feature = by_mu[0] * mu_slopes + by_sigma[0] * sigma_slopes
            by_feature *= encoding.slopes(point, mask)
            gradient = np.bincount(dimension_of, by_feature, minlength=len(u))
            return -float(worth[0]), -gradient[free]

        result = minimize(
            negative,
            u[free],
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * len(free),
            options={"maxiter": _ASCENT_ITERATIONS},
        )
        climbed = u.copy()
        climbed[free] = result.x
        return self._better(acquisition, climbed[None], u, value)

    def _step(
        self, acquisition: Acquisition, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        """The best neighbour, as long as there is a better one."""
        mask = self._encoding.activity(u[None])[0]
        return self._better(acquisition, self._encoding.neighbours(u, mask), u, value)

    def _better(
        self, acquisition: Acquisition, others: np.ndarray, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        """The best of the others [m, d] that is unseen and better than u, or u."""
        if not len(others):
            return u, value
        others, active = self._encoding.snap(others)
        unseen = [row.tobytes() not in self._seen for row in _rounded(others)]
        if not any(unseen):
            return u, value
        others, active = others[unseen], active[unseen]
        values = acquisition(*self._gp.predict(self._encoding.encode(others, active)))[0]
        best = int(values.argmax())
        return (others[best], float(values[best])) if values[best] > value else (u, value)


def _rounded(x: np.ndarray) -> np.ndarray:
    """Coordinates in which equal params are equal bits."""
    return np.round(x, 12) + 0.0


def _reflect(x: np.ndarray) -> np.ndarray:
    """Coordinates folded back into the unit interval."""
    return np.abs((x + 1.0) % 2.0 - 1.0)
