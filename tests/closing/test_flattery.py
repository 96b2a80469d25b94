"""How far validation flattered, on rows and predictions that are made up for it."""

import numpy as np
import pytest
from scipy import stats

from hpopt.closing.flattery import NETWORK, beyond_baseline, flattery, interval_of_folds
from hpopt.metrics.metrics import METRICS
from hpopt.statistics.records import Interval
from hpopt.statistics.sample import Predictor, Sample, independent_difference

RNG = np.random.default_rng(0)
Y = RNG.normal(size=120)
SEARCH, OF_SEARCH = 0.5, Interval(0.4, 0.65)


def sample(error, baseline_error=None, metric="mae", rows=120) -> Sample:
    """Predictions that are off by `error` on average, and perhaps those of a baseline."""
    errors = {NETWORK: error} | ({} if baseline_error is None else {"linear": baseline_error})
    predictors = {
        name: Predictor(Y[:rows, None] + by * RNG.exponential(size=(rows, 1)))
        for name, by in errors.items()
    }
    return Sample(Y[:rows], predictors, [METRICS[metric]], resamples=300)


def test_an_error_that_is_larger_on_the_test_part_was_flattered():
    test = sample(0.8)
    outcome = flattery(SEARCH, OF_SEARCH, test, rows=60, greater_is_better=False)
    assert (outcome.search, outcome.test, outcome.rows) == (0.5, test.score(NETWORK, "mae"), 60)
    assert outcome.difference == outcome.test - outcome.search > 0
    expected = independent_difference(
        outcome.search, OF_SEARCH, outcome.test, test.interval(NETWORK, "mae")
    )
    assert outcome.interval == (-expected.high, -expected.low)
    assert outcome.interval.holds(outcome.difference)


def test_a_score_that_is_smaller_on_the_test_part_was_flattered():
    test = sample(0.8, metric="r2")
    outcome = flattery(
        0.9, Interval(0.8, 0.95), test, rows=60, greater_is_better=True, confirmed=0.7
    )
    assert outcome.difference == 0.9 - test.score(NETWORK, "r2") > 0
    assert outcome.interval.low < outcome.difference < outcome.interval.high
    assert outcome.confirmed == 0.7


def test_without_an_interval_of_the_search_only_the_scores_stand_side_by_side():
    outcome = flattery(SEARCH, None, sample(0.8), rows=60, greater_is_better=False, confirmed=0.6)
    assert (outcome.search, outcome.confirmed) == (0.5, 0.6)
    assert outcome.test > 0
    assert (outcome.difference, outcome.interval, outcome.rows, outcome.beyond) == (None,) * 4


def test_of_a_test_part_without_a_score_nothing_is_said():
    one_class = Sample(
        np.zeros(20, int), {NETWORK: Predictor(RNG.random((20, 1)))}, [METRICS["auc"]]
    )
    assert flattery(0.9, None, one_class, rows=60, greater_is_better=True) is None


@pytest.mark.parametrize(("metric", "greater_is_better"), [("mae", False), ("r2", True)])
def test_beyond_is_what_the_network_lost_and_the_baseline_did_not(metric, greater_is_better):
    validation, test = sample(0.3, 0.6, metric), sample(0.9, 0.6, metric)
    outcome = beyond_baseline("linear", validation, test, greater_is_better=greater_is_better)

    def ahead(part):
        lead = part.score(NETWORK, metric) - part.score("linear", metric)
        return lead if greater_is_better else -lead

    assert outcome.name == "linear"
    assert outcome.difference == pytest.approx(ahead(validation) - ahead(test))
    assert 0 < outcome.interval.low < outcome.difference < outcome.interval.high


def test_of_rows_that_are_harder_for_both_nothing_is_beyond():
    outcome = beyond_baseline("linear", sample(0.3, 0.6), sample(0.6, 0.9), greater_is_better=False)
    assert outcome.interval.holds(0.0)


def test_where_two_can_not_be_compared_nothing_is_beyond():
    one_row = sample(0.3, 0.6, rows=1)
    assert beyond_baseline("linear", sample(0.3, 0.6), one_row, greater_is_better=False) is None


def test_the_interval_of_folds_is_student_s():
    assert interval_of_folds(0.8, 0.02, 5) == pytest.approx(stats.t.interval(0.95, 4, 0.8, 0.02))
    assert interval_of_folds(0.8, None, 1) is None
