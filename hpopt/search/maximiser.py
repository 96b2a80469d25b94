"""Where an acquisition function is highest: candidates, then gradient ascent and neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from hpopt.search.acquisition import Acquisition
from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP

# How many candidates are drawn; with many observations fewer, as each costs their square.
_N_CANDIDATES, _FEWEST, _BUDGET = 1500, 400, 450_000_000
# Around how many of the most promising points a third of them lies.
_N_CENTRES = 5
# How many of the best candidates are climbed from, and how often continuous and discrete ascent
# take turns.
_N_STARTS = 3
_N_ROUNDS = 3
_ASCENT_ITERATIONS = 20
# Where a space has rules: how often as many candidates are drawn to find enough that meet them, and
# how many neighbours are tried at steps of these sizes, one a round.
_MOST_DRAWS = 8
_N_AROUND, _SIZES = 60, (0.1, 0.03, 0.01)
_HALVINGS = 12


class Maximiser:
    """Maximises acquisition functions of one surrogate over the points that were not tried yet.

    `centres` [k, d] are points around which candidates are drawn, the most promising first, and
    `seen` [n, d] those that no maximum may be at, all on their dimensions' values. To what is
    maximised comes the log of what the space's beliefs say, `trust` times: EI and PI are logs, and
    LCB is in deviations.
    """

    def __init__(
        self,
        encoding: Encoding,
        gp: GP,
        centres: np.ndarray,
        seen: np.ndarray,
        rng: np.random.Generator,
        trust: float = 0.0,
    ) -> None:
        self.encoding, self.gp, self._rng, self._trust = encoding, gp, rng, trust
        self._seen = set(keys(seen))
        n = max(_FEWEST, min(_N_CANDIDATES, _BUDGET // len(gp.y) ** 2))
        x, active = encoding.snap(allowed_candidates(encoding, n, centres[:_N_CENTRES], rng))
        first = {key: i for i, key in reversed(list(enumerate(keys(x)))) if key not in self._seen}
        unseen = np.array(sorted(first.values()), dtype=int)
        self._x = x[unseen]
        self._mu, self._sigma = gp.predict(encoding.encode(self._x, active[unseen]))
        self._believed = self._weighed(self._x, active[unseen])[0]

    def maximise(self, acquisition: Acquisition) -> np.ndarray | None:
        """The best point [d] found, on its dimensions' values.

        None where no candidate is left: the space is used up, or nearly.
        """
        if not len(self._x):
            return None
        values = acquisition(self._mu, self._sigma)[0] + self._believed
        starts = np.argsort(-values, kind="stable")[:_N_STARTS]
        tops = [self._climb(acquisition, self._x[i], float(values[i])) for i in starts]
        return max(tops, key=lambda top: top[1])[0]

    def _climb(
        self, acquisition: Acquisition, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        for i in range(_N_ROUNDS):
            before = value
            u, value = self._ascend(acquisition, u, value)
            u, value = self._step(acquisition, u, value, _SIZES[i])
            if value <= before + 1e-6:
                break
        return u, value

    def _ascend(
        self, acquisition: Acquisition, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        """Gradient ascent in the active reals."""
        encoding = self.encoding
        mask = encoding.activity(u[None])[0]
        free = np.flatnonzero(encoding.is_real & mask)
        if not len(free):
            return u, value

        dimension_of = np.array(encoding.searched)[encoding.groups]

        def negative(coordinates: np.ndarray) -> tuple[float, np.ndarray]:
            point = u.copy()
            point[free] = coordinates
            x = encoding.encode(point[None], mask[None])[0]
            mu, sigma, mu_slopes, sigma_slopes = self.gp.predict_with_gradients(x)
            worth, by_mu, by_sigma = acquisition(np.array([mu]), np.array([sigma]))
            by_feature = by_mu[0] * mu_slopes + by_sigma[0] * sigma_slopes
            by_feature *= encoding.slopes(point, mask)
            gradient = np.bincount(dimension_of, by_feature, minlength=len(u))
            believed, slopes = self._weighed(point[None], mask[None])
            return -float(worth[0] + believed[0]), -(gradient + slopes[0])[free]

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
        ways = climbed[None] if self._is_allowed(climbed) else self._ways_to(u, climbed, free)
        return self._better(acquisition, ways, u, value)

    def _weighed(self, x: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What beliefs add to the acquisition at points x [m, d], and its slopes [m, d]."""
        believed, slopes = self.encoding.space.log_belief(x, active)
        return self._trust * believed, self._trust * slopes

    def _is_allowed(self, u: np.ndarray) -> bool:
        return bool(self.encoding.space.allowed(u[None])[0])

    def _ways_to(self, u: np.ndarray, beyond: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Points [m, d] on the way from u to one that breaks a rule.

        The last one before the rule is broken, all the way and along each of the `free` axes alone.
        """
        alone = np.repeat(u[None], len(free), axis=0)
        alone[np.arange(len(free)), free] = beyond[free]
        ways = []
        for goal in [beyond, *alone]:
            reached, size = (1.0, 0.0) if self._is_allowed(goal) else (0.0, 0.5)
            for _ in range(_HALVINGS if size else 0):
                if self._is_allowed(u + (reached + size) * (goal - u)):
                    reached += size
                size /= 2
            ways.append(u + reached * (goal - u))
        return np.array(ways)

    def _step(
        self, acquisition: Acquisition, u: np.ndarray, value: float, size: float
    ) -> tuple[np.ndarray, float]:
        """The best neighbour, as long as there is a better one.

        Where a space has rules, also points around it by steps of `size`: along a rule's edge more
        than one coordinate has to change.
        """
        mask = self.encoding.activity(u[None])[0]
        others = self.encoding.neighbours(u, mask)
        if self.encoding.space.rules:
            others = np.concatenate([others, around(u[None], _N_AROUND, size, self._rng)])
        return self._better(acquisition, others, u, value)

    def _better(
        self, acquisition: Acquisition, others: np.ndarray, u: np.ndarray, value: float
    ) -> tuple[np.ndarray, float]:
        """The best of the others [m, d] that is unseen, allowed and better than u, or u."""
        if not len(others):
            return u, value
        others, active = self.encoding.snap(others)
        unseen = np.array([key not in self._seen for key in keys(others)], dtype=bool)
        unseen &= self.encoding.space.allowed(others)
        if not any(unseen):
            return u, value
        others, active = others[unseen], active[unseen]
        values = acquisition(*self.gp.predict(self.encoding.encode(others, active)))[0]
        values = values + self._weighed(others, active)[0]
        best = int(values.argmax())
        return (others[best], float(values[best])) if values[best] > value else (u, value)


def candidates(
    n: int,
    centres: np.ndarray,
    rng: np.random.Generator,
    drawn: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Points of the unit cube [n, d]: a third around the centres [k, d], and others.

    These are what `drawn` makes of uniform ones.
    """
    n_local = n // 3
    uniform = drawn(rng.random((n - n_local, centres.shape[1])))
    chosen = centres[rng.integers(len(centres), size=n_local)]
    sizes = 10.0 ** rng.uniform(-3, -0.3, size=(n_local, 1))
    return np.concatenate([uniform, _moved(chosen, sizes, rng)])


def allowed_candidates(
    encoding: Encoding, n: int, centres: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Candidates [m, d]; where the space has rules, on params' values and at most n that meet them.

    Where rules leave little there are fewer.
    """
    if not encoding.space.rules:
        return candidates(n, centres, rng, encoding.space.drawn)
    found, count = [np.empty((0, centres.shape[1]))], 0
    for _ in range(_MOST_DRAWS):
        x, _ = encoding.snap(candidates(n, centres, rng, encoding.space.drawn))
        found.append(x[encoding.space.allowed(x)])
        count += len(found[-1])
        if count >= n:
            break
    return np.concatenate(found)[:n]


def around(centres: np.ndarray, n: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Points [n, d] by steps of a deviation of `size` from the centres [k, d]."""
    return _moved(centres[rng.integers(len(centres), size=n)], np.full((n, 1), size), rng)


def _moved(x: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points x [m, d] after steps of sizes [m, 1] in one or more dimensions; some to anywhere."""
    moved = _reflect(x + sizes * rng.normal(size=x.shape))
    moved = np.where(rng.random(x.shape) < 0.2, rng.random(x.shape), moved)
    share = rng.uniform(1 / x.shape[1], 1.0, size=(len(x), 1))
    return np.where(rng.random(x.shape) < share, moved, x)


def keys(x: np.ndarray) -> list[bytes]:
    """For each of the points [m, d] what is equal where params are, whatever the rounding."""
    return [row.tobytes() for row in np.round(x, 12) + 0.0]


def _reflect(x: np.ndarray) -> np.ndarray:
    """Coordinates folded back into the unit interval."""
    return np.abs((x + 1.0) % 2.0 - 1.0)
