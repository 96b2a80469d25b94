"""What a metric is: a record that says all that the rest has to know of it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from hpopt.errors import TrialError
from hpopt.metrics.weighted import HALF, Scorer, labels_above, sure_of
from hpopt.task import Task

# What float32 may make of equal numbers, in parts of them.
_NO_SPREAD = 1e-6
# So many of the commonest labels are tried as the only one.
_MOST_CONSTANTS = 10

CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")


class Share(NamedTuple):
    """In `hits` of `rows` something is so; the share s of them counts `worth` times s.

    `as_dice` it counts 2s / (1 + s) in place of s.
    """

    hits: float
    rows: float
    as_dice: bool = False
    worth: float = 1.0

    def counts(self, share: float) -> float:
        """What a share of its rows counts; it rises with the share."""
        return self.worth * (2 * share / (1 + share) if self.as_dice else share)

    @classmethod
    def of(
        cls, is_hit: np.ndarray, is_there: np.ndarray, weights: np.ndarray | None = None
    ) -> Share:
        """The share of the rows that are there [n] in which something is so [n].

        Rows that count by weights [n] stand for as many as say as much and all count the same,
        (Σ w)² / Σ w² (Kish 1965, "Survey sampling"); so do Korn and Graubard (1998, "Confidence
        intervals for proportions with small expected number of positive counts estimated from
        survey data").
        """
        if weights is None:
            return cls(int((is_hit & is_there).sum()), int(is_there.sum()))
        there = weights[is_there]
        total = float(there.sum())
        if total == 0:
            return cls(0, 0)
        rows = total**2 / float((there**2).sum())
        return cls(rows * float(weights[is_hit & is_there].sum()) / total, rows)


Shares = Callable[[np.ndarray, np.ndarray, int, np.ndarray | None], Sequence[Share]]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How well predictions fit, as one number; `greater_is_better` gives its direction.

    Both functions take the target y [n] (class indices, or values in the target's units; of a
    forecast [n, steps ahead]) and the predictions [n, units] (probabilities, or values in the
    target's units). `function` is scikit-learn's definition. `weighted` gives the same number for
    rows that count several times or not at all, for many such counts at once.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray], float]
    weighted: Callable[[np.ndarray, np.ndarray], Scorer]
    greater_is_better: bool
    tasks: tuple[Task, ...]
    needs: Literal["labels", "probabilities", "values"]
    """What it sees of predictions. Labels depend on the threshold, where there are two of them."""
    needs_every_class: bool = False
    """Whether rows of every class must be there. It must not depend on the classes' shares then."""
    is_share: bool = False
    """Whether it is the share of rows with the right label, for which there are exact tests."""
    shares: Shares | None = None
    """The shares whose mean it is, where it is such a mean: of classes y [n], the labels said [n],
    how many units say them, and the rows' weights [n] or None. They are of different rows if it
    `needs_every_class`.
    """
    is_share_of_pairs: bool = False
    """Whether, of two labels, it is the share of pairs of a row of each that are in order."""
    is_up_to_one: bool = False
    """Whether its best score is 1, which few rows reach too easily."""
    counts_in_season_errors: bool = False
    """Whether its score is in units of how far the value one season ago is off in the training
    part of a forecast; see `counted_in`."""

    def counted_in(self, season_error: float | None) -> Metric:
        """The metric of a forecast whose training part has this season error."""
        if not self.counts_in_season_errors or season_error is None:
            return self
        function, weighted = self.function, self.weighted

        def scaled(y: np.ndarray, predictions: np.ndarray) -> Scorer:
            scorer = weighted(y, predictions)
            return lambda counts: scorer(counts) / season_error

        return replace(
            self,
            function=lambda y, predictions: function(y, predictions) / season_error,
            weighted=scaled,
        )

    def score(
        self, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray | None = None
    ) -> float:
        """The metric of predictions [n, units] against y [n], in its own direction.

        Rows may count by `weights` [n]. Raises TrialError where it has no finite value, as `auc`
        where y holds a single class.
        """
        if not np.isfinite(predictions).all():
            raise TrialError("the network's predictions are not finite")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what scikit-learn warns of comes back as a NaN
                if weights is None:
                    score = float(self.function(y, predictions))
                else:
                    score = float(self.weighted(y, predictions)(weights[:, None])[0])
        except ValueError as error:
            raise TrialError(f"{self.name} has no value here: {error}") from error
        if not math.isfinite(score):
            raise TrialError(f"{self.name} has no value here: it is {score}")
        return score

    def is_constant(
        self, y: np.ndarray, predictions: np.ndarray, weights: np.ndarray | None = None
    ) -> bool:
        """Whether predictions [n, units] are as good as the same for every row, or are that.

        Labels are if no better than one label of all rows: a cross-fitted threshold may say another
        of a row or two, by accident.
        """
        if self.needs == "labels":
            labels, units = labels_above(predictions), predictions.shape[1]
            if len(np.unique(labels)) == 1:
                return True
            commonest = np.argsort(-np.bincount(y, weights), kind="stable")[:_MOST_CONSTANTS]
            constants = [sure_of(np.full(len(y), label), units) for label in commonest]
            best = min(self.to_value(self.score(y, each, weights)) for each in constants)
            return self.to_value(self.score(y, predictions, weights)) >= best
        spread = np.ptp(predictions, axis=0)
        return bool((spread <= _NO_SPREAD * np.abs(predictions).max(axis=0)).all())

    def to_value(self, score: float) -> float:
        """The score as a value to minimise."""
        return -score if self.greater_is_better else score

    def scorer(
        self,
        y: np.ndarray,
        predictions: np.ndarray,
        threshold: float = HALF,
        weights: np.ndarray | None = None,
    ) -> Scorer:
        """The metric as a function of how often each row is there; it then counts by its weight.

        With two labels, the second is said where its probability is above `threshold`.
        """
        if self.needs == "labels" and predictions.shape[1] == 1:
            predictions = predictions > threshold
        scores = self.weighted(y, predictions)
        if weights is None:
            return scores
        each = weights[:, None]
        return lambda counts: scores(counts * each)


def of_sklearn(name: str) -> Any:
    """A function of `sklearn.metrics`, which is imported when it is used."""
    import sklearn.metrics

    return getattr(sklearn.metrics, name)
