import numpy as np
import pytest
from conftest import make_data

from hpopt.backend import load_keras
from hpopt.builders.dense_dropout import build
from hpopt.export.twin import raw_model
from hpopt.training.fit import predict

pytestmark = pytest.mark.keras


def twin_of(data, tmp_path):
    """The twin after it was saved and loaded, and what the network says without it."""
    keras = load_keras()
    network = build(data.features.input_shape, data.output, num_dense_nodes=8)
    path = tmp_path / "model.keras"
    raw_model(network, data.features, data.target).save(path)
    expected = data.target.restore(predict(network, data.inputs("test")))
    return keras.saving.load_model(path), expected


def test_the_saved_model_says_of_raw_rows_what_the_network_says_of_prepared_ones(data, tmp_path):
    model, expected = twin_of(data, tmp_path)
    spoken = model.predict(data.raw("test"), verbose=0)
    np.testing.assert_allclose(spoken, expected, rtol=1e-6, atol=1e-6)


def test_columns_with_large_means_keep_their_digits(tmp_path):
    keras = load_keras()
    data = make_data(tmp_path / "data")
    rows = data.raw("test") * [1, 1e-9, 1, 1, 1, 1] + [2000, 0, 1e6, 0, 0, 0]
    features = type(data.features).of(rows)
    inputs = keras.Input((6,))
    identity = keras.Model(inputs, keras.layers.Identity()(inputs))
    model = raw_model(identity, features, data.target)
    np.testing.assert_array_equal(model.predict(rows, verbose=0), features.apply(rows))


def test_unscaled_features_need_no_layer(tmp_path):
    data = make_data(tmp_path / "data", scaling="none")
    network = build(data.features.input_shape, data.output)
    model = raw_model(network, data.features, data.target)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Functional"]
    expected = predict(network, data.inputs("test"))
    said = model.predict(data.raw("test"), verbose=0)
    np.testing.assert_allclose(said, expected, rtol=1e-5, atol=1e-6)
