"""Beliefs about numbers: densities on the unit interval."""

import json

import numpy as np
import pytest

from hpopt.space.beliefs import Belief, UnitBelief
from hpopt.space.conditions import Condition, DimensionError
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space

RATE = Real("rate", 1e-5, 1e-1, "log-uniform", belief=Belief(1e-3, 3))
UNITS = Integer("units", 16, 256, step=16, belief=Belief(100, 32))
SPACE = Space(
    [
        RATE,
        UNITS,
        Real("momentum", 0, 1, when=(Condition.parse("kind", "sgd"),), belief=Belief(0.9, 0.05)),
        Categorical("kind", ("adam", "sgd"), "adam"),
        Real("other", 0, 1),
    ]
)


def test_a_belief_is_highest_in_its_middle_and_falls_by_its_deviation():
    belief = UnitBelief(0.4, 0.1)
    u = np.array([0.4, 0.5, 0.3, 0.95])
    density, slope = belief.log_density(u)
    expected = np.log(0.95 * np.exp(-(((u - 0.4) / 0.1) ** 2) / 2) + 0.05)
    np.testing.assert_allclose(density - density[0], expected)
    assert density[-1] - density[0] > np.log(0.05) - 1e-12  # nothing is ruled out
    everywhere = np.exp(belief.log_density((np.arange(10_000) + 0.5) / 10_000)[0])
    assert everywhere.mean() == pytest.approx(1)
    step = 1e-6
    numeric = (belief.log_density(u + step)[0] - belief.log_density(u - step)[0]) / (2 * step)
    np.testing.assert_allclose(slope, numeric, atol=1e-6)


def test_what_is_drawn_is_half_near_and_half_anywhere():
    u = (np.arange(10_000) + 0.5) / 10_000
    x = UnitBelief(0.4, 0.05).drawn(u)
    assert (np.diff(x) >= 0).all()
    assert (x[0], x[-1]) == pytest.approx((0, 1), abs=1e-3)
    within = np.mean(np.abs(x - 0.4) <= 0.05)
    assert within == pytest.approx(0.5 * 0.683 + 0.5 * 0.1, abs=0.01)


def test_within_is_a_factor_on_a_logarithmic_scale_and_a_distance_on_a_uniform_one():
    u = np.array([RATE.to_unit(value) for value in (1e-3, 3e-3, 1e-3 / 3)])
    density = SPACE.beliefs[0].log_density(u)[0]
    lower = np.log(0.95 * np.exp(-0.5) + 0.05)
    assert density[1:] - density[0] == pytest.approx([lower, lower])
    assert SPACE.beliefs[1].deviation == pytest.approx(32 / (16 * 16))


def test_a_default_that_is_not_given_is_where_the_best_is_believed():
    assert RATE.default == 1e-3
    assert UNITS.default == 96
    assert Real("x", 0, 1, default=0.1, belief=Belief(0.5, 0.1)).default == 0.1


def test_samples_follow_beliefs_and_the_inactive_are_not_asked():
    rng = np.random.default_rng(0)
    rates = np.array([SPACE.sample(rng)["rate"] for _ in range(400)])
    assert np.mean((rates > 1e-3 / 3) & (rates < 3e-3)) > 0.4  # by chance a quarter
    x, active = SPACE.to_unit(SPACE.defaults)
    far = x.copy()
    far[2] = 0.1
    both, slopes = SPACE.log_belief(np.array([x, far]), np.array([active, active]))
    assert both[0] == both[1]
    assert (slopes[:, [2, 3, 4]] == 0).all()


def test_beliefs_come_back_from_json():
    again = Space.from_json(json.loads(json.dumps(SPACE.to_json())))
    assert again.dimensions == SPACE.dimensions


@pytest.mark.parametrize(
    ("prior", "belief", "says"),
    [
        ("uniform", Belief(2.0, 0.1), "between 0.1 and 1"),
        ("uniform", Belief(0.5, 0.0), "distance"),
        ("log-uniform", Belief(0.5, 0.9), "factor, above 1"),
        ("log-uniform", Belief(0.5, float("inf")), "factor, above 1"),
    ],
)
def test_a_senseless_belief_says_what_would_be_right(prior, belief, says):
    with pytest.raises(DimensionError) as caught:
        Real("x", 0.1, 1, prior, belief=belief)
    assert caught.value.key == "belief"
    assert says in caught.value.help
