"""What plain models say of a forecast's windows: naive ones, a ridge regression, boosting on lags.

The naive ones need no fit. The ridge regression sees the whole window; boosting, one model for each
step ahead, sees the target's past, the rest of the latest step, and what is known of its own step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.data.prepared import PartName, Prepared

ForecastKind = Literal["naive", "linear", "boosting"]
ForecastPredictions = dict[str, tuple[ForecastKind, dict[PartName, np.ndarray]]]

# Rows are left out of training cells beyond these, for a fit is to take seconds.
_MOST_CELLS = 10_000_000
_FEW_CELLS = 2_000_000
_PATIENCE = 20
_MOST_ROUNDS = 500
_PENALTIES = (1.0, 100.0, 10_000.0)


def forecast_baselines(own: Prepared, final: Prepared) -> ForecastPredictions:
    """What each baseline predicts [n, steps ahead], as `baseline_predictions` of other rows.

    What the validation part chose, the penalty and the number of rounds, is kept for `final`.
    """
    baselines = naive_baselines(own, ("validation", "test"))
    for name, kind, model in _models():
        model.fit(own)
        predictions: dict[PartName, np.ndarray] = {"validation": model.predict(own, "validation")}
        if final is not own:
            model.fit(final, again=True)
        predictions["test"] = model.predict(final, "test")
        baselines[name] = kind, predictions
    return baselines


def forecast_validation(data: Prepared) -> dict[str, np.ndarray]:
    """What each baseline, fitted to the training part, says of the validation part."""
    said = {name: each["validation"] for name, (_, each) in naive_baselines(data).items()}
    for name, _, model in _models():
        model.fit(data)
        said[name] = model.predict(data, "validation")
    return said


def naive_baselines(
    data: Prepared, parts: tuple[PartName, ...] = ("validation",)
) -> ForecastPredictions:
    """The forecasts that need no fit, the season's first."""
    names = data.naive(parts[0])
    return {name: ("naive", {part: data.naive(part)[name] for part in parts}) for name in names}


def _models() -> Iterator[tuple[str, ForecastKind, _Ridge | _Boosting]]:
    yield "ridge regression", "linear", _Ridge()
    yield "gradient boosting", "boosting", _Boosting()


@dataclass
class _Ridge:
    """Of several penalties the one that does best on the validation part."""

    penalty: float | None = None
    model: Any = None

    def fit(self, data: Prepared, again: bool = False) -> None:
        from sklearn.linear_model import Ridge

        x, y = _flat(data, "train"), data.y("train")
        step = -(-x.size // _MOST_CELLS)
        x, y = x[::step], y[::step]
        tried = []
        with threadpool_limits(1 if x.size < _FEW_CELLS else None):
            for penalty in _PENALTIES if not again else [self.penalty]:
                self.model = Ridge(penalty).fit(x, y)
                if not again:
                    said = self.predict(data, "validation")
                    error = float(np.square(said - data.y("validation")).mean())
                    tried.append((error, penalty, self.model))
        if tried:
            _, self.penalty, self.model = min(tried, key=lambda each: each[0])

    def predict(self, data: Prepared, part: PartName) -> np.ndarray:
        said = np.asarray(self.model.predict(_flat(data, part)), np.float64)
        return said.reshape(len(said), -1)


@dataclass
class _Boosting:
    """One model for each step ahead; the validation part ends their rounds."""

    rounds: list[int] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)

    def fit(self, data: Prepared, again: bool = False) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        y, y_val = data.y("train"), data.y("validation")
        self.models = []
        for ahead in range(y.shape[1]):
            x = _lags(data, "train", ahead)
            step = -(-x.size * y.shape[1] // _MOST_CELLS)
            model = HistGradientBoostingRegressor(
                max_iter=self.rounds[ahead] if again else _MOST_ROUNDS,
                early_stopping=not again,
                n_iter_no_change=_PATIENCE,
                random_state=0,
            )
            options: dict[str, Any] = {}
            if not again:
                options = {"X_val": _lags(data, "validation", ahead), "y_val": y_val[:, ahead]}
            with threadpool_limits(1 if x.size < _FEW_CELLS else None):
                self.models.append(model.fit(x[::step], y[::step, ahead], **options))
        if not again:
            self.rounds = [model.n_iter_ for model in self.models]

    def predict(self, data: Prepared, part: PartName) -> np.ndarray:
        said = [model.predict(_lags(data, part, ahead)) for ahead, model in enumerate(self.models)]
        return np.column_stack(said).astype(np.float64)


def _flat(data: Prepared, part: PartName) -> np.ndarray:
    inputs = data.inputs(part)
    return inputs.reshape(len(inputs), -1)


def _lags(data: Prepared, part: PartName, ahead: int) -> np.ndarray:
    """The target's past, the rest of the latest step, and the step ahead, of windows [n, d]."""
    assert data.forecast is not None
    inputs, length = data.inputs(part), data.forecast.length
    blocks = [inputs[:, :length, 0], inputs[:, length - 1, 1:]]
    if data.forecast.known:
        blocks.append(inputs[:, length + ahead])
    return np.concatenate(blocks, axis=1)
