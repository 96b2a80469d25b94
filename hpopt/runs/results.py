"""`results.pkl`: the run as a skopt OptimizeResult, for skopt's own tools.

It is written for others: hpopt never reads it. It loads where hpopt is not installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.space.skopt import skopt_dimension, skopt_value
from hpopt.space.space import Space
from hpopt.trials import Trial

# How many trials the surrogate's hyperparameters are fitted to at most.
_MOST_FITTED = 200
# Squares of larger values are infinite, on which the fit breaks down.
_LARGEST = 1e100


def dump_results(space: Space, trials: Sequence[Trial], seed: int, file: BinaryIO) -> None:
    """Write the finished trials as a skopt OptimizeResult, with a surrogate fitted to them."""
    from skopt import dump

    dump(optimize_result(space, trials, seed), file)


def optimize_result(space: Space, trials: Sequence[Trial], seed: int) -> Any:
    """The finished trials (at least one) as a skopt OptimizeResult.

    Inactive dimensions have their default, for skopt knows none; lists and mappings are JSON.
    `models[-1]` is scikit-learn's Gaussian process on skopt's transformed space.
    """
    from skopt.space import Space as SkoptSpace
    from skopt.utils import create_result, normalize_dimensions

    finished = [trial for trial in trials if trial.result is not None]
    params = [space.complete(trial.params) for trial in finished]
    x_iters = [[skopt_value(d, each[d.name]) for d in space] for each in params]
    func_vals = [trial.value for trial in finished]
    skopt_space: SkoptSpace = normalize_dimensions([skopt_dimension(d) for d in space])
    surrogate = _fit_surrogate(skopt_space.transform(x_iters), np.array(func_vals), seed)
    result = create_result(x_iters, func_vals, skopt_space, models=[surrogate])
    result.specs = {"function": "hpopt", "args": {"random_state": seed}}
    return result


def _fit_surrogate(x: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """scikit-learn's Gaussian process on x [n, d] and y [n]: ARD Matérn-5/2 with inferred noise.

    It predicts from all of them, but its hyperparameters are fitted to a sample where they are
    many: the fit takes n^3 some hundred times over, and a thousand know them hardly better than
    200.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    y = np.clip(y, -_LARGEST, _LARGEST)
    matern = Matern(np.ones(x.shape[1]), length_scale_bounds=(0.05, 20.0), nu=2.5)
    kernel = ConstantKernel(1.0, (0.01, 100.0)) * matern + WhiteKernel(0.1, (1e-6, 2.0))
    fit = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    with threadpool_limits(1), warnings.catch_warnings():
        # Lengthscales at their bounds: the dimension does not matter.
        warnings.simplefilter("ignore")
        if len(y) <= _MOST_FITTED:
            return fit.fit(x, y)
        sample = np.random.default_rng(seed).choice(len(y), _MOST_FITTED, replace=False)
        kernel = fit.fit(x[sample], y[sample]).kernel_
        return GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True).fit(x, y)
