"""What a measurement is worth where values are noisy: the knowledge gradient.

Under noise what counts is not the lowest value but the point that the posterior will choose in the
end, whose mean is lowest. A value at x moves the means of all points that were tried by
slope_i(x) Z, with a standard normal Z and

    slope_i(x) = cov(f(x_i), f(x)) / sqrt(sigma(x)^2 + noise(x)),

and its worth is how far below the least mean of now the least is expected to come, x's own counted:

    KG(x) = min_i mu_i - E min(mu_1 + slope_1 Z, ..., mu_n + slope_n Z, mu(x) + slope(x) Z).

After Scott, Frazier and Powell, "The correlated knowledge gradient for simulation optimization of
continuous parameters" (2011). Noise has its price in it, a repeat its worth, and an edge of the
space none of its own: that little is known there counts as far as it bears on the choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP
from hpopt.search.maximiser import allowed_candidates, around, keys

# The choice is made among so many tried points at most, those of the lowest means.
_N_CHOICES = 60
# How many candidates there are at first, with many observations fewer, as each costs their square;
# and in each round around the best of them.
_N_FIRST, _FEWEST, _BUDGET = 600, 150, 350_000_000
_N_MORE, _N_ROUNDS, _N_BEST = 60, 3, 4
# By how much less far candidates of the next round lie from the best of the last.
_FIRST_SIZE, _SHRINK = 0.1, 0.2
# Around how many of the most promising points a third of the first candidates lies.
_N_CENTRES = 5
# The expectation over Z, by Gauss and Hermite.
_Z, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()

# The noise's variance [m] at features [m, p] where the posterior mean is mu [m].
Noise = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class KnowledgeGradient:
    """The worth of measuring a point once more, or a new one.

    `tried` [n, d] are the points that may be chosen in the end. The worth of a point is taken times
    what the space's beliefs say of it, to the power of `trust`.
    """

    encoding: Encoding
    gp: GP
    tried: np.ndarray
    noise: Noise
    trust: float = 0.0

    def best(self, barred: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """The point [d] of most worth that is none of the `barred` [k, d]; None if there is none.

        By candidates, then by closer and closer ones around the best: what is worth most need not
        be known to the last digit, for the noise is large.
        """
        means = self.gp.predict_mean(self._encode(self.tried))
        choices = self.tried[np.argsort(means, kind="stable")[:_N_CHOICES]]
        worth_of = self._worth_to(choices)
        taken = set(keys(barred))
        n = max(_FEWEST, min(_N_FIRST, _BUDGET // len(self.gp.y) ** 2))
        around_best = choices[:_N_CENTRES]
        x = np.concatenate([choices, allowed_candidates(self.encoding, n, around_best, rng)])
        best, worth = np.empty((0, x.shape[1])), np.empty(0)
        size = _FIRST_SIZE
        for _ in range(1 + _N_ROUNDS):
            x, _ = self.encoding.snap(x)
            x = x[self.encoding.space.allowed(x)]
            x = x[[key not in taken for key in keys(x)]]
            taken |= set(keys(x))
            best, worth = np.concatenate([best, x]), np.concatenate([worth, worth_of(x)])
            if not len(best):
                return None
            order = np.argsort(-worth, kind="stable")[:_N_BEST]
            best, worth = best[order], worth[order]
            x, size = around(best, _N_MORE, size, rng), size * _SHRINK
        return np.asarray(best[0])

    def __call__(self, x: np.ndarray, choices: np.ndarray) -> np.ndarray:
        """The worth [m] of points x [m, d] to a choice among the `choices` [k, d]."""
        return self._worth_to(choices)(x)

    def _worth_to(self, choices: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """What tells the worth of points, with all that hangs on the choices alone done once."""
        of_choices = self._encode(choices)
        means, whitened = self.gp.predict_mean(of_choices), self.gp.whitened(of_choices)

        def worth(x: np.ndarray) -> np.ndarray:
            points, active = self.encoding.snap(x)
            believed = np.exp(self.trust * self.encoding.space.log_belief(points, active)[0])
            features = self.encoding.encode(points, active)
            mu, sigma, covariance = self.gp.predict_beside(features, of_choices, whitened)
            spread = np.sqrt(sigma**2 + self.noise(features, mu))
            slopes = covariance / spread  # [k, m]
            least = np.zeros(len(x))
            for z, weight in zip(_Z, _WEIGHTS, strict=True):
                least_other = (means[:, None] + slopes * z).min(axis=0)
                least += weight * np.minimum(least_other, mu + sigma**2 / spread * z)
            return np.asarray((means.min() - least) * believed)

        return worth

    def _encode(self, x: np.ndarray) -> np.ndarray:
        return self.encoding.encode(*self.encoding.snap(x))
