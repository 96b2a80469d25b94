"""The surrogate of a run: a Gaussian process on the features of a space and on warped values.

It is what the search believes of the objective, for whoever wants to show it: plots, the summary.
Values are minimised, as everywhere. Nothing here needs TensorFlow, scikit-learn or scikit-optimize.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.encoding import Encoding
from hpopt.search.fits import fit_to, recorded_fit
from hpopt.search.gp import GP
from hpopt.search.observations import Observations
from hpopt.search.sobol_engine import sobol_points
from hpopt.space.space import Space
from hpopt.trials import Trial

# How finely `importance` looks: values a dimension, points over which f is averaged for each of
# them, points whose variance is the whole, and draws from the posterior.
_N_GRID, _N_AVERAGED, _N_POINTS, _N_DRAWS = 8, 32, 128, 200
# What is said of pictures where predictions explain less, or fewer fall within 2 deviations.
_LEAST_R2, _LEAST_WITHIN_2 = 0.5, 0.85


@dataclass(frozen=True)
class Surrogate:
    """What the search believes: a posterior over functions on the unit cube of a space.

    Arguments `x` [m, d] are points of the unit cube (`Space.to_unit` makes them) and `active` the
    mask [m, d] of what is active in them.
    """

    encoding: Encoding
    data: Observations
    gp: GP

    def average(self, x: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation [g], in the surrogate's units, of the mean of f over s points each.

        x is [g, s, d], active [g, s, d]: partial dependence with its uncertainty, from the joint
        posterior of the points. Taken in the surrogate's units, where f is nearly normal.
        """
        with threadpool_limits(1):
            d = x.shape[-1]
            features = self.encoding.encode(x.reshape(-1, d), active.reshape(-1, d))
            return self.gp.predict_averages(features.reshape(*x.shape[:2], -1))

    @property
    def noise(self) -> float:
        """The variance of the noise, in the middle of the trials, where that of all values is 1."""
        of_gp = self.gp.hyperparameters.noise * float(np.median(self.gp.loudness))
        return of_gp + self.data.noise

    def to_values(self, units: np.ndarray) -> np.ndarray:
        """Values to minimise, of any shape, from the surrogate's units, which grow with them."""
        return self.data.warping.inverse(units)


def fit_surrogate(space: Space, trials: Sequence[Trial]) -> Surrogate:
    """The surrogate of a run's trials, with the search's own hyperparameters where it recorded any.

    Another engine's runs record none: they are fitted then.
    Raises ValueError with fewer than two finished trials.
    """
    if sum(trial.value is not None for trial in trials) < 2:
        raise ValueError("a surrogate needs two finished trials at least")
    encoding = Encoding(space)
    data = Observations.of(encoding, trials)
    with threadpool_limits(1):
        recorded = recorded_fit(encoding, trials)
        fit = recorded[1] if recorded else fit_to(encoding, data)
        gp = fit.condition(encoding, data)
    return Surrogate(encoding, data, gp)


class Importance(NamedTuple):
    """The share of f's variance over the space that one dimension makes alone, `low` to `high`."""

    name: str
    share: float
    low: float
    high: float


