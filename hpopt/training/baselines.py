"""What plain models say of the same rows: without them a score is hard to judge.

One does not look at the features (the majority class, the mean), one is linear (logistic or ridge
regression), one is what tables are mostly given to: gradient boosting. All are scikit-learn's, with
its settings, on the features that networks get. Images are made small for them, by the means of
squares: of thousands of pixels they would learn for minutes, and no more.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.data.prepared import PartName, Prepared
from hpopt.inputs.row_files import blocks_of
from hpopt.training.forecast_baselines import forecast_baselines, forecast_validation

log = logging.getLogger(__name__)

BaselineKind = Literal["constant", "linear", "boosting", "naive"]

# A model of more training cells than these would take minutes; it is given fewer rows then.
_MOST_CELLS = 10_000_000
_FEW_CELLS = 2_000_000
# Boosting ends when the validation part has not gained for so many rounds.
_PATIENCE = 20
# Trees to be grown at most; there is one a class each round.
_MOST_TREES = 2000

# Of an image they are given so many numbers at most.
_MOST_PIXELS = 256

Predictions = dict[PartName, np.ndarray]


def baseline_predictions(
    own: Prepared, final: Prepared
) -> dict[str, tuple[BaselineKind, Predictions]]:
    """What each baseline predicts [n, units], by name, with the kind of baseline that it is.

    Of the validation part it speaks as fitted to the training part, `own`; of the test part as
    fitted to the rows that the final network was fitted to, `final`. Where those are more, boosting
    keeps the number of rounds that the validation part gave.
    """
    baselines: dict[str, tuple[BaselineKind, Predictions]] = {}
    if own.forecast is not None:
        baselines.update(forecast_baselines(own, final))
        return baselines
    for name, (kind, model) in _models(own).items():
        try:
            rows = _fit(model, own, kind)
            predictions: Predictions = {"validation": _predict(model, own, "validation")}
            if final is not own:
                # Made anew: other rows may have other columns, with ids in other places.
                rounds = model.n_iter_ if kind == "boosting" else None
                model = _models(final)[name][1]
                if rounds is not None:
                    model.set_params(max_iter=rounds, early_stopping=False)
                rows = _fit(model, final, kind)
        except ValueError as error:  # a training part of a single class
            log.warning("the baseline %s can't be fitted: %s", name, error)
            continue
        predictions["test"] = _predict(model, final, "test")
        baselines[_called(name, kind, final, rows)] = kind, predictions
    return baselines


def validation_predictions(data: Prepared) -> dict[str, np.ndarray]:
    """What each baseline, fitted to the training part, says of the validation part [n, units]."""
    if data.forecast is not None:
        return forecast_validation(data)
    predictions = {}
    for name, (kind, model) in _models(data).items():
        try:
            _fit(model, data, kind)
        except ValueError as error:  # a training part of a single class
            log.warning("the baseline %s can't be fitted: %s", name, error)
        else:
            predictions[name] = _predict(model, data, "validation")
    return predictions


def _called(name: str, kind: BaselineKind, data: Prepared, rows: int) -> str:
    """A baseline's name, with what of the training part it was fitted to."""
    shape = data.features.input_shape
    square = _square(shape)
    if kind != "constant" and square > 1:
        name += f" on {-(-shape[0] // square)} x {-(-shape[1] // square)} pixels"
    return f"{name} on {rows} rows" if rows < data.sizes["train"] else name


def _models(data: Prepared) -> Mapping[str, tuple[BaselineKind, Any]]:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    early: dict[str, Any] = {
        "early_stopping": True,
        "n_iter_no_change": _PATIENCE,
        "max_iter": _MOST_TREES // 4,
        "random_state": 0,
        # More categories than boosting knows are left to it as numbers.
        "categorical_features": [c for c, size in _id_columns(data).items() if size <= 255] or None,
    }
    if not data.output.kind.has_labels:
        return {
            "mean": ("constant", DummyRegressor()),
            "ridge regression": ("linear", _linear(Ridge(), data)),
            "gradient boosting": ("boosting", HistGradientBoostingRegressor(**early)),
        }
    return {
        "majority class": ("constant", DummyClassifier(strategy="prior")),
        "logistic regression": ("linear", _linear(LogisticRegression(max_iter=1000), data)),
        "gradient boosting": ("boosting", HistGradientBoostingClassifier(**early)),
    }


