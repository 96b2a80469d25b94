"""One surrogate over params and epochs: covariances, what it tells, what going on is worth."""

from dataclasses import replace

import numpy as np
import pytest

from hpopt.search.encoding import Encoding
from hpopt.search.fidelity import JITTER, SHIFT, Depths, Levelled, depth
from hpopt.search.fits import fit_to, fit_to_json, recorded_fit
from hpopt.search.fitting import TYPICAL_DISCREPANCY, log_posterior, to_vector
from hpopt.search.gp import GP
from hpopt.search.halving import LEVELS
from hpopt.search.kernel import Discrepancy, Hyperparameters
from hpopt.search.observations import Observations
from hpopt.search.worth import worth_of_end, worth_of_level
from hpopt.space.dimensions import Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

GROUPS = np.arange(2)
THETA = Hyperparameters(np.array([0.4, 0.7]), 1.3, 0.05, discrepancy=Discrepancy(0.5, 1.5, 0.2))
SPACE = Space([Real("x", 0, 1), Real("y", 0, 1)])


def test_depth_is_none_at_all_epochs_and_one_at_a_ninth():
    assert [depth(level) for level in LEVELS] == pytest.approx([1.0, 0.5, 0.0])


def made_up(rng, n=9):
    """Features [3n, 2] of n trials at three depths each, and values of a draw."""
    X = np.repeat(rng.random((n, 2)), 3, axis=0)
    depths = Depths(np.tile([1.0, 0.5, 0.0], n), np.repeat(np.arange(n), 3))
    return X, depths, rng.normal(size=3 * n)


def covariance_by_hand(X, depths, theta) -> np.ndarray:
    """The module's docstring, written out."""
    g, n = theta.discrepancy, len(X)
    K = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            q = float((np.square(X[a] - X[b]) / np.square(theta.lengthscales)).sum())
            r, s = np.sqrt(5 * q), np.sqrt(5 * q) / g.stretch
            is_same = depths.trial[a] == depths.trial[b]
            K[a, b] = theta.signal * (1 + r + r * r / 3) * np.exp(-r) + theta.noise * is_same
            of_g = SHIFT + g.smooth * (1 + s + s * s / 3) * np.exp(-s) + g.rough * is_same
            K[a, b] += min(depths.h[a], depths.h[b]) * of_g
    return K


def test_what_is_told_is_what_the_whole_covariance_tells():
    rng = np.random.default_rng(0)
    X, depths, y = made_up(rng)
    keep = np.array([i for i in range(len(y)) if i not in (1, 2)])  # trial 0 is paused at depth 1
    K = covariance_by_hand(X, depths, THETA)
    seen, of = depths.of(keep), THETA.noise
    shared = seen.covariance(X[keep], GROUPS, THETA)
    gp = GP.condition(X[keep], y[keep], GROUPS, THETA, discrepancies=shared)
    levelled = Levelled(gp, seen)
    before = K[np.ix_(keep, keep)] + JITTER * np.eye(len(keep))
    gain = K[np.ix_([2, 1], keep)] @ np.linalg.inv(before)
    expected = gp.mean + gain @ (y[keep] - gp.mean)
    left = K[np.ix_([2, 1], [2, 1])] - gain @ K[np.ix_(keep, [2, 1])]
    mu, sigma = levelled.outlook(X[2:3], np.array([0]))
    assert mu[0] == pytest.approx(expected[0])
    assert sigma[0] == pytest.approx(np.sqrt(left[0, 0]))
    told = left[0, 1] / np.sqrt(left[1, 1])
    moves = levelled.told(X[2:3], np.array([0]), 0.5)
    assert moves[1][0] == pytest.approx(told, rel=1e-4)
    assert moves[2][0] == pytest.approx(np.sqrt(left[0, 0] - told**2), rel=1e-4)
    at = levelled.mean_at(X[1:2], np.array([0]), np.array([0.5]))
    assert at[0] == pytest.approx(expected[1])
    assert of > 0


def test_the_gradient_is_that_of_the_density():
    rng = np.random.default_rng(1)
    X, depths, y = made_up(rng, 5)
    theta = to_vector(replace(Hyperparameters.default(2), discrepancy=TYPICAL_DISCREPANCY), [])
    theta = theta + 0.2 * rng.normal(size=len(theta))

    def density(at):
        return log_posterior(at, X, y, GROUPS, depths=depths)

    _, gradient = density(theta)
    steps = 1e-5 * np.eye(len(theta))
    by_hand = [(density(theta + e)[0] - density(theta - e)[0]) / 2e-5 for e in steps]
    assert gradient == pytest.approx(np.array(by_hand), abs=1e-5)


def result_of(value) -> Result:
    return Result(value, {"m": value}, [value], {}, 1, 0.1)


