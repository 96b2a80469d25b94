import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import norm

from hpopt.search.acquisition import (
    Acquisition,
    hedge_choice,
    log_expected_improvement,
    log_improvement,
    log_share,
)

MU, SIGMA = np.array([-0.4, 0.3, 2.0, 40.0]), np.array([0.5, 0.01, 1.5, 2.0])


def test_expected_improvement_is_the_integral_of_the_improvement():
    value = log_expected_improvement(np.array([0.3]), np.array([0.7]), incumbent=0.1)[0][0]
    integral, _ = quad(lambda f: (0.1 - f) * norm(0.3, 0.7).pdf(f), -np.inf, 0.1)
    assert np.exp(value) == pytest.approx(integral)


@pytest.mark.parametrize(
    ("z", "exact"),
    # log(phi(z) + z Phi(z)), computed with 60 digits.
    [
        (3.0, 1.0987396653276706),
        (0.0, -0.9189385332046727),
        (-0.999, -2.4832171154475855),
        (-1.001, -2.487025657955382),
        (-20.0, -206.91783850942509),
        (-99.0, -4910.609484215455),
        (-101.0, -5110.649473554864),
        (-1000.0, -500014.7344520911),
    ],
)
def test_the_logarithm_of_the_improvement_is_exact_far_to_the_left(z, exact):
    assert log_improvement(np.array([z]))[0] == pytest.approx(exact, rel=1e-12)


def test_it_increases_everywhere_and_stays_finite():
    z = -np.logspace(9, -3, 4000)
    values = log_improvement(z)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize("name", ["EI", "PI", "LCB"])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_derivatives_are_those_of_finite_differences(name, noise):
    acquisition = Acquisition(name, incumbent=-0.2, noise=noise)
    _, by_mu, by_sigma = acquisition(MU, SIGMA)
    for i, point in enumerate(zip(MU, SIGMA, strict=True)):
        differences = approx_fprime(
            np.array(point), lambda p: acquisition(p[:1], p[1:])[0][0], 1e-7
        )
        np.testing.assert_allclose([by_mu[i], by_sigma[i]], differences, rtol=1e-3, atol=1e-5)


def test_probability_of_improvement_is_beyond_xi():
    acquisition = Acquisition("PI", incumbent=0.5, xi=0.1)
    value = acquisition(np.array([0.3]), np.array([0.2]))[0][0]
    assert np.exp(value) == pytest.approx(norm.cdf((0.4 - 0.3) / 0.2))


def test_the_confidence_bound_is_below_the_mean():
    value = Acquisition("LCB", incumbent=0.0)(np.array([0.3]), np.array([0.2]))[0][0]
    assert -value == pytest.approx(0.3 - 1.96 * 0.2)


def test_a_measurement_that_is_all_noise_is_worth_little():
    sigma = np.array([1e-9, 0.1, 10.0])
    share = np.exp(log_share(sigma, 0.1)[0])
    np.testing.assert_allclose(share, 1 - 0.1 / np.sqrt(sigma**2 + 0.01), rtol=1e-6, atol=1e-12)
    assert 0 < share[0] < share[1] < share[2]


def test_the_hedge_draws_with_the_softmax_of_the_gains():
    gains = np.array([1000.0, 1000.0 + np.log(2), 999.0])
    draws = [hedge_choice(gains, u) for u in np.linspace(0, 1, 3000, endpoint=False)]
    expected = np.exp(gains - 1000) / np.exp(gains - 1000).sum()
    np.testing.assert_allclose(np.bincount(draws) / 3000, expected, atol=1e-3)
