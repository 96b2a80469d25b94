import numpy as np
import pytest
from scipy.stats import ttest_rel

from hpopt.closing.racing import confidence_over, residual_variance, within_one_error

RNG = np.random.default_rng(0)


def test_without_overlap_two_candidates_are_a_paired_t_test():
    values = RNG.normal(size=(2, 8))
    p = ttest_rel(values[1], values[0], alternative="greater").pvalue
    assert confidence_over(values, 0, 0.0)[1] == pytest.approx(1 - p)


def test_rows_that_rounds_share_make_it_less_sure():
    values = np.array([[0.0, 0.1, 0.2, 0.1], [0.2, 0.25, 0.5, 0.2]])
    surest, sure = (confidence_over(values, 0, share)[1] for share in (0.0, 0.5))
    assert 0.5 < sure < surest
    # The deviation of the differences' mean is sqrt(1/4 + 1/2) s instead of sqrt(1/4) s.
    lead, s = (values[1] - values[0]).mean(), (values[1] - values[0]).std(ddof=1)
    from scipy.stats import t

    assert sure == pytest.approx(t.cdf(lead / (s * 0.75**0.5), 3))


def test_the_residual_variance_is_free_of_candidates_and_rounds():
    candidates, rounds = RNG.normal(size=(50, 1)), 10 * RNG.normal(size=(1, 40))
    noise = 0.3 * RNG.normal(size=(50, 40))
    assert residual_variance(candidates + rounds + noise) == pytest.approx(0.09, rel=0.1)
    assert residual_variance(candidates + rounds) == 0.0


def test_the_same_difference_in_every_round_is_no_certainty():
    values = np.array([[0.9, 0.8, 0.7], [0.91, 0.81, 0.71], [0.9, 0.8, 0.7]])
    assert confidence_over(values, 0, 0.4).tolist() == [1.0, 0.875, 0.5]


def test_it_is_as_sure_as_it_says():
    """On independent rounds, a candidate that is no better is dropped in 1 of 20 races."""
    sure = [confidence_over(RNG.normal(size=(3, 5)), 0, 0.0)[1] for _ in range(2000)]
    assert np.mean(np.array(sure) >= 0.95) == pytest.approx(0.05, abs=0.015)


def test_one_standard_error_of_paired_differences_is_close():
    values = np.array([[0.0, 0.2, 0.1, 0.3], [0.3, 0.1, 0.2, 0.2], [5.0, 5.3, 5.1, 5.2]])
    assert within_one_error(values).tolist() == [True, True, False]
