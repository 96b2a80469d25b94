import numpy as np
import pytest
from conftest import make_data

from hpopt.backend import load_keras
from hpopt.builders.dense_dropout import build
from hpopt.data.prepared import prepare
from hpopt.data.sources import load_sklearn
from hpopt.data.splits import split_rows
from hpopt.export.formats import FORMATS
from hpopt.export.twin import compile_raw_model, raw_model
from hpopt.inputs.kind import Runtime
from hpopt.task import TASKS
from hpopt.training.fit import network_outputs
from hpopt.training.objective import compile_model
from hpopt.training.settings import Training

pytestmark = pytest.mark.keras


def twin_of(data, tmp_path):
    """The twin after it was saved and loaded, and what the network says without it."""
    keras = load_keras()
    network = build(data.features.input_shape, data.output, num_dense_nodes=8)
    path = tmp_path / "model.keras"
    raw_model(network, data.features, data.target).save(path)
    expected = data.target.restore(network_outputs(network, data.inputs("test")))
    return keras.saving.load_model(path), expected


def test_the_saved_model_says_of_raw_rows_what_the_network_says_of_prepared_ones(data, tmp_path):
    model, expected = twin_of(data, tmp_path)
    spoken = model.predict(data.raw("test"), verbose=0)
    np.testing.assert_allclose(spoken, expected, rtol=1e-6, atol=1e-6)


def test_columns_with_large_means_keep_their_digits(tmp_path):
    keras = load_keras()
    data = make_data(tmp_path / "data")
    rows = data.raw("test") * [1, 1e-9, 1, 1, 1, 1] + [2000, 0, 1e6, 0, 0, 0]
    features = type(data.features).fit(rows)
    inputs = keras.Input((6,))
    identity = keras.Model(inputs, keras.layers.Identity()(inputs))
    model = raw_model(identity, features, data.target)
    np.testing.assert_array_equal(model.predict(rows, verbose=0), features.apply(rows))


def test_unscaled_features_need_no_layer(tmp_path):
    data = make_data(tmp_path / "data", scaling="none")
    network = build(data.features.input_shape, data.output)
    model = raw_model(network, data.features, data.target)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Functional"]
    expected = network_outputs(network, data.inputs("test"))
    said = model.predict(data.raw("test"), verbose=0)
    np.testing.assert_allclose(said, expected, rtol=1e-5, atol=1e-6)


def test_single_precision_keeps_the_digits_of_large_means(tmp_path):
    data = make_data(tmp_path / "data", "regression")
    rows = data.raw("test") + np.array([0, 0, 0, 1e9, 0, 0])
    rows = rows.astype(np.float32).astype(np.float64)
    features = type(data.features).fit(rows)
    network = build(features.input_shape, data.output, num_dense_nodes=8)
    model = raw_model(network, features, data.target)
    single = raw_model(network, features, data.target, Runtime(dtype="float32"))
    assert {layer.dtype for layer in single.layers} == {"float32"}
    expected = model.predict(rows, verbose=0)
    np.testing.assert_allclose(single.predict(rows, verbose=0), expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error"])
def test_the_raw_model_has_the_loss_that_its_network_was_fitted_with(loss, tmp_path):
    data = make_data(tmp_path / "data", "regression")
    network = build(data.features.input_shape, data.output, l2=0.01)
    settings = Training(loss=loss)
    model = raw_model(network, data.features, data.target)
    compile_raw_model(model, settings, data)
    model.save(tmp_path / "model.keras")
    loaded = load_keras().saving.load_model(tmp_path / "model.keras")
    raw = loaded.evaluate(data.raw("train"), data.y("train"), verbose=0)
    compile_model(network, settings, data)
    target = data.target.apply(data.y("train"))
    fitted = network.evaluate(data.inputs("train"), target, verbose=0)
    assert raw == pytest.approx(fitted, rel=1e-4)


@pytest.mark.parametrize("loss", TASKS["regression"].losses)
def test_the_raw_model_of_a_regression_can_be_trained_further(loss, tmp_path):
    table = load_sklearn("diabetes")
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    data = prepare(table, parts, tmp_path)
    network = build(data.features.input_shape, data.output)
    model = raw_model(network, data.features, data.target)
    settings = Training(optimizer="sgd", learning_rate=0.01, momentum=0.9, loss=loss)
    compile_raw_model(model, settings, data)
    rows, y = data.raw("train"), data.y("train")
    load_keras().utils.set_random_seed(0)  # determinism asks for it
    before = np.sqrt(np.mean((model.predict(rows, verbose=0)[:, 0] - y) ** 2))
    model.fit(rows, y, epochs=10, verbose=0)
    after = np.sqrt(np.mean((model.predict(rows, verbose=0)[:, 0] - y) ** 2))
    assert after < min(before, 65)  # the target's deviation is 77


@pytest.mark.parametrize("activation", ["gelu", "celu"])
def test_onnx_has_what_tf2onnx_leaves_out(activation, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    data = make_data(tmp_path / "data")
    network = build(data.features.input_shape, data.output, num_layers=2, activation=activation)
    model = raw_model(network, data.features, data.target)
    FORMATS["onnx"].write(model, data, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    [said] = session.run(None, {"rows": data.raw("test").astype(np.float32)})
    expected = model.predict(data.raw("test"), verbose=0)
    np.testing.assert_allclose(said, expected, atol=1e-6)
