import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpopt.data.target_spec import TargetSpec
from hpopt.data.targets import shown_range

targets = arrays(
    np.float64,
    st.integers(1, 20),
    elements=st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000),
)


@given(targets)
def test_a_target_comes_back_in_its_own_units(target):
    spec = TargetSpec.of(target)
    learned = spec.apply(target)
    assert learned.dtype == np.float32
    assert learned.shape == (len(target), 1)
    np.testing.assert_allclose(
        spec.restore(learned)[:, 0], target, rtol=1e-6, atol=1e-6 * np.abs(target).max()
    )


@pytest.mark.parametrize("scale", [1e-3, 1.0, 2e4])
@pytest.mark.parametrize("mean", [0.0, 5.0, 1e9, -1.7e12])
def test_what_float32_would_lose_of_predictions_is_taken_away(mean, scale):
    values = mean + scale * np.linspace(-3, 3, 50)
    spec = TargetSpec.of(values)
    offset = spec.float32_offset
    assert offset == 0 or abs(mean) > 100 * scale
    learned = spec.apply(values)
    kept = offset + spec.less(offset).restore(learned).astype(np.float32).astype(np.float64)
    np.testing.assert_allclose(
        kept[:, 0], values, rtol=0, atol=5e-5 * scale + np.spacing(abs(mean))
    )


def test_a_target_far_from_zero_keeps_its_digits():
    # Seconds since 1970, of which float32 holds every 128th.
    target = 1.7e9 + np.arange(0.0, 600.0, 60.0)
    spec = TargetSpec.of(target)
    np.testing.assert_allclose(spec.restore(spec.apply(target))[:, 0], target, rtol=0, atol=0.01)


def test_a_learned_target_has_mean_0_and_deviation_1():
    learned = TargetSpec.of(np.array([100.0, 300.0])).apply(np.array([100.0, 300.0]))
    assert learned.tolist() == [[-1.0], [1.0]]


def test_a_constant_target_can_be_learned():
    spec = TargetSpec.of(np.full(10, 0.1))
    assert spec.scale == 1.0
    np.testing.assert_allclose(spec.apply(np.full(10, 0.1)), 0, atol=1e-6)


def test_classes_and_probabilities_are_left_alone():
    spec = TargetSpec()
    assert spec.apply(np.array([0, 2, 1])).tolist() == [[0.0], [2.0], [1.0]]
    probabilities = np.array([[0.25, 0.75]], dtype=np.float32)
    np.testing.assert_array_equal(spec.restore(probabilities), probabilities)


def test_no_prediction_of_a_log_falls_below_what_the_target_can_be():
    spec = TargetSpec.of(np.array([0.0, 1.0, 10.0, 1000.0]), "log1p")
    restored = spec.restore(np.array([[-9.0], [0.0], [2.0]], dtype=np.float32))
    assert restored[0, 0] == 0
    assert (restored[1:] > 0).all()
    assert TargetSpec(1.0, 2.0, "log1p").restore(np.array([[-9.0]]))[0, 0] < 0  # as 0.1 had it


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([47081.8, np.nan, 2.53805e6], "47,082 to 2,538,050"),
        ([1.0, 5.0], "1 to 5"),
        ([0.5, 3.25], "0.50 to 3.25"),
        ([-3.12345, 20.0], "-3.12 to 20.00"),
        ([0.0, 0.0123456], "0.00000 to 0.01235"),
        ([3e-7, 2e-6], "3e-07 to 2e-06"),
        ([0.0, 0.0], "0 to 0"),
        ([2.0, 4e12], "2 to 4e+12"),
    ],
)
def test_the_range_of_a_target_is_written_in_one_way(values, shown):
    assert shown_range(np.array(values)) == shown
