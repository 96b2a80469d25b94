import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from hpopt.data.features import FeatureSpec, TargetSpec

tables = arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.floats(-1e6, 1e6, width=32),
)
targets = arrays(
    np.float64,
    st.integers(1, 20),
    elements=st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000),
)


@pytest.fixture
def features():
    scales = np.array([1e-3, 1.0, 1e4, 1e7])
    rows = np.random.default_rng(0).normal(size=(50, 4)) * scales + 3 * scales
    return rows.astype(np.float32).astype(np.float64)


def test_the_statistics_are_those_of_the_rows_given():
    spec = FeatureSpec.of(np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]]))
    assert spec.mean == (3.0, 20.0)
    assert spec.scale == pytest.approx((np.sqrt(8 / 3), np.sqrt(200)))


def test_other_rows_are_prepared_by_the_same_statistics():
    spec = FeatureSpec.of(np.array([[0.0], [2.0]]))
    assert spec.apply(np.array([[1.0], [5.0], [-1.0]])).tolist() == [[0.0], [4.0], [-2.0]]


def test_standardisation_is_that_of_scikit_learn(features):
    scaler = StandardScaler().fit(features)
    spec = FeatureSpec.of(features)
    assert spec.mean == pytest.approx(tuple(scaler.mean_))
    assert spec.scale == pytest.approx(tuple(scaler.scale_))
    np.testing.assert_allclose(spec.apply(features), scaler.transform(features), rtol=1e-5)


def test_prepared_rows_have_mean_0_and_deviation_1(features):
    inputs = FeatureSpec.of(features).apply(features).astype(np.float64)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, atol=1e-6)


@given(tables)
def test_prepared_rows_are_finite_in_float32(table):
    inputs = FeatureSpec.of(table).apply(table)
    assert inputs.dtype == np.float32
    assert inputs.shape == table.shape
    assert np.isfinite(inputs).all()


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
def test_features_of_any_number_type_are_prepared(dtype):
    rows = np.array([[1, 5], [3, 9]], dtype=dtype)
    assert FeatureSpec.of(rows).apply(rows).tolist() == [[-1, -1], [1, 1]]


def test_the_rows_given_stay_as_they_were(features):
    before = features.copy()
    FeatureSpec.of(features).apply(features)
    np.testing.assert_array_equal(features, before)


# Some of these float32 can't hold, and the mean of many rows is off by rounding.
@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, -1e-30, 1e10, 123456789.123, 1.7e18])
@pytest.mark.parametrize("rows", [1, 3, 1000, 100_000])
def test_a_constant_column_becomes_zero(constant, rows):
    columns = np.full((rows, 2), constant)
    spec = FeatureSpec.of(columns)
    assert spec.scale == (1.0, 1.0)
    np.testing.assert_allclose(spec.apply(columns[:5]), 0, atol=1e-6)


def test_a_column_that_hardly_varies_is_no_constant():
    spec = FeatureSpec.of(np.array([[1.0], [1.0001]]))
    np.testing.assert_allclose(spec.apply(np.array([[1.0], [1.0001]])), [[-1], [1]], rtol=1e-2)


def test_a_row_has_the_shape_of_the_columns(features):
    assert FeatureSpec.of(features).input_shape == (4,)


@given(targets)
def test_a_target_comes_back_in_its_own_units(target):
    spec = TargetSpec.of(target)
    learned = spec.apply(target)
    assert learned.dtype == np.float32
    assert learned.shape == (len(target), 1)
    np.testing.assert_allclose(
        spec.restore(learned)[:, 0], target, rtol=1e-6, atol=1e-6 * np.abs(target).max()
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


def test_unscaled_features_reach_the_network_as_they_are():
    rows = np.random.default_rng(0).normal(size=(5, 3)) * 4000
    spec = FeatureSpec.of(rows, "none")
    assert spec.is_unscaled
    assert not FeatureSpec.of(rows).is_unscaled
    np.testing.assert_array_equal(spec.apply(rows), rows.astype(np.float32))
