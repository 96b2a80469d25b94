"""How well columns say the target by themselves: a shallow tree of each, in cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hpopt.inputs.stored import Texts

FOLDS = 3
_LEAVES_OF_VALUES = 64
_LEAVES_OF_CLASSES = 8
_FEWEST_IN_LEAF = 3
_NEIGHBOURS = 2
# How many rows of its average class a category counts beside its own, so that one of a single row
# does not say what that row is.
_PRIOR_ROWS = 2.0


@dataclass(frozen=True)
class View:
    """What is looked at of rows: `numbers` [n] with NaN for gaps, and categories as `codes` [n]."""

    columns: tuple[str, ...]
    numbers: tuple[np.ndarray, ...] = ()
    codes: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, column: str, values: Sequence[np.ndarray | Texts]) -> View:
        """The view of one column, which may have several values, as a date has."""
        numbers = [each for each in values if not isinstance(each, Texts)]
        codes = [each.codes for each in values if isinstance(each, Texts)]
        return cls((column,), tuple(numbers), tuple(codes))

    def beside(self, other: View) -> View:
        """Two columns, and what they come to together.

        That is the sum, difference, product and ratio of their first numbers (the days of dates),
        and the pair of their categories.
        """
        numbers, codes = self.numbers + other.numbers, self.codes + other.codes
        if self.numbers and other.numbers:
            a, b = self.numbers[0], other.numbers[0]
            with np.errstate(all="ignore"):
                together = [a + b, a - b, a * b, a / b]
            numbers += tuple(np.where(np.isfinite(each), each, np.nan) for each in together)
        if self.codes and other.codes:
            one, two = self.codes[0].astype(np.int64), other.codes[0].astype(np.int64)
            codes += ((one + 1) * (two.max() + 2) + two + 1,)
        return View(self.columns + other.columns, numbers, codes)


@dataclass(frozen=True)
class Judge:
    """Scores views by the target y [n]: class indices, or, if there are no `classes`, values.

    Classes are scored by balanced accuracy, and values by the R² of their ranks, which a few large
    ones do not rule.
    """

    y: np.ndarray
    classes: int

    @property
    def measure(self) -> str:
        """What the scores are, for people."""
        return "balanced accuracy" if self.classes else "R² of ranks"

    def score(self, view: View, folds: int = FOLDS) -> float:
        """How well a tree of the view says the target of rows that it was not fitted to.

        With fewer `folds` than FOLDS only so many of them are said: that is a guess, and quick.
        """
        import sklearn

        y, fold = self._learned, self._fold
        is_said = fold < folds
        predicted = np.empty(len(y))
        # Of ten thousand columns the checks of arguments would take most of the time.
        with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
            for number in range(folds):
                is_fitted = fold != number
                x = self._inputs(view, is_fitted)
                # A tree that is not to check its inputs does not see that there are gaps.
                is_checked = bool(np.isnan(x).any())
                tree = self._tree().fit(
                    x[is_fitted], y[is_fitted], self._weights(number), check_input=is_checked
                )
                predicted[~is_fitted] = tree.predict(x[~is_fitted], check_input=is_checked)
        return self._score(y[is_said], predicted[is_said])

    def glance(self, view: View) -> float:
        """About the same of a single number, a tenth as dear: each row is said by its neighbours.

        They are those of the fitted rows whose numbers are equal, and some to either side.
        """
        [x], is_fitted = view.numbers, self._fold != 0
        order = np.argsort(x[is_fitted])  # gaps are last
        known, said = x[is_fitted][order], self._learned[is_fitted][order]
        first = np.maximum(np.searchsorted(known, x[~is_fitted], "left") - _NEIGHBOURS, 0)
        last = np.searchsorted(known, x[~is_fitted], "right") + _NEIGHBOURS
        last = np.minimum(last, len(known))
        if self.classes > 2:
            said = np.eye(self.classes)[said]
        sums = np.concatenate(
            [np.zeros_like(said[:1], float), np.cumsum(said, axis=0, dtype=float)]
        )
        totals, counts = sums[last] - sums[first], last - first
        predicted = totals.argmax(axis=1) if self.classes > 2 else totals / counts
        return self._score(self._learned[~is_fitted], predicted)

    def _weights(self, fold: int) -> np.ndarray | None:
        """How much each row counts that is fitted where a fold is not: all classes the same."""
        if not self.classes:
            return None
        y = self.y[self._fold != fold]
        counts = np.bincount(y, minlength=self.classes)
        return np.asarray((len(y) / ((counts > 0).sum() * np.maximum(counts, 1)))[y])

    def _score(self, y: np.ndarray, predicted: np.ndarray) -> float:
        if not self.classes:
            return float(1 - np.square(y - predicted).sum() / np.square(y - y.mean()).sum())
        said = np.round(predicted) if self.classes == 2 else predicted  # a half is the first class
        right = np.bincount(y, said == y, self.classes)
        rows = np.bincount(y, minlength=self.classes)
        return float((right[rows > 0] / rows[rows > 0]).mean())

    @cached_property
    def _learned(self) -> np.ndarray:
        """What a tree learns [n]: classes, or ranks from 0 to 1, where equal values have one."""
        if self.classes:
            return self.y
        _, place, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / len(self.y)
        return np.asarray(ranks[place])

    @cached_property
    def _fold(self) -> np.ndarray:
        """The fold of each row [n]; each class is spread over all of them."""
        rng, fold = np.random.default_rng(0), np.empty(len(self.y), dtype=np.int64)
        for label in range(max(self.classes, 1)):
            rows = np.flatnonzero(self.y == label) if self.classes else np.arange(len(self.y))
            fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
        return fold

    def _tree(self) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        if not self.classes:
            return DecisionTreeRegressor(
                max_leaf_nodes=_LEAVES_OF_VALUES, min_samples_leaf=_FEWEST_IN_LEAF, random_state=0
            )
        # Of two classes the squared error is half of Gini's impurity, so the splits are the same;
        # and a tree of values does not look at each target's kind, which takes longer than its fit.
        tree = DecisionTreeRegressor if self.classes == 2 else DecisionTreeClassifier
        return tree(
            max_leaf_nodes=_LEAVES_OF_CLASSES + 2 * self.classes,
            min_samples_leaf=_FEWEST_IN_LEAF,
            random_state=0,
        )

    def _inputs(self, view: View, is_fitted: np.ndarray) -> np.ndarray:
        """What a tree is given of a view [n, k]; categories by what the fitted rows say of them."""
        encoded = [column for codes in view.codes for column in self._encoded(codes, is_fitted)]
        return np.column_stack([*view.numbers, *encoded]).astype(np.float32)

    def _encoded(self, codes: np.ndarray, is_fitted: np.ndarray) -> list[np.ndarray]:
        """The mean target of each row's category [n], or its likeliest class and how likely it is.

        NaN where no fitted row is of the category.
        """
        _, codes = np.unique(codes, return_inverse=True)
        known, y, count = codes[is_fitted], self._learned[is_fitted], int(codes.max()) + 1
        rows = np.bincount(known, minlength=count)
        is_new = rows == 0
        if not self.classes:
            sums = np.bincount(known, y, count) + _PRIOR_ROWS * y.mean()
            means = sums / (rows + _PRIOR_ROWS)
            return [np.where(is_new, np.nan, means)[codes]]
        of_class = np.bincount(y, minlength=self.classes)
        counts = np.bincount(known * self.classes + y, minlength=count * self.classes)
        # As if all classes had the same number of rows, as the tree counts them.
        weighted = counts.reshape(count, self.classes) / np.maximum(of_class, 1)
        weighted += _PRIOR_ROWS / len(y)
        shares = weighted / weighted.sum(axis=1, keepdims=True)
        if self.classes == 2:
            return [np.where(is_new, np.nan, shares[:, 1])[codes]]
        likeliest, share = shares.argmax(axis=1).astype(np.float64), shares.max(axis=1)
        return [np.where(is_new, np.nan, each)[codes] for each in (likeliest, share)]
