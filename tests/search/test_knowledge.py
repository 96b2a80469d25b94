import numpy as np
import pytest

from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP
from hpopt.search.kernel import Hyperparameters
from hpopt.search.knowledge import KnowledgeGradient
from hpopt.space.dimensions import Real
from hpopt.space.space import Space

LINE = Space([Real("x", 0, 1)])
HYPERPARAMETERS = Hyperparameters(np.array([0.3]), signal=1.0, noise=0.2)


def gradient_of(x, y, noise=0.2) -> KnowledgeGradient:
    encoding = Encoding(LINE)
    gp = GP.condition(x, y, encoding.groups, HYPERPARAMETERS)
    return KnowledgeGradient(encoding, gp, x, lambda features, mu: np.full(len(mu), noise))


def test_the_worth_is_the_mean_fall_of_the_least_mean_in_simulated_measurements():
    rng = np.random.default_rng(0)
    x = rng.random((9, 1))
    y = np.sin(6 * x[:, 0]) + 0.4 * rng.normal(size=9)
    gradient = gradient_of(x, y)
    new = np.array([[0.65]])
    gp = gradient.gp
    mu, sigma = (part[0] for part in gp.predict(new))
    draws = mu + np.sqrt(sigma**2 + 0.2) * rng.normal(size=4000)
    before = gp.predict_mean(x)
    # The mean moves by its covariance with the new value; a constant mean is kept, as in the text.
    moves = gp.covariance(np.concatenate([x, new]), new)[:, 0] / (sigma**2 + 0.2)
    after = np.append(before, mu)[:, None] + moves[:, None] * (draws - mu)
    expected = before.min() - after.min(axis=0).mean()
    assert gradient(new, x)[0] == pytest.approx(expected, abs=0.01)


def test_what_is_loud_is_worth_less():
    x, y = np.array([[0.2], [0.8]]), np.array([0.5, -0.5])
    quiet, loud = (gradient_of(x, y, noise)(np.array([[0.6]]), x)[0] for noise in (0.01, 10.0))
    assert quiet > 3 * loud > 0


def test_what_is_barred_is_not_the_best():
    x, y = np.linspace(0, 1, 6)[:, None], np.array([1.0, 0.5, 0.0, 0.1, 0.5, 1.0])
    gradient = gradient_of(x, y)
    best = gradient.best(np.empty((0, 1)), np.random.default_rng(0))
    other = gradient.best(best[None], np.random.default_rng(0))
    assert 0.2 < best[0] < 0.8
    assert best[0] != other[0]