def importance(surrogate: Surrogate) -> list[Importance]:
    """The first-order functional-ANOVA share of each searched dimension, the largest first.

    The variance of f averaged over all other dimensions, as a share of the whole variance (Hutter,
    Hoos and Leyton-Brown, 2014), of f in the surrogate's units. `share` is the median over draws
    from the surrogate's posterior, `low` and `high` its 5 % and 95 % quantiles: what the trials
    leave open. The shares add up to less than 1 where dimensions act together.
    """
    encoding, gp = surrogate.encoding, surrogate.gp
    d, searched = len(encoding.space), encoding.searched
    base, _ = encoding.snap(sobol_points(d, 0, _N_POINTS, 0))
    grid = (np.arange(_N_GRID) + 0.5) / _N_GRID
    averaged = []  # of each dimension and each value of it, the points to average over
    for j in searched:
        for u in grid:
            x = base[:_N_AVERAGED].copy()
            x[:, j] = u
            averaged.append(encoding.encode(*encoding.snap(x)))
    with threadpool_limits(1):
        features = np.concatenate([*averaged, encoding.encode(*encoding.snap(base))])
        n_averaged = len(averaged) * _N_AVERAGED

        def functionals(rows: np.ndarray) -> np.ndarray:
            """Of a quantity at all points (first axis): the averages, then the single points."""
            means = rows[:n_averaged].reshape(len(averaged), _N_AVERAGED, -1).mean(axis=1)
            return np.concatenate([means, rows[n_averaged:]])

        mean = functionals(gp.predict_mean(features)[:, None])[:, 0]
        covariance = functionals(functionals(gp.covariance(features, features)).T)
        draws = _draws(mean, covariance, np.random.default_rng(0))
    curves = draws[:, : len(averaged)].reshape(_N_DRAWS, len(searched), _N_GRID)
    whole = draws[:, len(averaged) :].var(axis=1)
    shares = curves.var(axis=2) / np.maximum(whole, 1e-12)[:, None]
    low, middle, high = np.quantile(np.minimum(shares, 1.0), [0.05, 0.5, 0.95], axis=0)
    rows = zip(encoding.names, middle.tolist(), low.tolist(), high.tolist(), strict=True)
    return sorted((Importance(*row) for row in rows), key=lambda row: -row.share)


def _draws(mean: np.ndarray, covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws [_N_DRAWS, k] from a normal distribution whose covariance may be singular."""
    variances, axes = np.linalg.eigh(covariance)
    normal = rng.normal(size=(_N_DRAWS, len(mean)))
    return np.asarray(mean + (normal * np.sqrt(np.maximum(variances, 0.0))) @ axes.T)


class LeaveOneOut(NamedTuple):
    """How well each finished trial's value is foretold from all the others.

    `within_1` and `within_2` are the shares of values inside 1 and 2 deviations of the prediction
    (0.683 and 0.954 if the surrogate is honest), `correlation` that of values and predictions (nan
    where either is constant), and `r2` the share of the values' variance that the predictions
    explain: all in the surrogate's units, in which outliers count little.
    """

    n: int
    within_1: float
    within_2: float
    correlation: float
    r2: float

    def __str__(self) -> str:
        """One honest line for the summary: `print(leave_one_out(surrogate))`."""
        near, nearly_all = 100 * self.within_1, 100 * self.within_2
        return (
            f"Of {self.n} values, each foretold from the others, {near:.0f} % fell within 1 "
            f"deviation (68 % would be right) and {nearly_all:.0f} % within 2 (95 %); predictions "
            f"explain {100 * max(self.r2, 0.0):.0f} % of the variance. {self._advice}"
        )

    @property
    def _advice(self) -> str:
        if self.r2 < _LEAST_R2:
            return "Do not read the pictures of the parameters too closely."
        if self.within_2 < _LEAST_WITHIN_2:
            return "Take the bands in the pictures of the parameters for wider than they are drawn."
        return "The pictures of the parameters can be read within their bands."


def leave_one_out(surrogate: Surrogate) -> LeaveOneOut:
    """How well the surrogate foretells trials; its `str` is a line of `summary.md`."""
    n = surrogate.data.n_finished
    with threadpool_limits(1):
        mu, sigma = (part[:n] for part in surrogate.gp.leave_one_out())
    y = surrogate.data.y[:n]
    off = np.abs(y - mu)
    constant = np.ptp(y) == 0 or np.ptp(mu) == 0
    return LeaveOneOut(
        n=n,
        within_1=float((off <= sigma).mean()),
        within_2=float((off <= 2 * sigma).mean()),
        correlation=math.nan if constant else float(np.corrcoef(y, mu)[0, 1]),
        r2=0.0 if np.ptp(y) == 0 else float(1 - (off**2).mean() / y.var()),
    )
