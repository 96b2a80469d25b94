import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from hpopt.errors import DataError
from hpopt.inputs.array import ArrayKind

tables = arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.floats(-1e6, 1e6, width=32),
)


@pytest.fixture
def features():
    scales = np.array([1e-3, 1.0, 1e4, 1e7])
    rows = np.random.default_rng(0).normal(size=(50, 4)) * scales + 3 * scales
    return rows.astype(np.float32).astype(np.float64)


def test_the_statistics_are_those_of_the_rows_given():
    spec = ArrayKind.fit(np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]]))
    assert spec.mean == (3.0, 20.0)
    assert spec.scale == pytest.approx((np.sqrt(8 / 3), np.sqrt(200)))


def test_other_rows_are_prepared_by_the_same_statistics():
    spec = ArrayKind.fit(np.array([[0.0], [2.0]]))
    assert spec.apply(np.array([[1.0], [5.0], [-1.0]])).tolist() == [[0.0], [4.0], [-2.0]]


def test_standardisation_is_that_of_scikit_learn(features):
    scaler = StandardScaler().fit(features)
    spec = ArrayKind.fit(features)
    assert spec.mean == pytest.approx(tuple(scaler.mean_))
    assert spec.scale == pytest.approx(tuple(scaler.scale_))
    np.testing.assert_allclose(spec.apply(features), scaler.transform(features), rtol=1e-5)


def test_prepared_rows_have_mean_0_and_deviation_1(features):
    inputs = ArrayKind.fit(features).apply(features).astype(np.float64)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, atol=1e-6)


@given(tables)
def test_prepared_rows_are_finite_in_float32(table):
    inputs = ArrayKind.fit(table).apply(table)
    assert inputs.dtype == np.float32
    assert inputs.shape == table.shape
    assert np.isfinite(inputs).all()


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
def test_features_of_any_number_type_are_prepared(dtype):
    rows = np.array([[1, 5], [3, 9]], dtype=dtype)
    assert ArrayKind.fit(rows).apply(rows).tolist() == [[-1, -1], [1, 1]]


def test_the_rows_given_stay_as_they_were(features):
    before = features.copy()
    ArrayKind.fit(features).apply(features)
    np.testing.assert_array_equal(features, before)


# Some of these float32 can't hold, and the mean of many rows is off by rounding.
@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, -1e-30, 1e10, 123456789.123, 1.7e18])
@pytest.mark.parametrize("rows", [1, 3, 1000, 100_000])
def test_a_constant_column_becomes_zero(constant, rows):
    columns = np.full((rows, 2), constant)
    spec = ArrayKind.fit(columns)
    assert spec.scale == (1.0, 1.0)
    np.testing.assert_allclose(spec.apply(columns[:5]), 0, atol=1e-6)


def test_a_column_that_hardly_varies_is_no_constant():
    spec = ArrayKind.fit(np.array([[1.0], [1.0001]]))
    np.testing.assert_allclose(spec.apply(np.array([[1.0], [1.0001]])), [[-1], [1]], rtol=1e-2)


def test_a_row_has_the_shape_of_the_columns(features):
    assert ArrayKind.fit(features).input_shape == (4,)


def test_unscaled_features_reach_the_network_as_they_are():
    rows = np.random.default_rng(0).normal(size=(5, 3)) * 4000
    spec = ArrayKind.fit(rows, settings={"scaling": "none"})
    assert spec.is_unscaled
    assert not ArrayKind.fit(rows).is_unscaled
    np.testing.assert_array_equal(spec.apply(rows), rows.astype(np.float32))


def test_shaped_rows_have_a_mean_and_a_deviation_for_each_feature_of_the_last_axis():
    rows = np.random.default_rng(0).normal(size=(50, 6, 3, 2)) * [2, 3000] + [7, 9000]
    spec = ArrayKind.fit(rows)
    assert spec.input_shape == (6, 3, 2)
    np.testing.assert_allclose(spec.mean, rows.astype(np.float32).mean(axis=(0, 1, 2)), rtol=1e-5)
    inputs = spec.apply(rows)
    assert inputs.shape == rows.shape
    np.testing.assert_allclose(inputs.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(inputs.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_a_feature_of_shaped_rows_that_never_changes_becomes_zero():
    rows = np.random.default_rng(0).normal(size=(20, 4, 2))
    rows[..., 1] = 0.1
    np.testing.assert_allclose(ArrayKind.fit(rows).apply(rows)[..., 1], 0, atol=1e-6)


def test_a_gap_in_shaped_rows_is_told_with_its_feature_or_its_place():
    rows = np.zeros((5, 4, 3, 2))
    spec = ArrayKind.fit(rows, ("red", "green"))
    rows[2, 1, 0, 1] = np.nan
    with pytest.raises(DataError, match="numbers in green"):
        ArrayKind.check(rows, spec.names)
    with pytest.raises(DataError, match=r"it has no number in row 3, at index \[1, 0, 1\]"):
        spec.rows_of_arrays({"": rows}, "it")


def test_shaped_rows_can_not_come_in_columns():
    with pytest.raises(DataError, match=r"rows \[n, 4, 1\], which columns can't hold"):
        ArrayKind.fit(np.zeros((5, 4, 1))).columns_needed()
