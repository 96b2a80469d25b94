"""Intervals of values, and sets of labels: by the validation part, and held against the test part.

The validation part has chosen the network, by a score and by the epoch that is kept; what intervals
and sets hold on the test part, which nothing was chosen by, says what that matters.
"""

from __future__ import annotations

import math

import numpy as np

from hpopt.data.prepared import Prepared
from hpopt.runs.steps import Held
from hpopt.statistics.conformal import Conformal
from hpopt.statistics.proportions import clopper_pearson
from hpopt.task import TASKS


def calibrated(data: Prepared, predictions: np.ndarray) -> Conformal:
    """By predictions [n, units] of the validation part, whose rows the network has not learned."""
    y = data.y("validation")
    if TASKS[data.output.task].has_labels:
        return Conformal.of_labels(y, predictions)
    is_log = data.target.transform == "log1p" and data.forecast is None
    return Conformal.of_values(y, predictions, is_log=is_log)


def held(data: Prepared, predictions: np.ndarray, conformal: Conformal | None) -> Held | None:
    """How often that holds of predictions [n, units] of the test part; None of a forecast."""
    if conformal is None or data.forecast is not None:
        return None
    holds = conformal.holds(data.y("test"), predictions)
    margin = factor = labels = None
    if conformal.margins is None:
        labels = float(conformal.sets(predictions).sum(axis=1).mean())
    elif conformal.is_log:
        factor = math.exp(conformal.margins[0])
    else:
        margin = conformal.margins[0]
    return Held(
        level=conformal.level,
        share=float(holds.mean()),
        interval=clopper_pearson(int(holds.sum()), len(holds)),
        margin=margin,
        factor=factor,
        labels=labels,
    )
