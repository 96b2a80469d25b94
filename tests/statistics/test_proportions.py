"""Exact intervals and tests of shares, against SciPy and published examples."""

import numpy as np
import pytest
from scipy import stats

from hpopt.statistics.proportions import (
    clopper_pearson,
    mcnemar,
    paired_difference,
    share_of_pairs,
)


@pytest.mark.parametrize(("successes", "rows"), [(0, 10), (3, 10), (88, 92), (136, 136)])
def test_the_interval_is_scipys_exact_one(successes, rows):
    found = clopper_pearson(successes, rows)
    expected = stats.binomtest(successes, rows).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 7), (5, 5), (30, 12)])
def test_mcnemar_is_a_sign_test(b, c):
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected)


def test_tangos_interval_is_that_of_the_published_example():
    # 21 children before and after a transplantation (Fagerland, Lydersen and Laake 2014):
    # 1 and 7 who differ, Tango's interval -0.517 to -0.026; the exact p is 0.070.
    found = paired_difference(1, 7, 21)
    assert found.low == pytest.approx(-0.517, abs=0.0005)
    assert found.high == pytest.approx((2 * stats.beta.ppf(0.975, 2, 7) - 1) * 8 / 21)
    assert found.high > 0


def test_the_interval_and_the_test_agree():
    for rows in (10, 40, 200):
        for b in range(min(rows, 25) + 1):
            for c in range(min(rows - b, 25) + 1):
                found = paired_difference(b, c, rows)
                assert found.holds(0.0) == (mcnemar(b, c) >= 0.05)
                assert found.holds((b - c) / rows)
                other = paired_difference(c, b, rows)
                assert (found.low, found.high) == pytest.approx((-other.high, -other.low))


def test_of_predictors_that_never_differ_the_rows_to_come_may():
    found = paired_difference(0, 0, 30)
    reach = stats.norm.ppf(0.975) ** 2  # Tango's, without a row that differs: z² / (n + z²)
    assert found.high == pytest.approx(reach / (30 + reach), rel=1e-3)


def test_the_truth_is_held_as_often_as_is_said():
    rng = np.random.default_rng(0)
    for shares in ([0.1, 0.1], [0.25, 0.05], [0.03, 0.0]):
        rows = 60
        counts = rng.multinomial(rows, [*shares, 1 - sum(shares)], size=400)[:, :2]
        intervals = [paired_difference(int(b), int(c), rows) for b, c in counts]
        held = np.mean([one.holds(shares[0] - shares[1]) for one in intervals])
        assert held >= 0.93


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.8, 0.97, 1.0])
@pytest.mark.parametrize(("first", "second"), [(4, 4), (15, 285), (1, 20), (80, 90)])
def test_the_ends_of_a_share_of_pairs_are_so_many_standard_errors_away(share, first, second):
    found = share_of_pairs(share, first, second)
    assert 0 <= found.low <= share <= found.high <= 1
    assert found.high - found.low > 0
    for end in (found.low, found.high):
        if end not in (0, 1):
            of_pairs = (1 - end) / (2 - end) + end / (1 + end)
            spread = 1 + ((first + second) / 2 - 1) * of_pairs
            error = np.sqrt(end * (1 - end) * spread / (first * second))
            assert abs(end - share) == pytest.approx(stats.norm.ppf(0.975) * error, rel=1e-6)
    mirrored = share_of_pairs(1 - share, second, first)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high))


def test_the_auc_of_few_rows_is_held_as_often_as_is_said():
    rng = np.random.default_rng(0)
    truth, held = stats.norm.cdf(2 / np.sqrt(2)), 0
    for _ in range(400):
        rare, common = rng.normal(2, size=15), rng.normal(size=285)
        held += share_of_pairs(np.mean(rare[:, None] > common), 15, 285).holds(truth)
    assert held / 400 > 0.94
