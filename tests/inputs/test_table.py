import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpopt.inputs.stored import Texts
from hpopt.inputs.table.columns import (
    CategoricalColumn,
    NumericColumn,
    categorical_column,
    numeric_column,
)
from hpopt.inputs.table.kind import TableKind

numbers = st.lists(
    st.one_of(st.floats(width=32), st.integers(-(10**6), 10**6).map(float)), min_size=1, max_size=40
).map(np.array)


def texts(**counts):
    return np.repeat([name.replace("gap", "") for name in counts], list(counts.values()))


def test_a_number_is_centered_scaled_and_softly_clipped():
    column = NumericColumn("x", fill=2.0, center=2.0, scale=0.5, has_indicator=True)
    z = np.array([0.0, 2.0, -6.0])
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    found = column.dense(np.array([2.0, 3.0, -1.0]))
    np.testing.assert_allclose(found, np.column_stack([expected, np.zeros(3)]))
    gaps = column.dense(np.array([np.nan, np.inf, 1e300]))
    np.testing.assert_array_equal(gaps, [[0, 1]] * 3)


def test_the_statistics_do_not_heed_the_tail():
    plain = np.arange(101.0)
    tailed = np.append(plain[:-1], 1e30)
    assert numeric_column("x", plain).scale == numeric_column("x", tailed).scale == 50
    assert numeric_column("x", tailed).center == 50
    assert np.abs(numeric_column("x", plain).dense(tailed)).max() <= 3


@pytest.mark.parametrize("share", [0.3, 0.05, 0.001, 0])
def test_a_column_that_is_mostly_one_value_keeps_a_finite_scale(share):
    values = np.zeros(2000)
    values[: int(2000 * share)] = np.arange(1, int(2000 * share) + 1)
    column = numeric_column("x", values)
    assert 0 < column.scale < np.inf
    assert np.isfinite(column.dense(values)).all()


@given(numbers, numbers)
@settings(max_examples=30, deadline=None)
def test_inputs_are_finite_and_bounded_whatever_the_numbers(train, other):
    spec = TableKind.fit({"x": train})
    inputs = spec.apply({"x": other})
    assert inputs.dtype == np.float32
    assert inputs.shape == (len(other), *spec.input_shape)
    assert (np.abs(inputs) <= 3).all()


def test_an_indicator_stands_only_where_the_training_part_has_gaps():
    assert numeric_column("x", np.array([1.0, np.nan])).has_indicator
    assert not numeric_column("x", np.array([1.0, 2.0])).has_indicator
    assert not numeric_column("x", np.array([np.nan, np.nan])).has_indicator


def test_a_number_falls_into_pieces_of_the_same_number_of_rows():
    raw = {
        "kind": np.array(["u", "v"] * 500),
        "x": np.random.default_rng(0).lognormal(size=1000),
        "flag": np.array([0.0, 1.0] * 500),
        "constant": np.ones(1000),
    }
    spec = TableKind.fit(raw, settings={"pieces": 4})
    (places, lower, upper), x = zip(*spec.pieces, strict=True), spec.apply(raw)[:, 2]
    assert places == (2, 2, 2, 2)
    assert lower[1:] == upper[:-1]
    counts = [np.sum((low <= x) & (x < high)) for low, high in zip(lower, upper, strict=True)]
    assert max(np.abs(np.array(counts) - 250)) <= 2
    assert TableKind.fit(raw).pieces == ()
    many = np.diff(TableKind.fit(raw, settings={"pieces": 256}).columns[1].edges)
    assert many.min() >= 0.005


def test_the_vocabulary_goes_by_frequency_and_rare_texts_are_other():
    column = categorical_column("c", texts(b=50, a=50, gap=30, rare=2))
    assert column.vocabulary == ("a", "b", "")
    assert column.has_other
    assert column.embedding is None
    assert column.ids(np.array(["a", "", "rare", "new", "b"])).tolist() == [1, 3, 0, 0, 2]
    assert column.dense(np.array(["b", "new"])).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_an_unseen_text_is_all_zeros_where_nothing_was_rare():
    column = categorical_column("c", texts(a=5, b=5))
    assert not column.has_other
    assert column.dense(np.array(["new", "", "a"])).tolist() == [[0, 0], [0, 0], [1, 0]]


def test_many_texts_are_embedded_and_their_ids_come_last():
    rng = np.random.default_rng(0)
    raw = {
        "city": rng.choice([f"city{i}" for i in range(40)], 1000),
        "size": rng.normal(size=1000),
        "kind": rng.choice(["u", "v"], 1000),
    }
    spec = TableKind.fit(raw)
    inputs = spec.apply(raw)
    assert spec.embeddings == ((41, 13),)
    assert inputs.shape == (1000, 4)
    np.testing.assert_array_equal(inputs[:, -1], spec.columns[0].ids(raw["city"]))
    np.testing.assert_array_equal(inputs[:, 1:3], spec.columns[2].dense(raw["kind"]))


def test_codes_and_arrays_of_texts_give_the_same_inputs():
    array = np.array(["b", "", "a", "b", "new"])
    column = CategoricalColumn("c", ("b", ""), has_other=True)
    assert Texts.of(array).to_array().tolist() == array.tolist()
    assert column.ids(Texts.of(array)).tolist() == column.ids(array).tolist() == [1, 2, 0, 1, 0]
    assert Texts.of(array)[1:3].to_array().tolist() == ["", "a"]


def test_a_spec_comes_back_from_json():
    raw = {"x": np.array([1.0, 2.0, 4.0, np.nan]), "c": np.array(["a", "", "a", "b"])}
    spec = TableKind.fit(
        raw, settings={"readers": [{"column": "x", "kind": "numeric", "decimal": "."}], "pieces": 2}
    )
    again = TableKind.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert len(again.pieces) == 2
    np.testing.assert_array_equal(again.apply(raw), spec.apply(raw))
