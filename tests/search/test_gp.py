import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from hpopt.search.fitting import fit_hyperparameters, from_vector, log_posterior, to_vector
from hpopt.search.gp import GP
from hpopt.search.kernel import Hyperparameters, kernel, lengthscale_prior

GROUPS = np.array([0, 0, 1, 2, 3])  # the first dimension has two features
HYPERPARAMETERS = Hyperparameters(np.array([0.3, 0.5, 1.0, 2.0]), signal=1.3, noise=0.02)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.random((30, 5))
    y = np.sin(5 * X[:, 0]) + X[:, 2] + 0.1 * rng.normal(size=30)
    return X, (y - y.mean()) / y.std()


def test_the_kernel_is_matern_five_halves():
    a, b = np.array([[0.1, 0.7]]), np.array([[0.4, 0.2]])
    hyperparameters = Hyperparameters(np.array([0.5, 2.0]), signal=1.7, noise=0.1)
    distance = np.sqrt((0.3 / 0.5) ** 2 + (0.5 / 2.0) ** 2)
    # Rasmussen and Williams (2006), equation 4.17.
    expected = 1 + np.sqrt(5) * distance + 5 * distance**2 / 3
    expected *= 1.7 * np.exp(-np.sqrt(5) * distance)
    assert kernel(a, b, np.arange(2), hyperparameters)[0, 0] == pytest.approx(expected)


def test_the_gradient_of_the_log_posterior_is_that_of_finite_differences(data):
    theta = to_vector(HYPERPARAMETERS, [])
    _, gradient = log_posterior(theta, *data, GROUPS)
    differences = approx_fprime(theta, lambda t: log_posterior(t, *data, GROUPS)[0], 1e-6)
    np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-4)


def test_so_is_it_where_noise_is_uneven_and_categories_have_moved(data):
    rng = np.random.default_rng(1)
    X, y = data
    X[:, 2:] = np.eye(3)[rng.integers(3, size=30)] / np.sqrt(2)
    groups, blocks = np.array([0, 1, 2, 2, 2]), [slice(2, 5)]
    loudness, variances = rng.uniform(0.3, 3, 30), rng.uniform(0, 0.1, 30)
    theta = np.array([*np.log([0.3, 0.5, 1.0, 1.3, 0.02]), *rng.normal(0, 0.3, 9)])
    given = (X, y, groups, variances, loudness, blocks)
    _, gradient = log_posterior(theta, *given)
    differences = approx_fprime(theta, lambda t: log_posterior(t, *given)[0], 1e-6)
    np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(to_vector(from_vector(theta, groups, blocks), blocks), theta)


def test_the_log_posterior_is_the_likelihood_times_the_priors(data):
    X, y = data

    def log_likelihood(hyperparameters):
        mean = GP.condition(X, y, GROUPS, hyperparameters).mean
        K = kernel(X, X, GROUPS, hyperparameters) + hyperparameters.noise * np.eye(len(y))
        return multivariate_normal(np.full(len(y), mean), K).logpdf(y) - mean**2 / 2

    def log_prior(hyperparameters):
        mode, deviation = lengthscale_prior(4)
        off = np.log(hyperparameters.lengthscales) - mode
        lengthscales = off / np.where(off < 0, 0.7, deviation)
        noise = (np.log(hyperparameters.noise) - np.log(1e-4)) / 4.0
        return -(lengthscales @ lengthscales + np.log(hyperparameters.signal) ** 2 + noise**2) / 2

    other = Hyperparameters(np.array([1.0, 0.2, 0.7, 3.0]), signal=0.8, noise=0.1)
    difference = [
        log_posterior(to_vector(h, []), X, y, GROUPS)[0] - log_likelihood(h) - log_prior(h)
        for h in (HYPERPARAMETERS, other)
    ]
    assert difference[0] == pytest.approx(difference[1])  # all but a constant


def test_the_prior_on_lengthscales_is_that_of_the_paper():
    # The mode of LogNormal(sqrt 2 + log(d)/2, sqrt 3).
    mode, _ = lengthscale_prior(9)
    assert np.exp(mode) == pytest.approx(3 * np.exp(np.sqrt(2) - 3))


def test_predictions_are_those_of_the_textbook(data):
    X, y = data
    gp = GP.condition(X, y, GROUPS, HYPERPARAMETERS)
    new = np.random.default_rng(1).random((7, 5))
    inverse = np.linalg.inv(kernel(X, X, GROUPS, HYPERPARAMETERS) + 0.02 * np.eye(len(y)))
    mean = inverse.sum(axis=0) @ y / (inverse.sum() + 1)
    k = kernel(new, X, GROUPS, HYPERPARAMETERS)
    mu, sigma = gp.predict(new)
    np.testing.assert_allclose(mu, mean + k @ inverse @ (y - mean))
    np.testing.assert_allclose(sigma**2, 1.3 - np.einsum("mn,nk,mk->m", k, inverse, k))
    np.testing.assert_allclose(gp.predict_mean(new), mu)
    np.testing.assert_allclose(np.diagonal(gp.covariance(new, new)), sigma**2)


