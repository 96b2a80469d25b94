"""Columns that all but give the target away, found by a small tree on each column by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.data.features import as_keras_hands_over
from hpopt.data.sources import Table
from hpopt.data.tables import Texts, categorical_column

# A column is suspicious whose tree is at least so good on rows it has not seen: balanced accuracy,
# or R². What is that good has hardly ever been measured before the target was known.
_TOO_GOOD = 0.99
_MOST_ROWS = 4000
_MOST_CELLS = 4_000_000


def possible_leaks(table: Table, train: np.ndarray) -> list[str]:
    """A word on each column of a table that by itself predicts the target nearly without error.

    Looks at (a sample of) the training part alone, and at none of arrays, whose columns have no
    names that would tell people more.
    """
    if isinstance(table.features, np.ndarray):
        return []
    rows = min(_MOST_ROWS, max(_MOST_CELLS // len(table.features), 200))
    sample = train[:: -(-len(train) // rows)]
    target = table.target[sample]
    halves = np.arange(len(sample)) % 2 == 0
    for half in (target[halves], target[~halves]):
        if len(half) < 20 or len(np.unique(half)) < 2:
            return []
    found = []
    for name, values in table.features.items():
        score = _score(_as_numbers(values, sample), target, halves, table.task == "regression")
        if score >= _TOO_GOOD:
            what = "R²" if table.task == "regression" else "balanced accuracy"
            found.append(
                f"possible leak: `{name}` all but gives the target away ({what} {score:.3f} by "
                "itself); if it is not known before the target, exclude it"
            )
    return found


def _as_numbers(values: np.ndarray | Texts, rows: np.ndarray) -> np.ndarray:
    if isinstance(values, Texts):
        chosen = values[rows]
        return categorical_column("", chosen).ids(chosen).astype(np.float64)
    numbers = as_keras_hands_over(values[rows])
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _score(x: np.ndarray, y: np.ndarray, is_first: np.ndarray, is_regression: bool) -> float:
    """How well a tree that has seen one half of the rows does on the other."""
    from sklearn.metrics import balanced_accuracy_score, r2_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind: Any = DecisionTreeRegressor if is_regression else DecisionTreeClassifier
    tree = kind(min_samples_leaf=2, random_state=0)
    x = x.astype(np.float32)[:, None]
    tree.fit(x[is_first], y[is_first])
    score = r2_score if is_regression else balanced_accuracy_score
    return float(score(y[~is_first], tree.predict(x[~is_first])))
