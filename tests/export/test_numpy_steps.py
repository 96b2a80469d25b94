"""What an export in NumPy alone computes is what Keras does."""

from typing import get_args

import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.builders import dense_dropout, tabular
from hpopt.builders.parts import Activation
from hpopt.data.target_spec import TargetSpec
from hpopt.export.numpy_model import Model
from hpopt.export.numpy_steps import write_numpy_model
from hpopt.export.twin import raw_model
from hpopt.inputs.array import ArrayKind
from hpopt.inputs.kind import Runtime
from hpopt.inputs.stored import Texts
from hpopt.inputs.table.kind import TableKind
from hpopt.task import Output
from hpopt.training.average import average
from hpopt.training.stem import shape_behind_stem, with_stem

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)
N = 300
COLUMNS = {
    "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(40, 12, N)),
    "income": RNG.lognormal(10, 1, N),
    "plan": Texts.of(np.array(["basic", "plus", "pro"])[RNG.integers(0, 3, N)]),
    "city": Texts.of(np.array([f"city {i}" for i in range(60)])[RNG.integers(0, 60, N)]),
}
KIND = TableKind.fit(COLUMNS, tuple(COLUMNS), {"pieces": 4})


def said(model, rows, folder):
    """What the model says, and what the file in NumPy says."""
    model.save(folder / "model.keras")
    loaded = load_keras().saving.load_model(folder / "model.keras")
    write_numpy_model(loaded, folder / "model.npz")
    return model.predict(rows, verbose=0), Model(folder / "model.npz")(rows)


def shaken(network):
    """The network with weights that no initialiser gives, as after a fit."""
    rng = np.random.default_rng(1)
    network.set_weights(
        [w + 0.2 * np.abs(rng.normal(size=w.shape)).astype(w.dtype) for w in network.get_weights()]
    )
    return network


def table_rows():
    """Raw rows as a matrix: numbers, codes of texts, gaps, and what is no number."""
    matrix = [
        c.ids(COLUMNS[c.name]) if c.name in ("plan", "city") else COLUMNS[c.name]
        for c in KIND.columns
    ]
    rows = np.column_stack(matrix).astype(np.float32)
    rows[0, :2] = np.nan, np.inf
    rows[1, 2:] = 0
    return rows


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation(activation, tmp_path):
    keras = load_keras()
    inputs = keras.Input((7,))
    model = keras.Model(inputs, keras.layers.Activation(activation)(inputs))
    if activation == "sparsemax":  # that of Keras 3.15 gives something else than its paper
        with pytest.raises(TypeError, match="the activation `sparsemax`"):
            write_numpy_model(model, tmp_path / "model.npz")
        return
    rows = np.concatenate([RNG.normal(size=(50, 7)), [[0, 1, -1, 3, -3, 90, -90]]])
    theirs, ours = said(model, rows.astype(np.float32), tmp_path)
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


NETWORKS = {
    "plain": (dense_dropout, {"num_layers": 2, "dropout_prob": 0.2, "l2": 0.01}),
    "normalised": (dense_dropout, {"num_layers": 3, "batch_normalization": True}),
    "members": (tabular, {"members": 4, "num_dense_nodes": 16, "residual": True}),
    "waves": (tabular, {"members": 2, "num_dense_nodes": 16, "embedding": "periodic"}),
    "alone": (tabular, {"members": 1, "num_dense_nodes": 16}),
}
OUTPUTS = [Output.of("binary"), Output.of("multiclass", 3), Output.of("regression")]


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_for_tables(name, output, tmp_path):
    builder, arguments = NETWORKS[name]
    if builder is tabular:
        arguments = {**arguments, "places_of_numbers": KIND.places_of_numbers}
    target = TargetSpec()
    if output.task == "regression":
        target = TargetSpec.of(RNG.lognormal(8, 1, 100), "log")
    network = shaken(with_stem(builder.build(shape_behind_stem(KIND), output, **arguments), KIND))
    model = raw_model(network, KIND, target, Runtime(takes_texts=False))
    theirs, ours = said(model, table_rows(), tmp_path)
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_an_ensemble_of_logs_over_flat_rows_in_more_than_a_batch(tmp_path):
    raw = RNG.normal(50, 9, (5000, 4))
    kind = ArrayKind.fit(raw, tuple("abcd"))
    target = TargetSpec.of(RNG.lognormal(8, 1, 100), "log")
    networks = [shaken(dense_dropout.build((4,), Output.of("regression"))) for _ in range(3)]
    model = raw_model(average(networks, kind, target), kind, target)
    theirs, ours = said(model, raw.astype(np.float32), tmp_path)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_it_computes_in_the_dtypes_that_keras_has(tmp_path):
    keras = load_keras()
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "relu", dtype="mixed_float16")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(hidden))
    theirs, ours = said(model, RNG.normal(size=(9, 3)).astype(np.float32), tmp_path)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


def test_a_layer_without_steps_is_named(tmp_path):
    keras = load_keras()

    class Mine(keras.layers.Dense):
        pass

    for layer in (keras.layers.Conv1D(2, 2, name="look"), Mine(2)):
        inputs = keras.Input((5, 3))
        model = keras.Model(inputs, layer(inputs))
        with pytest.raises(
            TypeError, match=r"`look` \(`Conv1D`\)|`Mine`, which is no layer of Keras"
        ):
            write_numpy_model(model, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())
