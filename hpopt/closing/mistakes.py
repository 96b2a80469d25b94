"""Finds the test rows that a model is most wrong about, where rows can be looked at."""

from __future__ import annotations

import numpy as np

from hpopt.data.prepared import Prepared
from hpopt.metrics.weighted import labels_above, shares_of
from hpopt.runs.mistakes import Mistakes


def worst(data: Prepared, outputs: np.ndarray, threshold: float, most: int) -> Mistakes | None:
    """The `most` test rows of which the outputs [n, units] are furthest from the truth.

    Of classes these are the rows taken for another label, the one with the highest probability for
    it first; of a regression the largest differences. None where no row can be seen, or is wrong.
    """
    y = data.y("test")
    if data.forecast is not None:  # which has a picture of its own
        return None
    total, probabilities = None, None
    if data.output.kind.has_labels:
        labels = np.array(data.labels)
        taken_for = labels_above(outputs, threshold)
        sure = shares_of(outputs)[np.arange(len(y)), taken_for]
        order = np.argsort(-sure, kind="stable")
        order = order[taken_for[order] != y[order]]
        total = len(order)
        true = labels[y[order[:most]]].tolist()
        predicted = labels[taken_for[order[:most]]].tolist()
        probabilities = sure[order[:most]].tolist()
    else:
        order = np.argsort(-np.abs(outputs[:, 0] - y), kind="stable")
        true = [f"{y[row]:.5g}" for row in order[:most]]
        predicted = [f"{outputs[row, 0]:.5g}" for row in order[:most]]
    chosen = np.sort(order[:most])
    rows = data.raw("test")
    if not len(chosen) or not isinstance(rows, np.ndarray):
        return None
    pictures = data.features.pictures(rows[chosen])
    if pictures is None:
        return None
    place = np.searchsorted(chosen, order[:most])
    return Mistakes(pictures[place], true, predicted, probabilities, len(y), total)