def test_the_gradients_of_a_prediction_are_those_of_finite_differences(data):
    gp = GP.condition(*data, GROUPS, HYPERPARAMETERS)
    x = np.array([0.2, 0.9, 0.4, 0.6, 0.1])
    mu, sigma, mu_slopes, sigma_slopes = gp.predict_with_gradients(x)
    assert (mu, sigma) == pytest.approx([part[0] for part in gp.predict(x[None])])
    for part, slopes in ((0, mu_slopes), (1, sigma_slopes)):
        differences = approx_fprime(x, lambda t, i=part: gp.predict(t[None])[i][0], 1e-7)
        np.testing.assert_allclose(slopes, differences, atol=1e-5)


def test_leaving_one_out_is_conditioning_on_the_others(data):
    X, y = data
    # With the mean of all: it is held fixed while one is left out.
    gp = GP.condition(X, y, GROUPS, HYPERPARAMETERS)
    mu, sigma = gp.leave_one_out()
    for i in (0, 17):
        others = np.arange(len(y)) != i
        K = kernel(X, X, GROUPS, HYPERPARAMETERS) + 0.02 * np.eye(len(y))
        weights = np.linalg.solve(K[np.ix_(others, others)], K[others, i])
        assert mu[i] == pytest.approx(gp.mean + weights @ (y[others] - gp.mean))
        assert sigma[i] ** 2 == pytest.approx(K[i, i] - weights @ K[others, i])


def test_the_fit_finds_what_the_values_were_drawn_with():
    rng = np.random.default_rng(0)
    X, groups = rng.random((120, 3)), np.arange(3)
    truth = Hyperparameters(np.array([0.2, 0.6, 50.0]), signal=1.0, noise=0.01)
    K = kernel(X, X, groups, truth) + 0.01 * np.eye(120)
    y = np.linalg.cholesky(K) @ rng.normal(size=120)
    found, _ = fit_hyperparameters(X, y, groups, [Hyperparameters.default(3)])
    np.testing.assert_allclose(found.lengthscales[:2], [0.2, 0.6], rtol=0.4)
    assert found.lengthscales[2] > 3
    assert found.noise == pytest.approx(0.01, rel=0.6)


def test_the_best_of_several_starts_is_kept(data):
    far = Hyperparameters(np.full(4, 0.01), 1.0, 1.0)
    one, both = (
        fit_hyperparameters(*data, GROUPS, starts)[1]
        for starts in ([far], [far, Hyperparameters.default(4)])
    )
    assert both >= one


def test_equal_points_without_noise_are_fitted_all_the_same():
    X = np.zeros((5, 1))
    gp = GP.condition(
        X, np.arange(5.0), np.array([0]), Hyperparameters(np.array([1.0]), 1.0, 1e-300)
    )
    mu, sigma = gp.predict(X[:1])
    assert mu[0] == pytest.approx(2.0, rel=0.5)
    assert np.isfinite(sigma).all()


def test_what_is_known_of_the_noise_of_a_value_weighs_it():
    rng = np.random.default_rng(0)
    X, y, groups = rng.random((12, 2)), rng.normal(size=12), np.arange(2)
    hyperparameters = Hyperparameters(np.array([0.5, 0.8]), 1.2, 0.01)
    variances = np.zeros(12)
    variances[3] = 1e9
    at = rng.random((5, 2))
    without = GP.condition(np.delete(X, 3, 0), np.delete(y, 3), groups, hyperparameters)
    weighed = GP.condition(X, y, groups, hyperparameters, variances)
    np.testing.assert_allclose(weighed.predict(at), without.predict(at), rtol=1e-5, atol=1e-7)
    same = GP.condition(X, y, groups, hyperparameters, np.full(12, 0.02))
    more = GP.condition(X, y, groups, Hyperparameters(hyperparameters.lengthscales, 1.2, 0.03))
    np.testing.assert_allclose(same.predict(at), more.predict(at))


def test_the_gradient_holds_where_values_have_their_own_noise():
    rng = np.random.default_rng(1)
    X, y, groups, variances = rng.random((9, 2)), rng.normal(size=9), np.arange(2), rng.random(9)
    theta = np.array([-0.3, 0.2, 0.1, -2.0])
    _, gradient = log_posterior(theta, X, y, groups, variances)
    for i in range(len(theta)):
        step = np.eye(len(theta))[i] * 1e-5
        above, below = (log_posterior(theta + s, X, y, groups, variances)[0] for s in (step, -step))
        assert gradient[i] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-6)
