import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.builders.recurrent import build
from hpopt.errors import SetupError
from hpopt.task import Output

pytestmark = pytest.mark.keras
BINARY = Output.of("binary")


@pytest.fixture(autouse=True)
def keras():
    return load_keras()


def kinds(**arguments) -> str:
    model = build((5, 2), BINARY, **arguments)
    return " ".join(type(layer).__name__ for layer in model.layers[1:])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "GRU Dropout Dense"),
        ({"cell": "lstm", "num_layers": 2}, "LSTM Dropout LSTM Dropout Dense"),
        ({"cell": "simple", "head_layers": 1}, "SimpleRNN Dropout Dense Dropout Dense"),
        ({"bidirectional": True}, "Bidirectional Dropout Dense"),
        ({"head": "attention"}, "GRU Dropout Dense Dense Softmax Dot Flatten Dense"),
    ],
)
def test_a_network_is_what_was_asked_for(arguments, expected):
    assert kinds(**arguments) == expected


def test_a_layer_has_its_own_units_or_the_shared_ones():
    model = build((5, 2), BINARY, num_layers=3, units=7, units_2=4)
    assert [layer.units for layer in model.layers if hasattr(layer, "return_state")] == [7, 4, 7]
    with pytest.raises(SetupError, match="`units_3` is given, but `num_layers` is 2"):
        build((5, 2), BINARY, num_layers=2, units_3=4)


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple"])
@pytest.mark.parametrize("head", ["last", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padded_steps_change_nothing(cell, head, bidirectional, keras, tmp_path):
    keras.utils.set_random_seed(0)
    options = {"cell": cell, "head": head, "bidirectional": bidirectional, "num_layers": 2}
    rows = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    padded = np.concatenate([rows, np.zeros((3, 4, 2), np.float32)], axis=1)
    short = build((5, 2), BINARY, mask_zeros=True, **options)
    long = build((9, 2), BINARY, mask_zeros=True, **options)
    long.set_weights(short.get_weights())
    expected = np.asarray(short(rows))
    np.testing.assert_allclose(np.asarray(long(padded)), expected, atol=1e-6)
    assert np.isfinite(np.asarray(long(0 * padded))).all()
    long.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(np.asarray(loaded(padded)), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(30,), (8, 8, 1)])
def test_rows_that_are_no_series_are_refused(shape):
    with pytest.raises(SetupError, match="takes series") as caught:
        build(shape, BINARY)
    assert "help:" in caught.value.render()
