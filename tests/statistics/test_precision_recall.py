"""Precision and recall at every threshold."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, recall_score

from hpopt.statistics.precision_recall import precision_recall


@pytest.mark.parametrize(("rows", "digits"), [(60, 2), (60, 9), (5000, 2), (5000, 9)])
def test_the_area_of_its_steps_is_the_average_precision(rows, digits):
    rng = np.random.default_rng(0)
    y = (rng.random(rows) < 0.1).astype(int)
    said = (1 / (1 + np.exp(-(2 * y - 2 + rng.normal(size=rows))))).round(digits)
    of_said = precision_recall(y, said[:, None], 0.4)
    recall, precision = np.array(of_said.curve).T
    area = (np.diff(recall, prepend=0) * precision).sum()
    assert area == pytest.approx(average_precision_score(y, said), abs=0.002)
    assert (np.diff(recall) >= 0).all()
    assert (len(recall) <= 200, recall[-1]) == (True, 1)
    assert of_said.in_force.recall == pytest.approx(recall_score(y, said > 0.4), abs=1e-5)
    assert of_said.in_force.precision == pytest.approx(precision_score(y, said > 0.4), abs=1e-5)


def test_none_is_in_force_where_no_row_is_above_the_threshold():
    of_said = precision_recall(np.array([0, 1, 1]), np.full((3, 1), 0.5), 0.5)
    assert of_said.in_force is None
    assert of_said.curve == [(1.0, pytest.approx(2 / 3, abs=1e-5))]
