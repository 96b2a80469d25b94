"""Bodies from files: what is frozen, what of a file is taken, and what is refused."""

import numpy as np
import pytest

from hpopt.builders.pretrained import build
from hpopt.errors import SetupError
from hpopt.task import Output

pytestmark = pytest.mark.keras
BINARY = Output(1, "sigmoid", "binary")


def saved(path, shape=(8, 8, 1)):
    """A small network of a convolution, a normalisation and an output of 10 classes."""
    import keras

    layers = [
        keras.Input(shape),
        keras.layers.Conv2D(4, 3, name="conv"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Conv2D(6, 3, name="conv_2"),
        keras.layers.GlobalAveragePooling2D(name="pool"),
        keras.layers.Dense(10, "softmax", name="classes"),
    ]
    model = keras.Sequential(layers)
    model.save(path)
    return model


def test_the_body_is_frozen_and_its_output_layer_is_left_out(tmp_path):
    model = saved(tmp_path / "body.keras")
    network = build((8, 8, 1), BINARY, file=str(tmp_path / "body.keras"))
    assert len(network.trainable_weights) == 2  # of the output
    body = network.get_layer("body")
    assert body.output_shape == (None, 6)
    np.testing.assert_array_equal(body.get_weights()[0], model.get_weights()[0])


def test_it_is_fitted_on_from_a_layer(tmp_path):
    saved(tmp_path / "body.keras")
    network = build(
        (8, 8, 1), BINARY, file=str(tmp_path / "body.keras"), trainable_from="conv_2", head_layers=1
    )
    body = network.get_layer("body")
    assert [layer.name for layer in body.layers if layer.trainable_weights] == ["conv_2"]
    whole = build((8, 8, 1), BINARY, file=str(tmp_path / "body.keras"), trainable_from="conv")
    assert len(whole.get_layer("body").trainable_weights) == 6


@pytest.mark.parametrize(("pooling", "width"), [("average", 4), ("max", 4), ("flatten", 144)])
def test_a_body_that_ends_earlier_is_pooled(pooling, width, tmp_path):
    saved(tmp_path / "body.keras")
    file = str(tmp_path / "body.keras")
    network = build((8, 8, 1), BINARY, file=file, body_ends="norm", pooling=pooling)
    assert network.layers[-1].input.shape == (None, width)


def test_what_does_not_fit_is_said(tmp_path):
    import keras

    saved(tmp_path / "body.keras")
    file = str(tmp_path / "body.keras")
    with pytest.raises(SetupError, match=r"takes rows \[8, 8, 1\], and a row here is \[30\]"):
        build((30,), BINARY, file=file)
    with pytest.raises(SetupError, match="has no layer `conv_3`") as refused:
        build((8, 8, 1), BINARY, file=file, trainable_from="conv_3")
    assert "did you mean `conv_2`" in refused.value.problems[0].help
    with pytest.raises(SetupError, match="there is no file"):
        build((8, 8, 1), BINARY, file=str(tmp_path / "other.keras"))
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(SetupError, match="can't be read as a model"):
        build((8, 8, 1), BINARY, file=str(tmp_path / "text.keras"))
    with pytest.raises(SetupError, match=r"is no \.keras file"):
        build((8, 8, 1), BINARY, file=str(tmp_path / "body.weights.h5"))

    class Mine(keras.layers.Layer):
        def call(self, rows):
            return rows

    for number, layer in enumerate((Mine(), keras.layers.Lambda(lambda rows: 2 * rows))):
        path = tmp_path / f"own{number}.keras"
        keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)]).save(path)
        with pytest.raises(SetupError, match="needs code of its own"):
            build((3,), BINARY, file=str(path))
