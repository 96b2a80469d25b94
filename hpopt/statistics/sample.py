"""What one part's rows say of several predictors: their scores' intervals, and who is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpopt.metrics.metric import Metric, Share
from hpopt.metrics.weighted import HALF, labels_above, sure_of
from hpopt.statistics.bootstrap import (
    LEVEL,
    RESAMPLES,
    Bootstrapped,
    SamplingDesign,
    bootstrap,
)
from hpopt.statistics.proportions import (
    mcnemar,
    mean_of_shares,
    paired_difference,
    share_of_pairs,
)
from hpopt.statistics.records import Comparison, Interval

_SWAPS = 1000
_MOST_CELLS = 10_000_000
# Of fewer units, or rows of a class, resamples alone say too much.
_FEW = 30
_FEW_OF_PAIRS = 100  # of a class, for auc


@dataclass(frozen=True)
class Predictor:
    """What a model says of each row, `predictions` [n, units]; see `Metric.scorer`."""

    predictions: np.ndarray
    threshold: float = HALF


class Sample:
    """Several predictors on the same rows of target y [n], all resampled together.

    `groups` [n] names the groups of rows that belong together; without it rows are independent.
    `weights` [n] say how much each row counts: a row that is drawn brings its own along, and of
    such scores there is no exact interval.
    """

    def __init__(
        self,
        y: np.ndarray,
        predictors: Mapping[str, Predictor],
        metrics: Iterable[Metric],
        *,
        groups: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        level: float = LEVEL,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> None:
        self.level = level
        self.y = y
        self._groups = groups
        self._weights = weights
        self._predictors = predictors
        self._by_name = {metric.name: metric for metric in metrics}
        self._resamples = resamples
        self._seed = seed

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""
        return list(self._by_name)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.y)

    @property
    def units(self) -> int:
        """How many independent things there are: groups, or rows."""
        return len(self.y) if self._groups is None else len(np.unique(self._groups))

    def score(self, name: str, metric: str) -> float | None:
        """A predictor's score on the rows as they are; None where there is none."""
        estimate = self._of(name, metric).estimate
        return estimate if np.isfinite(estimate) else None

    def interval(self, name: str, metric: str) -> Interval | None:
        """The interval of a predictor's score.

        It is exact for a share of rows, joined of exact ones for a mean of shares, and the
        bootstrap's for all others; where those are of rows in common, or the units are few, on
        either side the wider of what can be had. None where there is no score, or too little to
        tell how sure it is.
        """
        score = self._of(name, metric)
        if not np.isfinite(score.estimate):
            return None
        shares = self._shares(name, metric)
        exact = None if shares is None else mean_of_shares(shares, self.level)
        if self._groups is None and self._weights is None and shares is not None:
            if exact is None:  # F1 where the class is neither there nor said
                return Interval(0.0, 1.0)
            if len(shares) == 1 or (self._by_name[metric].needs_every_class and score.estimate < 1):
                return exact
        resampled = self._resampled(score, metric)
        return None if resampled is None else resampled.wider(exact or self._of_pairs(name, metric))

    def _resampled(self, score: Bootstrapped, metric: str) -> Interval | None:
        """The bootstrap's interval; a wider one where the resamples can't be taken at their word.

        No resample of rows without a fault has one, nor does one of rows without a hit have any,
        and yet the next row may.
        """
        if not self._by_name[metric].is_up_to_one:
            return score.interval(self.level)
        if score.is_constant and self.units > 1:
            reach = 1 - self._least_of_faultless()
            return Interval(max(score.estimate - reach, 0.0), min(score.estimate + reach, 1.0))
        interval = score.interval(self.level)
        if interval is None or self._fewest >= _FEW:
            return interval
        return interval.wider(score.jackknifed(self.level))

    def _of_pairs(self, name: str, metric: str) -> Interval | None:
        """The interval of a share of pairs of few rows, of which resamples know less."""
        is_binary = self._predictors[name].predictions.shape[1] == 1
        is_one = self._by_name[metric].is_share_of_pairs and is_binary and self._groups is None
        if not is_one or self._fewest >= _FEW_OF_PAIRS:
            return None
        negative, positive = self._rows_of_classes.tolist()
        return share_of_pairs(self._of(name, metric).estimate, positive, negative, self.level)

    def _shares(self, name: str, metric: str) -> list[Share] | None:
        """The shares whose mean the score is, if it is one; those of no rows left out."""
        shares_of = self._by_name[metric].shares
        if shares_of is None:
            return None
        one = self._predictors[name]
        said = labels_above(one.predictions, one.threshold)
        shares = shares_of(self.y, said, one.predictions.shape[1], self._weights)
        return [share for share in shares if share.rows]

    @cached_property
    def _fewest(self) -> int:
        """How many units there are, or rows of the rarest class if these are fewer."""
        return max(1, min(self.units, int(self._rows_of_classes.min())))

    @cached_property
    def _rows_of_classes(self) -> np.ndarray:
        """How many rows each class has; of rows that do not count the same, as in `Share.of`."""
        _, label, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        if self._weights is None:
            return counts
        sums, squares = (np.bincount(label, self._weights**power) for power in (1, 2))
        return np.asarray(sums**2 / np.maximum(squares, np.finfo(np.float64).tiny))

    def compare(self, first: str, second: str, metric: str) -> Comparison | None:
        """The first's score less the second's; None where there is no interval of it.

        Accuracies are compared by the exact test of McNemar, all else by the paired bootstrap:
        both predictors on the same resamples. Where labels are all that counts, few rows may tell
        two predictors apart, of which resamples say too much: then it must also be more than
        swapping their labels at random gives (see `_swapped`), or 0 is taken into the interval.
        """
        difference = self._of(first, metric) - self._of(second, metric)
        if not np.isfinite(difference.estimate):
            return None
        if self._by_name[metric].is_share and self._groups is None and self._weights is None:
            ours, others = self._right(first), self._right(second)
            b, c = int((ours & ~others).sum()), int((others & ~ours).sum())
            interval = paired_difference(b, c, len(ours), self.level)
            return Comparison(difference.estimate, interval, mcnemar(b, c))
        if difference.is_constant and difference.estimate == 0:
            reach = 0.0
            if self._by_name[metric].is_up_to_one and not self._say_the_same(first, second):
                reach = 1 - self._least_of_faultless()
            return Comparison(0.0, Interval(-reach, reach), 1.0)
        resampled, p = difference.interval(self.level), difference.p_value()
        if resampled is None:
            return None
        if self._by_name[metric].needs == "labels":
            p = max(p, self._swapped(first, second, metric))
            if p >= 1 - self.level:
                resampled = Interval(min(resampled.low, 0.0), max(resampled.high, 0.0))
        return Comparison(difference.estimate, resampled, p)

    def _swapped(self, first: str, second: str, metric: str) -> float:
        """The p-value of the paired permutation test of a metric of labels.

        If two predictors are as good as one another, each row's (or group's) two labels could as
        well have been the other way round; p is how often a difference is then as large (Good 2005,
        "Permutation, parametric and bootstrap tests of hypotheses", chapter 3).
        """
        predictors = [self._predictors[name] for name in (first, second)]
        ours, others = (labels_above(one.predictions, one.threshold) for one in predictors)
        apart = np.flatnonzero(ours != others)
        groups = apart if self._groups is None else self._groups[apart]
        names, unit = np.unique(groups, return_inverse=True)
        swaps = max(100, min(_SWAPS, _MOST_CELLS // max(1, len(apart))))
        rng = np.random.default_rng(self._seed)
        is_swapped = rng.random((len(names), swaps)) < 0.5
        is_swapped[:, 0] = False  # as it is
        swapped = is_swapped[unit].astype(np.float64)
        # Rows with one label count as they are; of the others one of both labels counts.
        alike = np.flatnonzero(ours == others)
        both = np.stack([self.y[alike], ours[alike]])
        pairs, cell = np.unique(both, axis=1, return_inverse=True)
        of_alike: np.ndarray | None = None
        of_apart: np.ndarray | float = 1.0
        if self._weights is not None:
            of_alike, of_apart = self._weights[alike], self._weights[apart, None]
        alike_counts = np.repeat(
            np.bincount(cell.ravel(), of_alike, minlength=pairs.shape[1])[:, None], swaps, 1
        )
        swapped, kept = swapped * of_apart, (1 - swapped) * of_apart
        labels = np.concatenate([pairs[1], ours[apart], others[apart]])
        score = self._by_name[metric].scorer(
            np.concatenate([pairs[0], self.y[apart], self.y[apart]]),
            sure_of(labels, predictors[0].predictions.shape[1]),
        )
        differences = np.abs(
            score(np.concatenate([alike_counts, kept, swapped]))
            - score(np.concatenate([alike_counts, swapped, kept]))
        )
        return float(np.mean(differences >= differences[0] - 1e-12))

    def _of(self, name: str, metric: str) -> Bootstrapped:
        return self._bootstrapped[name, metric]

    @cached_property
    def _bootstrapped(self) -> dict[tuple[str, str], Bootstrapped]:
        scores: dict[tuple[str, str], Bootstrapped] = {}
        for resampling, metrics in self._plans:
            scorers = {
                (name, metric): self._by_name[metric].scorer(
                    self.y, one.predictions, one.threshold, self._weights
                )
                for name, one in self._predictors.items()
                for metric in metrics
            }
            scores |= bootstrap(scorers, resampling, resamples=self._resamples, seed=self._seed)
        return scores

    @property
    def _plans(self) -> Sequence[tuple[SamplingDesign, Sequence[str]]]:
        """How rows are resampled for which metrics.

        What does not depend on the classes' shares is resampled class by class, so that no class
        is ever missing; for all else the shares are as much due to chance as the rows are.
        """
        if self._groups is not None:
            return [(SamplingDesign.of_groups(self._groups), self.metrics)]
        by_class = [n for n, metric in self._by_name.items() if metric.needs_every_class]
        others = [metric for metric in self.metrics if metric not in by_class]
        plans = [(SamplingDesign.of_classes(self.y), by_class)] if by_class else []
        return [*plans, (SamplingDesign.of_rows(len(self.y)), others)] if others else plans

    def _right(self, name: str) -> np.ndarray:
        one = self._predictors[name]
        return np.asarray(self.y == labels_above(one.predictions, one.threshold))

    def _say_the_same(self, first: str, second: str) -> bool:
        one, other = self._predictors[first], self._predictors[second]
        is_equal = np.array_equal(one.predictions, other.predictions)
        return is_equal and one.threshold == other.threshold

    def _least_of_faultless(self) -> float:
        """The lower end for a score of 1: (alpha / 2)^(1/m), exact for m trials without a fault.

        The m rows of the rarest class can be paired with as many of another. By auc, each pair is
        in order with the probability that auc is; by balanced accuracy, a row drawn from each is
        labelled rightly with that. So m of them without a fault bound both. For f1 and average
        precision it is no more than a cautious guess.
        """
        return float(((1 - self.level) / 2) ** (1 / self._fewest))


def independent_difference(
    first: float, of_first: Interval, second: float, of_second: Interval
) -> Interval:
    """The interval of first - second, two scores on different rows, from the interval of each.

    The method of variance estimates recovery (Zou and Donner 2008, "Construction of confidence
    intervals about effect measures"): low = d - sqrt((first - low1)² + (high2 - second)²).
    """
    difference = first - second
    down = np.hypot(first - of_first.low, of_second.high - second)
    up = np.hypot(of_first.high - first, second - of_second.low)
    return Interval(float(difference - down), float(difference + up))
