"""The Keras twin of a table's spec says what NumPy says, of whatever rows."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hpopt.backend import begin_names_anew, load_keras
from hpopt.data.target_spec import TargetSpec
from hpopt.export.formats import FORMATS
from hpopt.export.raw_rows import predict_raw
from hpopt.export.twin import raw_model
from hpopt.inputs.kind import Runtime
from hpopt.inputs.naming import keras_names, tensorflow_names
from hpopt.inputs.table.kind import TableKind
from hpopt.training.average import average


def training_columns(rows=400):
    rng = np.random.default_rng(0)
    gappy = rng.lognormal(size=rows) * 1e-3
    gappy[::7] = np.nan
    texts = np.array(["a", "ä b", "", "zzz", "[UNK]"])
    return {
        "a/b": rng.normal(size=rows) * 1e6 + 1.7e9,
        "x y": gappy,
        "a_b": texts[rng.integers(5, size=rows)],
        "constant": np.zeros(rows),
        "city": np.array([f"c{n}" for n in range(40)])[rng.integers(40, size=rows)],
        "rare": np.array([f"r{n}" for n in range(rows)]),
        "nothing": np.full(rows, np.nan),
    }


NUMBERS = [0.0, -0.0, 1.7e9, 1e-45, 3.4e38, -3.4e38, 1e39, np.inf, -np.inf, np.nan, 123456789.0]
TEXTS = ["", "a", "ä b", "new", "[UNK]", "[UNK]]", "c7", "r3", " a", "A", "0"]


def nasty_columns(spec: TableKind):
    """Every column with every nasty value of its kind, each beside others."""
    n = len(NUMBERS) * 7
    return {
        column.name: np.resize(
            NUMBERS if hasattr(column, "center") else TEXTS, n + shift
        )[shift:]
        for shift, column in enumerate(spec.columns)
    }  # fmt: skip


@pytest.mark.keras
@pytest.mark.parametrize(
    ("transform", "is_packed"), [("none", False), ("log1p", False), ("none", True)]
)
def test_the_twin_says_what_numpy_says_after_it_was_saved_and_loaded(
    transform, is_packed, tmp_path
):
    keras = load_keras()
    raw = training_columns()
    spec = replace(TableKind.fit(raw), packed=is_packed)
    assert len(spec.embeddings) == 1
    target = TargetSpec(11.25, 1.5, transform)
    inputs = keras.Input(spec.input_shape)
    identity = keras.Model(inputs, keras.layers.Identity()(inputs))
    model = raw_model(identity, spec, target)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for rows in (raw, nasty_columns(spec)):
        expected = target.restore(spec.apply(rows))
        said = predict_raw(loaded, spec, rows)
        assert said.dtype == np.float64
        np.testing.assert_allclose(said, expected, rtol=1e-6, atol=1e-6)

    if is_packed:
        assert [tuple(i.shape) for i in model.inputs] == [(None, len(spec.columns))]
        return
    # The graph that TensorFlow makes of it is rewritten; what is no number must survive that.
    names = keras_names(spec.names)
    assert set(model.input) == set(names.values()) >= {"a_b", "a_b_", "x y", "city"}
    with np.errstate(over="ignore"):
        fed = {
            names[name]: values.astype(object if values.dtype.kind == "U" else np.float32)
            for name, values in nasty_columns(spec).items()
        }
    expected = target.restore(spec.apply(nasty_columns(spec)))
    np.testing.assert_allclose(loaded.predict(fed, verbose=0), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.keras
def test_a_matrix_of_numbers_and_codes_does_too_also_in_single_precision():
    keras = load_keras()
    spec = TableKind.fit(training_columns())
    inputs = keras.Input(spec.input_shape)
    identity = keras.Model(inputs, keras.layers.Identity()(inputs))
    raw = nasty_columns(spec)
    matrix = np.column_stack(
        [
            raw[column.name] if hasattr(column, "center") else column.ids(raw[column.name])
            for column in spec.columns
        ]
    )
    with np.errstate(over="ignore"):
        matrix = matrix.astype(np.float32)
        expected = spec.apply(raw)
    for dtype, tolerance in (("float64", 1e-6), ("float32", 1e-5)):
        model = raw_model(identity, spec, TargetSpec(), Runtime(takes_texts=False, dtype=dtype))
        said = model.predict(matrix, verbose=0)
        np.testing.assert_allclose(said, expected, rtol=tolerance, atol=tolerance)
        assert [tuple(i.shape) for i in model.inputs] == [(None, len(spec.columns))]


def test_a_very_wide_table_is_packed_and_remembers_it():
    columns = {f"x{n}": np.arange(3.0) for n in range(1001)}
    wide = TableKind.fit(columns)
    assert wide.packed
    assert TableKind.from_json(wide.to_json()) == wide
    del columns["x0"]
    narrow = TableKind.fit(columns)
    assert not narrow.packed
    assert "packed" not in narrow.to_json()  # as those that 0.1 has written


def test_every_column_has_an_input_of_its_own_name():
    columns = ["a/b", "a_b", "a.b", "a-b", "a_b_", "", "ü", "_x", "-"]
    names = keras_names(columns)
    assert names["ü"] == "ü"
    assert "/" not in "".join(names.values())
    assert len({*names.values()}) == len(columns)
    safe = tensorflow_names([*columns, "A.b", "class", "self"])
    assert len({name.casefold() for name in safe.values()}) == len(columns) + 3
    assert not {"class", "self"} & {*safe.values()}
    assert all(re.fullmatch(r"[A-Za-z0-9]\w*", name, re.ASCII) for name in safe.values())


# Names of Keras' own, of ours, of Python's, and what differs in its case alone.
UNLUCKY = (
    *("rows", "inputs", "hpopt.rows", "hpopt.ids_4", "hpopt.inputs", "model", "network", "target"),
    *("concatenate", "cast", "functional", "input_layer", "string_lookup", "rescaling", "identity"),
    *("self", "class", "None", "args", "kwargs", "training", "mask", "Age", "age", "serve", "x"),
)


@pytest.mark.keras
@pytest.mark.parametrize("network", ["hpopt.inputs", "functional", "rows", "cast", "input_layer"])
def test_columns_and_networks_may_be_called_anything(network, tmp_path):
    keras = load_keras()
    begin_names_anew()
    rng = np.random.default_rng(0)
    texts = np.array(["a", "b", "c"])
    raw = {
        name: texts[rng.integers(3, size=50)] if index % 2 else rng.normal(size=50)
        for index, name in enumerate(UNLUCKY)
    }
    spec = TableKind.fit(raw)
    target = TargetSpec(11.25, 1.5, "log1p")
    inputs = keras.Input(spec.input_shape)
    named = keras.Model(inputs, keras.layers.Identity()(inputs), name=network)
    model = raw_model(average([named, named], spec, target), spec, target)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = target.restore(spec.apply(raw))
    np.testing.assert_allclose(predict_raw(loaded, spec, raw), expected, rtol=1e-6)
    if network != "rows":
        return
    data = SimpleNamespace(features=spec, target=target)
    FORMATS["saved_model"].write(loaded, data, tmp_path / "saved_model")
    served = tf_model(tmp_path / "saved_model")
    form = spec.columns_form(FORMATS["saved_model"].runtime, {})["inputs"]
    rows = {
        column["input"]: raw[column["name"]][:, None].astype(
            object if "vocabulary" in column else np.float32
        )
        for column in form
    }
    np.testing.assert_allclose(served.serve(rows), expected, rtol=1e-6)


def tf_model(path):
    import tensorflow as tf

    return tf.saved_model.load(str(path))
