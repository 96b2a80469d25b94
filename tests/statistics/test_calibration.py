"""Whether probabilities can be taken at their word."""

import numpy as np
import pytest

from hpopt.statistics.calibration import calibration


def test_right_probabilities_are_found_right_most_of_the_time():
    rng, off = np.random.default_rng(0), 0
    for _ in range(40):
        said = rng.random(300)
        y = (rng.random(300) < said).astype(int)
        off += calibration(y, said[:, None]).is_off
    assert off <= 6  # one in 20 is meant


def test_overconfidence_is_seen():
    rng = np.random.default_rng(0)
    truth = rng.random(400)
    y = (rng.random(400) < truth).astype(int)
    odds = np.log(truth / (1 - truth))
    found = calibration(y, (1 / (1 + np.exp(-3 * odds)))[:, None])
    assert found.is_off
    assert found.bins[0].said < found.bins[0].seen
    assert found.bins[-1].said > found.bins[-1].seen


def test_its_numbers_are_their_definitions():
    said = np.repeat([0.2, 0.8], 10)
    y = np.array([1] * 4 + [0] * 6 + [1] * 9 + [0])
    found = calibration(y, said[:, None])
    assert [(b.rows, b.seen) for b in found.bins] == [(10, 0.4), (10, 0.9)]
    assert found.error == pytest.approx((0.2 + 0.1) / 2)
    assert found.brier == pytest.approx(np.mean((said - y) ** 2))


def test_of_several_labels_it_is_that_of_the_one_said():
    y = np.array([0, 1, 2, 2])
    said = np.eye(3)[[0, 1, 2, 0]] * 0.7 + 0.1
    found = calibration(y, said)
    assert found.bins[0].seen == 0.75
    assert found.error == pytest.approx(0.05)
    assert found.brier == pytest.approx(((said - np.eye(3)[y]) ** 2).sum(axis=1).mean())
