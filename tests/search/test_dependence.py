"""Partial dependence, and the joint posterior that its uncertainty comes from."""

import numpy as np
import pytest
from conftest import MIXED
from hypothesis import given
from hypothesis import strategies as st

from hpopt.search.dependence import dependence
from hpopt.search.grids import grid_of
from hpopt.search.surrogate import fit_surrogate
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial


def told(space, value, count=40) -> list[Trial]:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(1, count + 1):
        params = space.sample(rng)
        found = float(value(params))
        result = Result(found, {"m": found}, [found], {}, 1, 0.1)
        trials.append(Trial(number, params, 0, "finished", result=result))
    return trials


def test_of_a_sum_it_is_the_summand_up_to_a_constant():
    space = Space([Real("x", -1, 1), Real("y", 0, 1), Integer("n", 1, 3)])
    trials = told(space, lambda p: p["x"] ** 2 + p["y"] + p["n"])
    surrogate = fit_surrogate(space, trials)
    effect = dependence(surrogate, space, ["x"])
    [grid] = effect.grids
    parabola = grid.centres**2
    # Averages are taken of warped values, so the shape is kept and the size nearly.
    np.testing.assert_allclose(
        effect.middle - effect.middle.mean(), parabola - parabola.mean(), atol=0.15
    )
    effect = dependence(surrogate, space, ["n"])
    np.testing.assert_allclose(np.diff(effect.middle), [1, 1], atol=0.1)


def test_of_a_pair_the_rows_average_to_the_single_dimensions():
    space = Space([Real("x", 0, 1), Categorical("c", ("a", "b"), "a")])
    surrogate = fit_surrogate(space, told(space, lambda p: p["x"] * (p["c"] == "a")))
    both = dependence(surrogate, space, ["x", "c"], cells=10)
    assert both.middle.shape == (10, 2)
    assert both.middle[-1, 0] - both.middle[0, 0] == pytest.approx(0.9, abs=0.1)
    assert both.middle[-1, 1] - both.middle[0, 1] == pytest.approx(0.0, abs=0.1)
    turned = both.transposed()
    assert turned.dimensions[0].name == "c"
    np.testing.assert_array_equal(turned.middle, both.middle.T)


def test_an_average_is_that_of_the_joint_posterior():
    trials = told(MIXED, lambda p: np.log10(p["rate"]) + p["layers"], count=15)
    surrogate = fit_surrogate(MIXED, trials)
    x, active = surrogate.encoding.snap(np.random.default_rng(1).random((6, 4)))
    features = surrogate.encoding.encode(x, active)
    mu, sigma = surrogate.gp.predict_averages(features.reshape(2, 3, -1))
    for group in range(2):
        points = features[3 * group : 3 * group + 3]
        assert mu[group] == pytest.approx(surrogate.gp.predict_mean(points).mean())
        variance = surrogate.gp.covariance(points, points).mean()
        assert sigma[group] == pytest.approx(np.sqrt(variance))


def test_a_conditional_dimension_is_averaged_where_it_is_active():
    trials = told(MIXED, lambda p: p.get("momentum", 5.0), count=60)
    surrogate = fit_surrogate(MIXED, trials)
    effect = dependence(surrogate, MIXED, ["momentum"])
    assert effect.middle[0] == pytest.approx(0, abs=0.3)
    assert effect.middle[-1] == pytest.approx(1, abs=0.3)
    pair = dependence(surrogate, MIXED, ["momentum", "optimizer"], cells=5)
    assert np.isnan(pair.quantiles[:, :, 0]).all()
    assert np.isfinite(pair.quantiles[:, :, 1]).all()


def test_it_is_less_sure_where_no_trial_was():
    space = Space([Real("x", 0, 1)])
    trials = [t for t in told(space, lambda p: np.sin(8 * p["x"])) if t.params["x"] < 0.6]
    effect = dependence(fit_surrogate(space, trials), space, ["x"])
    assert effect.deviation[-1] > 3 * effect.deviation[:15].max()


@given(low=st.integers(1, 50), width=st.integers(1, 500), log=st.booleans())
def test_the_cells_of_whole_numbers_cover_their_range(low, width, log):
    prior = "log-uniform" if log else "uniform"
    grid = grid_of(Integer("n", low, low + width, prior), 20)
    assert len(grid) <= 20 or len(grid) == width + 1 <= 20
    assert grid.edges[0] == pytest.approx(low - 0.5)
    assert grid.edges[-1] == pytest.approx(low + width + 0.5)
    assert len(grid.edges) == len(grid) + 1
    assert (np.diff(grid.edges) > 0).all()
    assert (grid.centres == np.round(grid.centres)).all()
    assert (np.diff(grid.units) >= 0).all()


def test_the_cells_of_a_log_uniform_prior_are_even_on_its_scale():
    grid = grid_of(Real("x", 1e-4, 1, "log-uniform"), 8)
    np.testing.assert_allclose(np.diff(np.log10(grid.edges)), 0.5)
    np.testing.assert_allclose(np.log10(grid.centres), np.linspace(-3.75, -0.25, 8))


def test_every_category_has_a_cell():
    grid = grid_of(Categorical("c", tuple(range(50)), 0), 20)
    np.testing.assert_array_equal(grid.centres, np.arange(50))
