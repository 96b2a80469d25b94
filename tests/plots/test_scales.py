import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from hpopt.plots import scales
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.trials import Trial

RATE = Real("rate", 1e-4, 1e-1, "log-uniform")
KIND = Categorical("kind", ("relu", None, True, 0.1), "relu")


def panel(dimension, which="x"):
    axes = Figure().subplots()
    scales.lay_out(axes, which, dimension)
    return axes


def labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def test_a_log_uniform_prior_has_a_logarithmic_axis_and_a_uniform_one_has_not():
    assert panel(RATE).get_xscale() == "log"
    assert panel(RATE, "y").get_yscale() == "log"
    assert panel(Integer("n", 4, 64, "log-uniform")).get_xscale() == "log"
    assert panel(Real("rate", 1e-4, 1e-1)).get_xscale() == "linear"


def test_an_axis_goes_from_bound_to_bound():
    assert panel(RATE).get_xlim() == (1e-4, 1e-1)
    assert panel(Integer("n", 1, 5)).get_xlim() == (0.5, 5.5)
    assert panel(KIND).get_xlim() == (-0.5, 3.5)
    assert panel(Integer("n", 16, 64, step=16)).get_xlim() == (8, 72)


def test_few_steps_have_a_tick_each():
    assert labels(panel(Integer("n", 16, 64, step=16)).xaxis) == ["16", "32", "48", "64"]
    assert labels(panel(Real("x", 0.1, 0.5, step=0.1)).xaxis) == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert len(scales.ticks(Integer("n", 16, 256, step=16))[0]) <= 6


def test_categories_have_their_names():
    axes = panel(KIND)
    assert labels(axes.xaxis) == ["relu", "null", "true", "0.1"]
    assert axes.get_xticks().tolist() == [0, 1, 2, 3]


def test_whole_numbers_have_whole_ticks():
    for low, high in ((1, 2), (1, 5), (5, 50), (-3, 3), (0, 100_000)):
        ticks, _ = scales.ticks(Integer("n", low, high))
        assert len(ticks) >= 2
        assert all(low <= tick <= high and tick == int(tick) for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high"), [(1e-4, 1e-1), (1e-12, 1e12), (0.02, 0.05), (4, 64), (1, 1.1), (8, 512)]
)
@pytest.mark.parametrize("most", [3, 4, 5])
def test_a_logarithmic_axis_has_a_few_ticks_within_its_bounds(low, high, most):
    ticks, texts = scales.ticks(Real("x", low, high, "log-uniform"), most)
    assert 2 <= len(ticks) <= most + 1
    assert len(set(texts)) == len(texts)
    assert all(low * 0.999 <= tick <= high * 1.001 for tick in ticks)


def test_long_powers_are_written_as_powers():
    _, texts = scales.ticks(Real("x", 1e-6, 1e-2, "log-uniform"))
    assert texts[0] == "$10^{-6}$"
    _, texts = scales.ticks(Real("x", 1e-3, 1e-1, "log-uniform"))
    assert texts == ["0.001", "0.01", "0.1"]


def test_a_name_with_dollars_is_no_formula():
    _, texts = scales.ticks(Categorical("kind", ("$x^2$", "y"), "y"))
    assert texts[0] == r"\$x^2\$"


def test_many_categories_have_some_ticks_only():
    ticks, texts = scales.ticks(Categorical("kind", tuple(range(100)), 0))
    assert len(ticks) == len(texts) <= 12


def test_a_trial_without_the_dimension_has_no_place_on_its_axis():
    trials = [Trial(1, {"kind": None}, 0), Trial(2, {}, 0)]
    where = scales.positions(KIND, trials)
    assert where[0] == 1
    assert math.isnan(where[1])
    assert np.isnan(scales.positions(RATE, trials)).all()
