"""What plain models say of the same rows: without them a score is hard to judge.

One does not look at the features (the majority class, the mean), one is linear (logistic or ridge
regression). Both are scikit-learn's, with its settings, on the features that networks get.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np

from hpopt.data.prepared import PartName, Prepared
from hpopt.training.metrics import scores_of

log = logging.getLogger(__name__)

# A linear model of more training cells than these would take minutes; it is given fewer rows then.
_MOST_CELLS = 10_000_000

Scores = dict[str, float | None]


def baseline_scores(data: Prepared) -> dict[str, dict[str, Scores]]:
    """Each baseline's scores of every metric of the task, on the validation and the test part."""
    rows = _rows(data, "train")
    step = -(-rows.size // _MOST_CELLS)
    y = data.y("train")
    found: dict[str, dict[str, Scores]] = {}
    for name, model in _models(data.output.task).items():
        x, target = (rows[::step], y[::step]) if _is_linear(name) else (rows, y)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # not quite converged is good enough here
                model.fit(x, target)
        except ValueError as error:  # a training part of a single class
            log.warning("the baseline %s can't be fitted: %s", name, error)
            continue
        called = f"{name} on {len(x)} rows" if len(x) < len(rows) else name
        found[called] = {
            part: scores_of(data.output.task, data.y(part), _predict(model, data, part))
            for part in ("validation", "test")
        }
    return found


def _models(task: str) -> dict[str, Any]:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        return {"mean": DummyRegressor(), "ridge regression": Ridge()}
    return {
        "majority class": DummyClassifier(strategy="prior"),
        "logistic regression": LogisticRegression(max_iter=1000),
    }


def _is_linear(name: str) -> bool:
    return name.endswith("regression")


def _rows(data: Prepared, part: PartName) -> np.ndarray:
    inputs = data.inputs(part)
    return inputs.reshape(len(inputs), -1)


def _predict(model: Any, data: Prepared, part: PartName) -> np.ndarray:
    """What a model says of a part, in the form of a network's predictions [n, units]."""
    x = _rows(data, part)
    if data.output.task == "regression":
        return np.asarray(model.predict(x), dtype=np.float64)[:, None]
    probabilities = np.zeros((len(x), len(data.labels)))
    probabilities[:, model.classes_] = model.predict_proba(x)  # it knows the classes it has seen
    return probabilities[:, [1]] if data.output.units == 1 else probabilities
