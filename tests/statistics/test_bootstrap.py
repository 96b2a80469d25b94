"""The bootstrap: intervals against closed forms, SciPy's, and by how often they hold the truth."""

import time

import numpy as np
import pytest
from scipy import stats

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.bootstrap import SamplingDesign, bootstrap


def of_mae(errors, **options):
    """The bootstrap of the mean of errors [n]."""
    resampling = options.pop("resampling", SamplingDesign.of_rows(len(errors)))
    scorers = {"mae": METRICS["mae"].scorer(errors, np.zeros((len(errors), 1)))}
    return bootstrap(scorers, resampling, **options)["mae"]


def test_of_many_rows_it_is_students_interval_of_a_mean():
    errors = np.random.default_rng(0).gamma(4, size=2000)
    found = of_mae(errors).interval()
    low, high = stats.t.interval(0.95, 1999, errors.mean(), stats.sem(errors))
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_of_skewed_rows_it_is_scipys_bca_a_little_wider():
    errors = np.random.default_rng(1).exponential(size=60)
    ours = of_mae(errors, resamples=20_000).interval()
    rng = np.random.default_rng(0)
    theirs = stats.bootstrap((errors,), np.mean, n_resamples=20_000, rng=rng).confidence_interval
    # Student's t with 59 degrees of freedom and sqrt(60/59) reach 3 % further.
    assert ours.low == pytest.approx(theirs.low - 0.015 * np.ptp(theirs), abs=0.02)
    assert ours.high == pytest.approx(theirs.high + 0.015 * np.ptp(theirs), abs=0.02)
    assert ours.high - errors.mean() > errors.mean() - ours.low  # as the rows are skewed


@pytest.mark.parametrize("metric", ["auc", "f1", "rmse"])
def test_the_truth_is_held_as_often_as_is_said(metric):
    rng, held = np.random.default_rng(0), 0
    trials, n = 250, 80

    def rows(n):
        if metric == "rmse":
            y = rng.normal(size=n)
            return y, (y + rng.standard_t(6, size=n))[:, None]
        y = (rng.random(n) < 0.3).astype(int)
        return y, (1 / (1 + np.exp(-(2 * y - 1 + rng.normal(size=n)))))[:, None]

    y, said = rows(400_000)
    truth = METRICS[metric].scorer(y, said)(np.ones((len(y), 1)))[0]
    for _ in range(trials):
        y, said = rows(n)
        resampling = SamplingDesign.of_classes(y) if metric == "auc" else SamplingDesign.of_rows(n)
        scorers = {metric: METRICS[metric].scorer(y, said)}
        held += bootstrap(scorers, resampling, resamples=400)[metric].interval().holds(truth)
    assert 0.915 <= held / trials <= 0.985


def test_whole_groups_are_drawn():
    rng = np.random.default_rng(0)
    effect, held = 2.0, []
    for _ in range(150):
        groups = np.repeat(np.arange(12), 10)
        errors = np.abs(20 + effect * rng.normal(size=12)[groups] + rng.normal(size=120))
        by_group = of_mae(errors, resampling=SamplingDesign.of_groups(groups), resamples=300)
        by_row = of_mae(errors, resamples=300)
        held.append([each.interval().holds(20) for each in (by_group, by_row)])
    by_group, by_row = np.mean(held, axis=0)
    assert by_group >= 0.89
    assert by_row < 0.75  # rows of a group say the same thing again


def test_one_group_alone_tells_nothing():
    resampling = SamplingDesign.of_groups(np.zeros(20))
    assert of_mae(np.arange(20.0), resampling=resampling).interval() is None


def test_a_class_never_goes_missing():
    y = np.array([0] * 50 + [1] * 2)
    counts = SamplingDesign.of_classes(y).draw(np.random.default_rng(0), 100)
    assert counts.shape == (52, 100)
    assert (counts[50:].sum(axis=0) == 2).all()
    assert (counts[:50].sum(axis=0) == 50).all()


def test_the_p_value_is_where_the_interval_ends():
    errors = np.random.default_rng(3).normal(0.25, 1, size=60)
    resampling = SamplingDesign.of_rows(60)
    y = np.zeros(60)
    scorers = {
        "a": METRICS["mae"].scorer(y, np.abs(errors + 5)[:, None]),
        "b": METRICS["mae"].scorer(y, np.full((60, 1), 5.0)),
    }
    found = bootstrap(scorers, resampling)
    difference = found["a"] - found["b"]
    assert difference.estimate == pytest.approx(errors.mean())
    p = difference.p_value()
    assert p == pytest.approx(stats.ttest_1samp(errors, 0).pvalue, abs=0.02)
    assert difference.interval(1 - p / 1.02).holds(0)
    assert not difference.interval(1 - p * 1.02).holds(0)
    assert (found["b"] - found["a"]).p_value() == pytest.approx(p, rel=0.05)


def test_the_same_seed_gives_the_same_numbers_and_in_time():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=10_000)
    scorers = {"auc": METRICS["auc"].scorer(y, (y + rng.normal(size=10_000))[:, None])}
    started = time.process_time()
    first = bootstrap(scorers, SamplingDesign.of_classes(y))["auc"]
    assert time.process_time() - started < 5  # about one, where nothing else goes on
    assert len(first.draws) == 2000
    few = [bootstrap(scorers, SamplingDesign.of_classes(y), resamples=20)["auc"] for _ in range(2)]
    assert np.array_equal(few[0].draws, few[1].draws)