def _id_columns(data: Prepared) -> dict[int, int]:
    """The columns of inputs that hold ids, for a network's embeddings, with how many ids."""
    stem = data.features.stem
    return {} if stem is None else dict(stem.ids)


def _linear(model: Any, data: Prepared) -> Any:
    """A linear model of the inputs, with a column of its own for each id."""
    columns = list(_id_columns(data))
    if not columns:
        return model
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    ids = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(ColumnTransformer([("ids", ids, columns)], remainder="passthrough"), model)


def _fit(model: Any, data: Prepared, kind: BaselineKind) -> int:
    """Fit a model to the training part, and give the number of rows it was fitted to."""
    x, y, weights = _rows(data, "train"), data.y("train"), data.weights("train")
    step = 1 if kind == "constant" else -(-x.size // _MOST_CELLS)
    x, y = x[::step], y[::step]
    options: dict[str, Any] = {}
    if weights is not None:
        last = getattr(model, "steps", [("",)])[-1][0]  # of a pipeline
        options[f"{last}__sample_weight" if last else "sample_weight"] = weights[::step]
    if kind == "boosting" and model.get_params()["early_stopping"]:
        # The validation part ends it, as it has chosen the network.
        options |= {"X_val": _rows(data, "validation"), "y_val": data.y("validation")}
        if weights is not None:
            options["sample_weight_val"] = data.weights("validation")
        if data.output.kind.has_unit_per_class:
            model.set_params(max_iter=max(50, _MOST_TREES // len(data.labels)))
    # On few rows threads mostly wait for one another; beside other programs that takes minutes.
    threads = 1 if x.size < _FEW_CELLS else None
    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.simplefilter("ignore")  # not quite converged is good enough here
        model.fit(x, y, **options)
    return len(x)


def _rows(data: Prepared, part: PartName) -> np.ndarray:
    """The inputs of a part [n, d], with the means of squares for the pixels of images."""
    inputs = data.inputs(part)
    if inputs.ndim < 4:
        return inputs.reshape(len(inputs), -1)
    square = _square(inputs.shape[1:])
    every = np.arange(len(inputs))
    means = [_means(inputs[some], square) for some in blocks_of(every, 4 * inputs[:1].size)]
    rows = np.concatenate([block.reshape(len(block), -1) for block in means])
    return rows / 255 if inputs.dtype == np.uint8 else rows


def _square(shape: Sequence[int]) -> int:
    """The side of the squares of a row's pixels that are taken together; 1 is each by itself."""
    return math.ceil(math.sqrt(math.prod(shape) / _MOST_PIXELS)) if len(shape) == 3 else 1


def _means(images: np.ndarray, square: int) -> np.ndarray:
    """Images [n, height, width, channels] whose pixels are means of squares, float32."""
    means = images.astype(np.float32)
    for axis in (1, 2):
        starts = np.arange(0, means.shape[axis], square)
        counts = np.diff([*starts, means.shape[axis]]).reshape(-1, *[1] * (3 - axis))
        means = np.asarray(np.add.reduceat(means, starts, axis=axis) / counts, np.float32)
    return means


def _predict(model: Any, data: Prepared, part: PartName) -> np.ndarray:
    """What a model says of a part, in the form of a network's predictions [n, units]."""
    x = _rows(data, part)
    if not data.output.kind.has_labels:
        return np.asarray(model.predict(x), dtype=np.float64)[:, None]
    probabilities = np.zeros((len(x), len(data.labels)))
    probabilities[:, model.classes_] = model.predict_proba(x)  # it knows the classes it has seen
    return probabilities[:, [1]] if data.output.units == 1 else probabilities
