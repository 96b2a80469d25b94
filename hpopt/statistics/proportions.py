"""Shares of rows and of pairs: intervals of one share, and of the difference of two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpopt.metrics.metric import Share
from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.records import Interval


def clopper_pearson(successes: float, rows: float, level: float = LEVEL) -> Interval:
    """The exact interval of a share (Clopper and Pearson 1934): at least `level` is covered.

    Its ends are quantiles of beta distributions: low that of Beta(k, n - k + 1), high that of
    Beta(k + 1, n - k), for k successes in n rows.
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    k, n = successes, rows
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return Interval(low, high)


def mean_of_shares(shares: Sequence[Share], level: float = LEVEL) -> Interval | None:
    """The interval of the mean of what shares of different rows count; None where there are none.

    Of one share it is the exact one. That of several joins theirs by the method of variance
    estimates recovery (Zou and Donner 2008, "Construction of confidence intervals about effect
    measures"): low = mean - sqrt(sum of (share - its low)²) / k.
    """
    if not any(share.rows for share in shares):
        return None
    low, middle, high = [], [], []
    for share in shares:
        exact = clopper_pearson(share.hits, share.rows, level)
        low.append(share.counts(exact.low))
        middle.append(share.counts(share.hits / share.rows))
        high.append(share.counts(exact.high))
    mean, k = np.mean(middle), len(shares)
    down = float(np.linalg.norm(np.subtract(middle, low))) / k
    up = float(np.linalg.norm(np.subtract(high, middle))) / k
    return Interval(float(mean) - down, float(mean) + up)


def share_of_pairs(share: float, first: float, second: float, level: float = LEVEL) -> Interval:
    """The interval of a share of the pairs of a row of one class and a row of another (the auc).

    Newcombe's method 5 (2006, "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic. Part 2"), which holds where rows are few: the ends are the θ that are
    z standard errors away, with Hanley and McNeil's variance at θ itself,
    θ (1 - θ) (1 + (N - 1) ((1 - θ) / (2 - θ) + θ / (1 + θ))) / mn for N = (m + n) / 2.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    z, middle = float(ndtri((1 + level) / 2)), (first + second) / 2

    def excess(theta: float) -> float:
        """How much farther from the share than z standard errors; it grows with the distance."""
        of_pairs = (1 - theta) / (2 - theta) + theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + (middle - 1) * of_pairs) / (first * second)
        return abs(theta - share) - z * float(np.sqrt(variance))

    # At an end there is no variance, so the root there is none of an interval.
    least, most = 1e-9, 1 - 1e-9
    is_low_inside = share > least and excess(least) > 0
    is_high_inside = share < most and excess(most) > 0
    low = brentq(excess, least, min(share, most)) if is_low_inside else 0.0
    high = brentq(excess, max(share, least), most) if is_high_inside else 1.0
    return Interval(float(low), float(high))


def mcnemar(first_only: int, second_only: int) -> float:
    """The exact p-value, two-sided, of two predictors being equally often right on the same rows.

    `first_only` rows are right by the first alone, `second_only` by the second alone; rows on which
    they agree say nothing (McNemar 1947). Each of them is either with probability 1/2:
    p = 2 P(X <= min) for X ~ Binomial(first_only + second_only, 1/2), and at most 1.
    """
    from scipy.special import bdtr

    apart = first_only + second_only
    return min(1.0, 2 * float(bdtr(min(first_only, second_only), apart, 0.5)))


def paired_difference(
    first_only: int, second_only: int, rows: int, level: float = LEVEL
) -> Interval:
    """The interval of the difference of two shares on the same rows: the first's less the second's.

    On either side the wider of two: Tango's score interval (1998, "Equivalence test and confidence
    interval for the difference in proportions for the paired-sample design"; recommended by
    Fagerland, Lydersen and Laake 2014), and the exact one among rows that are told apart, which is
    (2 ψ - 1) (b + c) / n for the Clopper-Pearson interval of ψ = b / (b + c). So 0 lies in it
    whenever `mcnemar` gives 1 - level or more.
    """
    b, c = first_only, second_only
    high = _tango_high(b, c, rows, level)
    low = -_tango_high(c, b, rows, level)
    if b + c:
        exact = clopper_pearson(b, b + c, level)
        low = min(low, (2 * exact.low - 1) * (b + c) / rows)
        high = max(high, (2 * exact.high - 1) * (b + c) / rows)
    return Interval(low, high)


def _tango_high(b: int, c: int, n: int, level: float) -> float:
    """The upper end d of Tango's interval, where (b - c - n d) / sqrt(n (2 q + d (1 - d))) = -z.

    q is the likeliest share of rows that are right by the second alone, given the difference d:
    the larger root of 2n q² - (b + c - (2n - b + c) d) q - c d (1 - d) = 0.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))

    def excess(d: float) -> float:
        minus = b + c - (2 * n - b + c) * d
        q = (minus + np.sqrt(minus**2 + 8 * n * c * d * (1 - d))) / (4 * n)
        return float(n * d - (b - c) - z * np.sqrt(max(n * (2 * q + d * (1 - d)), 0.0)))

    start = (b - c) / n + 1e-12  # where nothing tells the two apart, the start is a root as well
    return 1.0 if excess(1.0) <= 0 else float(brentq(excess, start, 1.0))
