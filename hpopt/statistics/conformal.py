"""Intervals of forecasts: what the errors on rows that were not learned from say of the next.

Split conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, "Distribution-free
predictive inference for regression", 2018), for each step ahead by itself. It promises its level
where rows can be exchanged; those of a series hardly can, so that what it really holds on the test
part is counted too.
"""

from __future__ import annotations

import math

import numpy as np

LEVEL = 0.9


def margins(y: np.ndarray, predictions: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """How far from a forecast the truth is at most, in so many of all cases [steps].

    Of truth and predictions [n, steps], the ceil((n + 1) level)-th smallest error, or the largest
    where n is too small for that.
    """
    errors = np.sort(np.abs(y - predictions), axis=0)
    rank = min(math.ceil((len(errors) + 1) * level), len(errors))
    return np.asarray(errors[rank - 1])


def coverage(y: np.ndarray, predictions: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """The share of the truth [n, steps] that lies within the margins, step by step."""
    return np.asarray((np.abs(y - predictions) <= margins).mean(axis=0))
