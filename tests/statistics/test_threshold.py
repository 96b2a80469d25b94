"""The threshold between two labels."""

import numpy as np
import pytest

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.threshold import choose_threshold, depends_on_threshold


def rare_label(n, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype(int)
    odds = 2.0 * y - 3.2 + rng.normal(size=n) + shift
    return y, (1 / (1 + np.exp(-odds)))[:, None]


def test_a_rare_label_is_said_sooner_where_that_is_asked_for():
    y, said = rare_label(1500)
    found = choose_threshold("balanced_accuracy", y, said)
    assert found.value == found.tried < 0.3
    assert found.gain.is_clear
    fresh, of_fresh = rare_label(20_000, seed=1)
    once = np.ones((len(fresh), 1))
    before = METRICS["balanced_accuracy"].scorer(fresh, of_fresh)(once)[0]
    after = METRICS["balanced_accuracy"].scorer(fresh, of_fresh, found.value)(once)[0]
    assert after > before + 0.05
    assert found.gain.p < 0.05


def test_of_few_rows_of_a_label_no_threshold_is_made():
    y, said = rare_label(60)
    assert choose_threshold("f1", y, said).value == 0.5


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_what_is_good_already_stays_at_a_half(metric):
    moved = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=200)
        said = 1 / (1 + np.exp(-(3 * (2 * y - 1) + 3 * rng.normal(size=200))))
        moved += choose_threshold(metric, y, said[:, None]).value != 0.5
    assert moved <= 1


def test_only_labels_of_two_have_a_threshold():
    assert depends_on_threshold("binary", "f1")
    assert not depends_on_threshold("binary", "auc")
    assert not depends_on_threshold("multiclass", "f1")
