"""The threshold between two labels: chosen on some rows, judged on others."""

import numpy as np
import pytest

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.threshold import as_judged, best_threshold, gain_over_half, rule_of
from hpopt.task import LIKELIEST, OWN_THRESHOLD

LABEL_METRICS = ("f1", "balanced_accuracy", "accuracy")


def rare_label(n, seed=0, shift=0.0, share=0.1):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    odds = 2.0 * y - 3.2 + rng.normal(size=n) + shift
    return y, (1 / (1 + np.exp(-odds)))[:, None]


def score(metric, y, predictions, threshold=0.5):
    return METRICS[metric].scorer(y, predictions, threshold)(np.ones((len(y), 1)))[0]


def cross_fitted(metric, y, predictions, **options):
    return score(metric, y, as_judged(METRICS[metric], OWN_THRESHOLD, y, predictions, **options))


def test_a_rare_label_is_said_sooner_where_that_is_asked_for():
    y, said = rare_label(1500)
    threshold = best_threshold(METRICS["balanced_accuracy"], y, said)
    assert threshold < 0.3
    gain = gain_over_half(METRICS["balanced_accuracy"], y, said)
    assert gain.is_clear
    assert gain.p < 0.05
    fresh, of_fresh = rare_label(20_000, seed=1)
    before = score("balanced_accuracy", fresh, of_fresh)
    assert score("balanced_accuracy", fresh, of_fresh, threshold) > before + 0.05


@pytest.mark.parametrize("metric", LABEL_METRICS)
@pytest.mark.parametrize("share", [0.03, 0.1, 0.5])
def test_the_cross_fitted_score_does_not_flatter(metric, share):
    """On average it is what the chosen threshold gives on fresh rows; on its own rows it is not."""
    fresh, of_fresh = rare_label(30_000, seed=1, share=share)
    estimates, truths, on_own_rows = [], [], []
    for seed in range(30):
        y, said = rare_label(450, seed=seed + 2, share=share)
        threshold = best_threshold(METRICS[metric], y, said)
        estimates.append(cross_fitted(metric, y, said))
        truths.append(score(metric, fresh, of_fresh, threshold))
        on_own_rows.append(score(metric, y, said, threshold))
    off = np.array(estimates) - np.array(truths)
    error = off.std() / np.sqrt(len(off))
    assert off.mean() < 2.5 * error + 0.002
    assert np.mean(on_own_rows) > np.mean(estimates)


def test_a_half_trained_network_is_judged_by_what_it_ranks_and_not_by_its_level():
    """One network, once with all probabilities far below a half."""
    y, said = rare_label(1500)
    _, low = rare_label(1500, shift=-4.0)
    assert score("f1", y, low) == 0.0
    assert cross_fitted("f1", y, low) == pytest.approx(cross_fitted("f1", y, said), abs=0.03)


@pytest.mark.parametrize("metric", LABEL_METRICS)
@pytest.mark.parametrize("of", [lambda p: p * 0, lambda p: p * 0 + 0.2, lambda p: p * 0 + 1])
def test_predictions_that_are_all_the_same_have_a_score(metric, of):
    y, said = rare_label(100)
    constant = of(said)
    labels = as_judged(METRICS[metric], OWN_THRESHOLD, y, constant)
    assert len(np.unique(labels)) == 1
    assert np.isfinite(score(metric, y, labels))
    assert 0 <= best_threshold(METRICS[metric], y, constant) <= 1
    if metric == "f1" and constant[0] == 0.2:  # whoever says it always is right in a tenth
        assert labels.all()


@pytest.mark.parametrize("positives", [0, 1, 2, 9, 20])
def test_of_few_rows_of_a_label_there_is_a_score_too(positives):
    y = (np.arange(20) < positives).astype(int)
    said = np.random.default_rng(0).random((20, 1))
    assert set(as_judged(METRICS["f1"], OWN_THRESHOLD, y, said).ravel()) <= {0.0, 1.0}
    assert 0 <= best_threshold(METRICS["accuracy"], y, said) <= 1


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_what_is_good_already_is_hardly_moved(metric):
    moved = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=400)
        said = 1 / (1 + np.exp(-(3 * (2 * y - 1) + 3 * rng.normal(size=400))))[:, None]
        moved.append(cross_fitted(metric, y, said) - score(metric, y, said))
        assert 0.1 < best_threshold(METRICS[metric], y, said) < 0.9
    assert abs(np.mean(moved)) < 0.01


def test_groups_stay_whole():
    """Rows of a group have one probability: a threshold just beside it tells nothing of others."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    y, said = np.repeat(rng.integers(2, size=40), 10), np.repeat(rng.random(40), 10)[:, None]
    apart = cross_fitted("accuracy", y, said)
    together = cross_fitted("accuracy", y, said, groups=groups)
    assert together <= apart


def test_the_rule_follows_from_metric_and_task():
    assert rule_of(METRICS["f1"], "binary") == OWN_THRESHOLD
    assert rule_of(METRICS["f1"], "multiclass") == LIKELIEST
    assert rule_of(METRICS["auc"], "binary") is rule_of(METRICS["rmse"], "regression") is None
    y, said = rare_label(100)
    for rule in (None, LIKELIEST):
        assert as_judged(METRICS["f1"], rule, y, said) is said
