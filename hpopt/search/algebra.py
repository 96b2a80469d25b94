"""Cholesky factors and what is solved with them.

LAPACK is called directly: SciPy's own wrappers cost more than the work when n is small.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs


def cholesky(K: np.ndarray, noises: np.ndarray) -> np.ndarray:
    """The lower factor of K + diag(noises) for K [n, n], with more noise where rounding needs it.

    Leaves K as it is. Raises LinAlgError where K is not positive definite at all.
    """
    least = float(noises.min(initial=1.0))
    for jitter in (0.0, *(10.0**exponent for exponent in range(-8, 1))):
        if jitter == 0.0 or jitter >= least:
            raised = np.array(K, order="F")
            np.einsum("nn->n", raised)[:] += np.maximum(noises, jitter)
            L, info = dpotrf(raised, lower=1, overwrite_a=1)
            if info == 0:
                return np.asarray(L)
    raise np.linalg.LinAlgError("the covariance of the observations is not positive definite")


def solve(L: np.ndarray, b: np.ndarray) -> np.ndarray:
    """K^-1 b for b [n], from K's lower factor."""
    return np.asarray(dpotrs(L, b, lower=1)[0])


def solve_lower(L: np.ndarray, b: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """L^-1 b, or L^-T b, for b [n] or [n, m]."""
    solved = dtrtrs(L, b, lower=1, trans=int(transposed))[0]
    return np.asarray(solved.reshape(b.shape))


def inverse(L: np.ndarray) -> np.ndarray:
    """K^-1 [n, n] from its lower factor."""
    inverse, _ = dpotri(L, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)
