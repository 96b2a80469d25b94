import numpy as np
import pytest

import hpopt

PLANE = {name: {"type": "real", "low": 0, "high": 1} for name in ("x", "y")}


def bowl(params) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.6) ** 2


@pytest.mark.parametrize("noisy", [True, None])
def test_under_noise_the_posterior_chooses_and_the_lowest_value_stands_beside(noisy):
    rng = np.random.default_rng(1)
    result = hpopt.minimize(
        lambda params: bowl(params) + 0.2 * rng.normal(), PLANE, n_calls=40, noisy=noisy
    )
    assert result.fun == min(result.func_vals)
    assert bowl(result.params) < 0.1
    assert bowl(result.params) <= bowl(result.lowest)
    assert result.expected > result.fun + 0.1


@pytest.mark.parametrize("noisy", [False, None])
def test_without_noise_the_lowest_value_is_the_best(noisy):
    result = hpopt.minimize(bowl, PLANE, n_calls=15, noisy=noisy)
    assert result.params == result.lowest
    assert result.expected == result.fun == bowl(result.params)


def test_a_needle_is_no_luck():
    def needle(params):
        return -20.0 if params["n"] == 37 and params["m"] == 5 else float(params["m"] % 3)

    space = {"n": {"type": "integer", "low": 0, "high": 50, "default": 37}, "m": [5, 1, 8]}
    result = hpopt.minimize(needle, space, n_calls=30)
    assert result.params == {"n": 37, "m": 5}
