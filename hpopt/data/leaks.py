"""Columns that all but give the target away, found by what each says of it by itself."""

from __future__ import annotations

import numpy as np

from hpopt.data.sources import Table
from hpopt.inputs.registry import kind_named
from hpopt.inputs.stored import Texts
from hpopt.inputs.table.columns import categorical_column

# A column is suspicious that predicts unseen rows so well: balanced accuracy, or R². What is
# that good has hardly ever been measured before the target was known.
_TOO_GOOD = 0.99
_MOST_ROWS = 20_000
_MOST_CELLS = 10_000_000
_MOST_BINS = 2000


def possible_leaks(table: Table, train: np.ndarray) -> list[str]:
    """A word on each column of a table that by itself predicts the target nearly without error.

    Looks at (a sample of) the training part alone, and at none of arrays, whose columns have no
    names that would tell people more.
    """
    columns = kind_named(table.kind).named_columns(table.features)
    if not columns:
        return []
    rows = min(_MOST_ROWS, max(_MOST_CELLS // len(columns), 200))
    sample = train[:: -(-len(train) // rows)]
    target = table.target[sample]
    halves = np.arange(len(sample)) % 2 == 0
    for half in (target[halves], target[~halves]):
        if len(half) < 20 or len(np.unique(half)) < 2:
            return []
    leaks = []
    for name, values in columns.items():
        score = _score(_as_numbers(values, sample), target, halves, table.task == "regression")
        if score >= _TOO_GOOD:
            what = "R²" if table.task == "regression" else "balanced accuracy"
            leaks.append(
                f"possible leak: `{name}` all but gives the target away ({what} {score:.3f} by "
                "itself); if it is not known before the target, exclude it"
            )
    return leaks


def _as_numbers(values: np.ndarray | Texts, rows: np.ndarray) -> np.ndarray:
    if isinstance(values, Texts):
        chosen = values[rows]
        return categorical_column("", chosen).ids(chosen).astype(np.float64)
    return np.asarray(values[rows])


def _score(x: np.ndarray, y: np.ndarray, is_first: np.ndarray, is_regression: bool) -> float:
    """How well one half of the rows predicts the other, by the bin of x that a row falls into."""
    bins = _bins(x, is_first)
    count = int(bins.max()) + 1
    sizes = np.bincount(bins[is_first], minlength=count)
    if is_regression:
        means = np.bincount(bins[is_first], y[is_first], count) / np.maximum(sizes, 1)
        predicted = np.where(sizes > 0, means, y[is_first].mean())[bins[~is_first]]
        error = np.square(y[~is_first] - predicted).sum()
        return float(1 - error / np.square(y[~is_first] - y[~is_first].mean()).sum())
    classes = int(y.max()) + 1
    counts = np.bincount(bins[is_first] * classes + y[is_first], minlength=count * classes)
    predicted = counts.reshape(count, classes).argmax(axis=1)[bins[~is_first]]
    right = np.bincount(y[~is_first], predicted == y[~is_first], classes)
    rows = np.bincount(y[~is_first], minlength=classes)
    return float((right[rows > 0] / rows[rows > 0]).mean())


def _bins(x: np.ndarray, is_first: np.ndarray) -> np.ndarray:
    """The quantile of the first half's finite values that each row is in, from 1; 0 for a gap."""
    is_gap = ~np.isfinite(x)
    finite = np.sort(x[is_first & ~is_gap])
    if not len(finite):
        return np.zeros(len(x), dtype=np.int64)
    count = min(_MOST_BINS, max(len(finite) // 2, 2))
    edges = np.unique(finite[np.linspace(0, len(finite) - 1, count).astype(np.int64)])
    return np.where(is_gap, 0, 1 + np.searchsorted(edges, np.where(is_gap, 0, x)))
