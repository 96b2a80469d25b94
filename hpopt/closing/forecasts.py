"""What there is to say of forecasts on the test part besides scores: step by step, and in time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpopt.data.prepared import Prepared
from hpopt.runs.forecasts import Forecasts
from hpopt.runs.steps import Ahead
from hpopt.statistics.conformal import LEVEL, Conformal
from hpopt.statistics.sample import Predictor


def ahead(
    data: Prepared, predictors: Mapping[str, Predictor], best: str, conformal: Conformal | None
) -> Ahead | None:
    """How far each predictor is off on the test part step by step; None of what is no forecast."""
    if data.forecast is None:
        return None
    y = data.y("test")
    return Ahead(
        step=str(data.forecast.steps),
        errors={
            name: np.abs(y - each.predictions).mean(axis=0).tolist()
            for name, each in predictors.items()
        },
        level=LEVEL,
        margins=None if conformal is None else conformal.margins,
        coverage=None
        if conformal is None
        else conformal.holds(y, predictors[best].predictions).mean(axis=0).tolist(),
    )


def forecasts(
    data: Prepared, outputs: np.ndarray, conformal: Conformal | None, most: int
) -> Forecasts | None:
    """The last `most` forecasts [n, steps] of the first series; None of what is no forecast."""
    if data.forecast is None:
        return None
    series = data.series("test")
    rows = np.flatnonzero(series == series.min())[-most:]
    steps = data.forecast.steps
    step = steps.seconds if steps.are_dates else steps.size
    return Forecasts(
        stamps=data.stamps("test")[rows] + step,
        said=outputs[rows],
        truth=np.array(data.y("test")[rows]),
        margins=np.array(() if conformal is None else conformal.margins),
        step=step,
        are_dates=steps.are_dates,
        series=len(np.unique(series)),
    )
