import pytest

from hpopt.backend import load_keras
from hpopt.builders.base import Output
from hpopt.builders.dense_dropout import build

BINARY = Output.of("binary")


def kinds(*, num_layers, dropout_after="all_but_first") -> str:
    load_keras()
    model = build((4,), BINARY, num_layers=num_layers, dropout_after=dropout_after)
    return " ".join(type(layer).__name__ for layer in model.layers[1:])


@pytest.mark.keras
@pytest.mark.parametrize(
    ("num_layers", "dropout_after", "expected"),
    [
        (1, "all_but_first", "Dense Dense"),
        (3, "all_but_first", "Dense Dense Dropout Dense Dropout Dense"),
        (1, "all", "Dense Dropout Dense"),
        (2, "all", "Dense Dropout Dense Dropout Dense"),
    ],
)
def test_dropout_stands_where_it_was_asked_for(num_layers, dropout_after, expected):
    assert kinds(num_layers=num_layers, dropout_after=dropout_after) == expected


@pytest.mark.keras
def test_images_are_flattened():
    load_keras()
    assert build((8, 8), Output.of("multiclass", 10)).output_shape == (None, 10)


@pytest.mark.keras
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "softmax"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_hidden_activation_never_reaches_the_output(activation, task):
    load_keras()
    output = Output.of(task, 3)
    model = build((4,), output, num_layers=2, activation=activation)
    assert model.layers[-1].activation.__name__ == output.activation
    assert model.layers[-1].units == output.units
