from dataclasses import replace

import numpy as np
import pytest

from hpopt.search.surrogate import fit_surrogate, importance, leave_one_out
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

SPACE = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5),
        Categorical("kind", ("adam", "sgd"), "adam"),
        Real("momentum", 0, 0.99, when=(Condition.parse("kind", "sgd"),)),
        Real("nothing", 0, 1),
    ]
)


def over(number, params, value) -> Trial:
    return Trial(number, params, 0, "finished", result=Result(value, {}, [value], {}, 1, 0.1))


def truth(params) -> float:
    value = (np.log10(params["rate"]) + 2) ** 2 + 0.1 * (params["layers"] - 4) ** 2
    return float(value + ((params["momentum"] - 0.9) ** 2 if "momentum" in params else 0.5))


def trials_of(n, noise=0.0, seed=0) -> list[Trial]:
    rng = np.random.default_rng(seed)
    params = [SPACE.sample(rng) for _ in range(n)]
    return [over(i, p, truth(p) + noise * rng.normal()) for i, p in enumerate(params, start=1)]


@pytest.fixture(scope="module")
def surrogate():
    return fit_surrogate(SPACE, trials_of(80))


def test_averages_of_single_points_hold_the_truth(surrogate):
    rng = np.random.default_rng(1)
    params = [SPACE.sample(rng) for _ in range(100)]
    x, active = (np.array(part) for part in zip(*map(SPACE.to_unit, params), strict=True))
    mu, sigma = surrogate.average(x[:, None], active[:, None])
    low, middle, high = (surrogate.to_values(mu + z * sigma) for z in (-2.5, 0, 2.5))
    values = np.array([truth(p) for p in params])
    assert ((low <= values) & (values <= high)).mean() > 0.85
    assert np.corrcoef(middle, values)[0, 1] > 0.95


def test_the_average_is_that_of_the_joint_posterior(surrogate):
    x = np.random.default_rng(2).random((3, 20, len(SPACE)))
    snapped = [surrogate.encoding.snap(points) for points in x]
    x, active = (np.array(part) for part in zip(*snapped, strict=True))
    mu, sigma = surrogate.average(x, active)
    for i in range(3):
        features = surrogate.encoding.encode(x[i], active[i])
        assert mu[i] == pytest.approx(surrogate.gp.predict(features)[0].mean())
        variance = surrogate.gp.covariance(features, features).mean()
        assert sigma[i] == pytest.approx(np.sqrt(variance))
    # Averages are surer than the points that they are of.
    assert sigma[0] < np.median(surrogate.average(x[0][:, None], active[0][:, None])[1])


def test_importance_names_what_matters(surrogate):
    rows = importance(surrogate)
    assert rows[0].name == "rate"
    assert {row.name for row in rows[-1:]} == {"nothing"}
    assert all(0 <= row.low <= row.share <= row.high <= 1 for row in rows)
    assert rows[-1].high < 0.1
    assert importance(surrogate) == rows


def test_importance_is_the_share_of_the_variance():
    space = Space([Real("x", 0, 1), Real("y", 0, 1)])
    rng = np.random.default_rng(0)
    points = rng.random((60, 2))
    trials = [
        over(i, {"x": float(x), "y": float(y)}, float(x + 2 * y)) for i, (x, y) in enumerate(points)
    ]
    shares = {row.name: row.share for row in importance(fit_surrogate(space, trials))}
    assert shares == pytest.approx({"x": 0.2, "y": 0.8}, abs=0.07)


def test_calibration_is_that_of_values_not_seen():
    told = leave_one_out(fit_surrogate(SPACE, trials_of(120, noise=0.3)))
    assert told.n == 120
    assert 0.5 < told.within_1 < 0.85
    assert 0.85 < told.within_2 <= 1
    assert 0.7 < told.correlation < 1
    assert told.r2 == pytest.approx(told.correlation**2, abs=0.1)
    assert "68 %" in str(told)


def test_pure_noise_is_not_foretold():
    rng = np.random.default_rng(0)
    trials = [over(i, SPACE.sample(rng), float(rng.normal())) for i in range(60)]
    assert leave_one_out(fit_surrogate(SPACE, trials)).r2 < 0.2


def test_constant_values_are_calibrated_all_the_same():
    told = leave_one_out(
        fit_surrogate(SPACE, [over(i, t.params, 1.0) for i, t in enumerate(trials_of(5))])
    )
    assert told.r2 == 0
    assert np.isnan(told.correlation)
    assert str(told)


def test_recorded_hyperparameters_are_used():
    trials = trials_of(20)
    names = ["rate", "layers", "kind", "momentum", "nothing"]
    fit = {"trials": 15, "lengthscales": dict.fromkeys(names, 0.7), "signal": 2.0, "noise": 0.05}
    trials[14] = replace(trials[14], info={"fit": fit})
    hyperparameters = fit_surrogate(SPACE, trials).gp.hyperparameters
    assert hyperparameters.signal == 2.0
    np.testing.assert_array_equal(hyperparameters.lengthscales, 0.7)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_trials_make_no_surrogate(n):
    with pytest.raises(ValueError, match="two finished trials"):
        fit_surrogate(SPACE, trials_of(n))
