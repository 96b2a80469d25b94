"""Intervals of values, and sets of labels, that hold the truth of so many of all new rows.

Split conformal prediction: rows that were not learned from say how far off predictions are. Values:
Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, "Distribution-free predictive inference for
regression", 2018; a forecast's steps ahead each by themselves. Labels: Sadinle, Lei & Wasserman,
"Least ambiguous set-valued classifiers with bounded error levels", 2019. Both promise their level
where rows can be exchanged; those of a series, or of groups, hardly can, and a search has looked at
these rows, so that what they really hold on the test part is counted too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

LEVEL = 0.9


@dataclass(frozen=True)
class Conformal:
    """What holds the truth in `level` of all cases.

    Values do within `margins` [units] of what is predicted, on the scale of log(1 + y) if `is_log`.
    Labels do among those with the `least_probability`, and the likeliest of all.
    """

    level: float
    margins: tuple[float, ...] | None = None
    is_log: bool = False
    least_probability: float | None = None

    @classmethod
    def of_values(
        cls, y: np.ndarray, predictions: np.ndarray, *, is_log: bool = False, level: float = LEVEL
    ) -> Self:
        """By the errors of predictions [n, units] of the target y [n], or [n, units]."""
        errors = np.abs(_on_scale(_as_units(y), is_log) - _on_scale(predictions, is_log))
        return cls(level, margins=tuple(_largest(errors, level).tolist()), is_log=is_log)

    @classmethod
    def of_labels(cls, y: np.ndarray, probabilities: np.ndarray, *, level: float = LEVEL) -> Self:
        """By the probabilities [n, units] that the labels y [n], as indices, were given."""
        true = of_each_label(probabilities)[np.arange(len(y)), y.astype(int)]
        return cls(level, least_probability=1 - float(_largest(1 - true, level)))

    def ends(self, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper ends [n, units] of the intervals of predictions [n, units]."""
        assert self.margins is not None
        middle, margins = _on_scale(predictions, self.is_log), np.asarray(self.margins)
        low, high = middle - margins, middle + margins
        return (np.expm1(low), np.expm1(high)) if self.is_log else (low, high)

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Which labels may be true, bool [n, labels], by probabilities [n, units]."""
        assert self.least_probability is not None
        each = of_each_label(probabilities)
        is_likeliest = each == each.max(axis=1, keepdims=True)
        return np.asarray((each >= self.least_probability) | is_likeliest)

    def holds(self, y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """Whether the truth is held: bool [n, units] of values, [n, 1] of labels."""
        if self.least_probability is not None:
            true = self.sets(predictions)[np.arange(len(y)), y.astype(int)]
            return np.asarray(true[:, None])
        low, high = self.ends(predictions)
        return np.asarray((low <= _as_units(y)) & (_as_units(y) <= high))

    def to_json(self) -> dict[str, Any]:
        """As strict JSON."""
        if self.least_probability is not None:
            return {"level": self.level, "least_probability": self.least_probability}
        assert self.margins is not None
        form = {"level": self.level, "margins": list(self.margins)}
        return form | {"scale": "log1p"} if self.is_log else form

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises ValueError, LookupError or TypeError for anything else."""
        level, scale = float(form["level"]), form.get("scale")
        if scale not in (None, "log1p"):
            raise ValueError(f"{scale!r} is no scale")
        if "least_probability" in form:
            least = float(form["least_probability"])
            if not math.isfinite(least):
                raise ValueError(f"{least!r} is no probability")
            return cls(level, least_probability=least)
        margins = np.array(form["margins"], np.float64)
        if margins.ndim != 1 or not (margins >= 0).all():
            raise ValueError("these are no margins")
        return cls(level, margins=tuple(margins.tolist()), is_log=scale is not None)


def of_each_label(probabilities: np.ndarray) -> np.ndarray:
    """The probability of each label [n, labels]; of two labels there may be that of the second."""
    if probabilities.shape[1] > 1:
        return probabilities
    return np.column_stack([1 - probabilities, probabilities])


def _largest(errors: np.ndarray, level: float) -> np.ndarray:
    """The ceil((n + 1) level)-th smallest of errors [n, ...], or the largest of too few."""
    rank = min(math.ceil((len(errors) + 1) * level), len(errors))
    return np.asarray(np.sort(errors, axis=0)[rank - 1])


def _as_units(y: np.ndarray) -> np.ndarray:
    return y if y.ndim > 1 else y[:, None]


def _on_scale(values: np.ndarray, is_log: bool) -> np.ndarray:
    return np.log1p(values) if is_log else values
