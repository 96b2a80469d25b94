"""Where rows come from: each source gives a `Table` of raw features and encoded targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.builders.base import Task

SKLEARN_DATASETS: dict[str, Task] = {
    "breast_cancer": "binary",
    "digits": "multiclass",
    "iris": "multiclass",
    "wine": "multiclass",
    "diabetes": "regression",
}


@dataclass(frozen=True)
class Table:
    """Rows as their owner has them.

    `features` [n, d] are raw; `target` [n] holds class indices into `labels`, or values in their
    own units, where `labels` is empty.
    """

    features: np.ndarray
    target: np.ndarray
    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    groups: np.ndarray | None = None
    order: np.ndarray | None = None


def load_sklearn(name: str) -> Table:
    """One of the data sets that come with scikit-learn."""
    import sklearn.datasets

    bunch: Any = getattr(sklearn.datasets, f"load_{name}")()
    task = SKLEARN_DATASETS[name]
    labels = () if task == "regression" else tuple(str(label) for label in bunch.target_names)
    dtype = np.float64 if task == "regression" else np.int64
    return Table(
        features=np.asarray(bunch.data, dtype=np.float64),
        target=np.asarray(bunch.target, dtype=dtype),
        feature_names=tuple(str(feature) for feature in bunch.feature_names),
        labels=labels,
        task=task,
    )
