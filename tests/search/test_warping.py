import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import yeojohnson, yeojohnson_normmax

from hpopt.search.warping import Warping, yeo_johnson

VALUES = arrays(
    float, st.integers(1, 40), elements=st.floats(allow_nan=False, allow_infinity=True, width=64)
)


@given(VALUES)
def test_any_values_become_finite_numbers_in_the_same_order(values):
    warped = Warping.fit(values)(values)
    assert np.isfinite(warped).all()
    assert np.abs(warped).max() < 50
    clipped = np.clip(values, -1e100, 1e100)
    order = np.argsort(clipped, kind="stable")
    assert (np.diff(warped[order]) >= 0).all()


@given(arrays(float, st.integers(2, 40), elements=st.floats(-1e3, 1e3), unique=True))
def test_the_inverse_leads_back(values):
    values = np.round(values, 3)
    warping = Warping.fit(values)
    np.testing.assert_allclose(warping.inverse(warping(values)), values, rtol=1e-6, atol=1e-6)


def test_warped_values_have_deviation_1():
    values = np.random.default_rng(0).lognormal(0, 3, size=200)
    warped = Warping.fit(values)(values)
    assert warped.mean() == pytest.approx(0, abs=1e-6)
    assert warped.std() == pytest.approx(1)


def test_an_outlier_above_does_not_squeeze_the_others():
    values = np.linspace(0, 1, 50)
    usual = np.ptp(Warping.fit(values)(values)[:25])
    with_outlier = np.concatenate([values, [1e30]])
    assert np.ptp(Warping.fit(with_outlier)(with_outlier)[:25]) == pytest.approx(usual, rel=0.1)


def test_beyond_the_values_it_goes_on_to_rise():
    values = np.random.default_rng(0).normal(size=30)
    warping = Warping.fit(values)
    low, high = warping(np.array([values.min() - 1, values.max() + 1]))
    assert low < warping.warped[0] < warping.warped[-1] < high
    assert warping.inverse(np.array([low, high])) == pytest.approx(
        [values.min() - 1, values.max() + 1]
    )


@pytest.mark.parametrize("values", [[0.5], [2.0, 2.0, 2.0]])
def test_constant_values_are_at_zero(values):
    warping = Warping.fit(np.array(values))
    np.testing.assert_array_equal(warping(np.array(values)), 0.0)
    assert np.isfinite(warping.inverse(np.array([-1.0, 0.0, 1.0]))).all()


def test_the_transform_is_that_of_yeo_and_johnson():
    x = np.linspace(-3, 3, 25)
    for exponent in (-1.0, 0.0, 0.7, 2.0, 2.5):
        np.testing.assert_allclose(yeo_johnson(x, exponent), yeojohnson(x, exponent), atol=1e-12)


def test_values_are_made_as_normal_as_the_transform_can():
    values = np.random.default_rng(0).lognormal(0, 0.5, size=300)
    values = values[values < 2]  # nothing beyond the fence
    standardised = (values - values.mean()) / values.std()
    expected = yeojohnson(standardised, round(yeojohnson_normmax(standardised), 1))
    warped = Warping.fit(values)(values)
    assert np.corrcoef(warped, expected)[0, 1] == pytest.approx(1, abs=1e-6)


def test_an_outlier_below_keeps_its_distance():
    values = np.concatenate([np.random.default_rng(0).normal(size=50), [-30.0]])
    warped = Warping.fit(values)(values)
    assert warped[-1] < warped[:-1].min() - 1


def test_where_most_values_are_equal_the_others_still_differ():
    values = np.array([-1.0] * 30 + [-0.9, -0.7, -0.5, -0.3])
    warped = Warping.fit(values)(values)
    assert (np.diff(warped[29:]) > 0.01).all()