def trials_of(n, *, whole, rng, worse=1.0):
    """Trials of a bowl that are worse at low levels, of which the first `whole` have finished."""
    trials = []
    for number in range(1, n + 1):
        x, y = rng.random(2)
        value = (x - 0.3) ** 2 + (y - 0.6) ** 2
        partial = {
            level: result_of(value + worse * depth(level) * (1 + 0.2 * x)) for level in LEVELS[:2]
        }
        if number <= whole:
            result, state, level = result_of(value), "finished", 1.0
        else:
            partial = {LEVELS[0]: partial[LEVELS[0]]}
            result, state, level = None, "paused", LEVELS[0]
        params = {"x": float(x), "y": float(y)}
        trials.append(Trial(number, params, 0, state, result=result, level=level, partial=partial))
    return trials


def test_short_fits_tell_where_the_best_is():
    rng = np.random.default_rng(2)
    trials = trials_of(40, whole=6, rng=rng)
    encoding = Encoding(SPACE)
    data = Observations.of(encoding, trials)
    gp = fit_to(encoding, data).condition(encoding, data)
    without = Observations.of(encoding, trials[:6])
    alone = fit_to(encoding, without).condition(encoding, without)
    x = rng.random((200, 2))
    features = encoding.encode(*encoding.snap(x))
    truth = np.square(x - [0.3, 0.6]).sum(axis=1)

    def error(posterior, of):
        return np.abs(of.warping.inverse(posterior.predict_mean(features)) - truth).mean()

    assert error(gp, data) < 0.5 * error(alone, without)
    assert data.n_finished == 6
    assert len(data.y) == 6 + 2 * 6 + 34


def test_a_value_that_was_measured_in_full_is_known():
    rng = np.random.default_rng(3)
    trials = trials_of(20, whole=5, rng=rng)
    encoding = Encoding(SPACE)
    data = Observations.of(encoding, trials)
    gp = fit_to(encoding, data).condition(encoding, data)
    levelled = Levelled(gp, data.depths)
    mu, sigma = levelled.outlook(data.features[:5], data.depths.trial[:5])
    assert mu == pytest.approx(data.y[:5], abs=0.02)
    assert sigma.max() < 0.05


def test_of_very_many_trials_only_the_latest_level_counts():
    rng = np.random.default_rng(4)
    data = Observations.of(Encoding(SPACE), trials_of(290, whole=100, rng=rng))
    assert len(data.y) == 100 + 190
    assert (data.depths.h > 0).sum() == 190


def test_a_failed_trial_has_no_levels():
    trials = trials_of(6, whole=3, rng=np.random.default_rng(5))
    trials[1] = replace(trials[1], state="failed", result=None, reason="NaN")
    data = Observations.of(Encoding(SPACE), trials)
    assert (data.depths.trial == 2).sum() == 1
    assert data.y[data.n_finished] > data.y[: data.n_finished].max()


def test_a_fit_comes_back_from_the_journal():
    encoding = Encoding(SPACE)
    data = Observations.of(encoding, trials_of(12, whole=4, rng=np.random.default_rng(6)))
    fit = fit_to(encoding, data)
    info = {"fit": fit_to_json(encoding, 12, fit)}
    _, again = recorded_fit(encoding, [Trial(1, {}, 0, info=info)])
    assert again.hyperparameters.discrepancy == fit.hyperparameters.discrepancy


def test_the_worth_of_the_end_is_the_improvement_for_its_epochs():
    rng = np.random.default_rng(7)
    mu, sigma = np.array([0.3, -0.2]), np.array([0.5, 0.1])
    drawn = mu[:, None] + sigma[:, None] * rng.normal(size=(2, 200_000))
    improvement = np.maximum(0.0, -drawn).mean(axis=1)
    assert worth_of_end(mu, sigma, 0.0, 0.5) == pytest.approx(improvement / 0.5, rel=0.02)


def test_the_worth_of_a_level_is_the_rate_at_which_its_rule_breaks_even():
    rng = np.random.default_rng(8)
    mu, told, left = (np.array([v]) for v in (0.4, 0.6, 0.3))
    rate = worth_of_level(mu, told, left, 0.0, cost=0.2, rest=0.7)[0]
    after = mu + told * rng.normal(size=100_000)
    gains = worth_of_end(after, np.full_like(after, left[0]), 0.0, 1.0)
    assert np.maximum(0.0, gains - rate * 0.7).mean() == pytest.approx(rate * 0.2, rel=0.05)


def test_a_level_is_worth_more_than_going_all_the_way_at_once():
    mu, told, left = (np.array([v]) for v in (0.5, 0.6, 0.3))
    whole = worth_of_end(mu, np.sqrt(told**2 + left**2), 0.0, 0.9)
    assert worth_of_level(mu, told, left, 0.0, cost=0.2, rest=0.7) > whole
