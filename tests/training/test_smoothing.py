import numpy as np
import pytest

from hpopt.training.smoothing import smoothed


def test_of_two_classes_the_second_ones_share_moves_to_the_middle():
    assert smoothed(np.array([[0.0], [1.0]]), 0.2, 1) == pytest.approx(np.array([[0.1], [0.9]]))


def test_of_several_each_gets_its_part():
    shares = smoothed(np.array([[2.0], [0.0]]), 0.3, 3)
    assert shares == pytest.approx(np.array([[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]))
    assert shares.dtype == np.float32


def test_a_share_of_none_leaves_labels_as_they_are():
    assert smoothed(np.array([[1.0]]), 0.0, 3).tolist() == [[0.0, 1.0, 0.0]]
