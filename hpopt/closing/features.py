"""What each feature is worth to the final network: how much its score drops without it.

Permutation importance (Breiman 2001, "Random forests"; as model reliance in Fisher, Rudin and
Dominici 2019, "All models are wrong, but many are useful"): a feature's values are dealt out anew
among the rows of the test part, which takes away what it says and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpopt.metrics.metric import Metric
from hpopt.runs.steps import FeatureImportance
from hpopt.statistics.records import Comparison
from hpopt.statistics.sample import Predictor, Sample

# More rows make the intervals hardly narrower, and features of a wide table take minutes.
_MOST_ROWS = 2000
_MOST_FEATURES = 300
# Rows that are few are dealt out several times, for the luck of one deal is then seen.
_ROWS_AND_DEALS = 4000
_MOST_DEALS = 8
_SHOWN = 20
_WITH, _WITHOUT = "with", "without"


@dataclass(frozen=True, kw_only=True)
class Features:
    """The test part [n, ...] as the final network sees it, and who is in it.

    `places` are those of the inputs' last axis, by feature. `predict` is the network, from inputs
    to predictions [n, units] in the target's units, whose labels are said by `threshold`.
    """

    places: Mapping[str, range]
    inputs: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None
    weights: np.ndarray | None
    predict: Callable[[np.ndarray], np.ndarray]
    threshold: float
    metric: Metric

    def importance(self) -> FeatureImportance | None:
        """What the score loses without each feature, the most important first.

        None where there are no features to speak of, or too many to try them all.
        """
        if not 1 < len(self.places) <= _MOST_FEATURES or len(self._rows) < 2:
            return None
        said = {name: self._without(places) for name, places in self.places.items()}
        lost = {name: self._lost(without) for name, without in said.items()}
        order = sorted(lost, key=lambda name: lost[name], reverse=True)
        worth = {name: self._worth(said[name]) for name in order[:_SHOWN]}
        return FeatureImportance(
            features=worth, of=len(self.places), rows=len(self._rows), deals=self._deals
        )

    @cached_property
    def _rows(self) -> np.ndarray:
        """The rows that are looked at: all, or some that are drawn from all over."""
        rows = np.arange(len(self.y))
        if len(rows) > _MOST_ROWS:
            rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_ROWS, replace=False))
        return rows

    @property
    def _deals(self) -> int:
        return int(np.clip(_ROWS_AND_DEALS // len(self._rows), 1, _MOST_DEALS))

    @cached_property
    def _with_all(self) -> np.ndarray:
        return self.predict(np.asarray(self.inputs[self._rows]))

    def _without(self, places: range) -> np.ndarray:
        """Predictions [deals * n, units] of rows whose values at `places` are those of others."""
        rng = np.random.default_rng(0)  # the same deals for each, so that features can be compared
        inputs = np.asarray(self.inputs[self._rows])
        said = []
        for _ in range(self._deals):
            dealt = inputs.copy()
            some = slice(places.start, places.stop)
            dealt[..., some] = inputs[rng.permutation(len(inputs))][..., some]
            said.append(self.predict(dealt))
        return np.concatenate(said)

    def _lost(self, without: np.ndarray) -> float:
        """What the score loses without a feature; minus infinity where there is no score."""
        y, weights = (
            self._dealt(self.y),
            None if self.weights is None else self._dealt(self.weights),
        )
        scorer = self.metric.scorer(y, without, self.threshold, weights)
        score = float(scorer(np.ones((len(y), 1)))[0])
        return -np.inf if np.isnan(score) else -score if self.metric.greater_is_better else score

    def _worth(self, without: np.ndarray) -> Comparison | None:
        """The score with a feature less that without it; above 0 where it is of use.

        Rows, or the groups of them that belong together, are drawn with all of their deals.
        """
        groups = self.groups
        if groups is None and self._deals > 1:
            groups = np.arange(len(self.y))
        sample = Sample(
            self._dealt(self.y),
            {
                _WITH: Predictor(np.tile(self._with_all, (self._deals, 1)), self.threshold),
                _WITHOUT: Predictor(without, self.threshold),
            },
            [self.metric],
            groups=None if groups is None else self._dealt(groups),
            weights=None if self.weights is None else self._dealt(self.weights),
        )
        worth = sample.compare(_WITH, _WITHOUT, self.metric.name)
        return worth if worth is None or self.metric.greater_is_better else worth.negated

    def _dealt(self, values: np.ndarray) -> np.ndarray:
        """The values [n, ...] of the rows that are looked at, once for each deal."""
        return np.concatenate([np.asarray(values)[self._rows]] * self._deals)
