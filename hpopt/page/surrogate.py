"""What the surrogate believes of the parameters, as numbers that a page draws."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from hpopt.page.numbers import numbers
from hpopt.plots import scales
from hpopt.plots.history import NEEDED, History
from hpopt.report.words import show_param
from hpopt.search.dependence import Dependence
from hpopt.space.dimensions import Categorical, Dimension

_DIGITS = 5  # of what the surrogate says


def surrogate_record(history: History) -> dict[str, Any] | None:
    """Importance, and partial dependence on each dimension and on pairs; None of too few trials.

    Pairs are those of the dimensions that matter most. `order` names all dimensions, the most
    important first.
    """
    if len(history.finished) < NEEDED:
        return None
    return {
        "order": [dimension.name for dimension in history.by_importance],
        "importance": [part._asdict() for part in history.importance],
        "dependence": {
            dimension.name: _curve(history, history.dependence(dimension.name))
            for dimension in history.by_importance
        },
        "pairs": [
            _pair(history, history.dependence(one.name, other.name))
            for one, other in combinations(history.pair_dimensions, 2)
        ],
    }


def _curve(history: History, effect: Dependence) -> dict[str, Any]:
    """The mean with one and two of its deviations; the lower end first, whatever is better."""
    bands = {}
    for reach in (1, 2):
        ends = [history.to_scores(end) for end in effect.within(reach)]
        bands[f"within_{reach}"] = [
            numbers(np.minimum(*ends), _DIGITS),
            numbers(np.maximum(*ends), _DIGITS),
        ]
    middle = numbers(history.to_scores(effect.middle), _DIGITS)
    return {"axis": _axis(effect, 0), "middle": middle, **bands}


def _pair(history: History, effect: Dependence) -> dict[str, Any]:
    return {
        "names": [dimension.name for dimension in effect.dimensions],
        "axes": [_axis(effect, 0), _axis(effect, 1)],
        "middle": numbers(history.to_scores(effect.middle), _DIGITS),
        "deviation": numbers(effect.deviation, _DIGITS),
    }


def _axis(effect: Dependence, which: int) -> dict[str, Any]:
    """A dimension's cells: their centres, and its ends; of categories labels instead."""
    dimension: Dimension = effect.dimensions[which]
    axis = {
        "name": dimension.name,
        "centres": numbers(effect.grids[which].centres, _DIGITS),
        "is_log": scales.is_log(dimension),
    }
    if isinstance(dimension, Categorical):
        return axis | {"ends": None, "labels": [show_param(c) for c in dimension.categories]}
    return axis | {"ends": [dimension.low, dimension.high], "labels": None}
