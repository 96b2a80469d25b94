import typing

import numpy as np
import pytest
from conftest import make_data

from hpopt.backend import load_keras
from hpopt.builders.dense_dropout import build
from hpopt.builders.parts import Activation
from hpopt.errors import SetupError
from hpopt.task import Output

pytestmark = pytest.mark.keras
BINARY = Output.of("binary")
BATCH = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def keras():
    return load_keras()


def kinds(**arguments) -> str:
    model = build((4,), BINARY, **arguments)
    return " ".join(type(layer).__name__ for layer in model.layers[1:])


def widths(**arguments) -> list[int]:
    model = build((4,), BINARY, **arguments)
    return [layer.units for layer in model.layers[1:-1] if hasattr(layer, "units")]


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


def test_the_normalisation_stands_before_the_activation_and_brings_the_offset():
    options = {"batch_normalization": True, "dropout_after": "all", "activation": "tanh"}
    assert kinds(**options) == "Dense BatchNormalization Activation Dropout Dense"
    model = build((4,), BINARY, **options)
    assert [model.layers[1].use_bias, model.layers[-1].use_bias] == [False, True]
    assert model.layers[1].activation.__name__ == "linear"
    assert model.layers[3].activation.__name__ == "tanh"


def test_a_layer_has_its_own_units_or_the_shared_ones():
    assert widths(num_layers=3, num_dense_nodes=7) == [7, 7, 7]
    assert widths(num_layers=3, num_dense_nodes=7, units_2=5) == [7, 5, 7]
    assert widths(num_layers=9, num_dense_nodes=7, units_8=5) == [7] * 7 + [5, 7]


def test_units_of_a_layer_that_is_not_there_are_refused_with_the_condition_they_want():
    with pytest.raises(SetupError) as caught:
        build((4,), BINARY, num_layers=2, units_3=5)
    assert 'when: {num_layers: ">= 3"}' in caught.value.render()


def test_the_l2_penalty_is_that_of_keras_on_the_hidden_kernels():
    model = build((4,), BINARY, num_layers=2, l2=0.5)
    hidden = [layer.kernel.numpy() for layer in model.layers[1:3]]
    assert float(sum(model.losses)) == pytest.approx(0.5 * sum((k**2).sum() for k in hidden), 1e-5)
    assert build((4,), BINARY).losses == []


def test_images_are_flattened():
    assert build((8, 8), Output.of("multiclass", 10)).output_shape == (None, 10)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "softmax"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_hidden_activation_reaches_the_output_only_when_that_is_asked_for(activation, task):
    output = Output.of(task, 3)
    model = build((4,), output, num_layers=2, activation=activation)
    assert model.layers[-1].activation.__name__ == output.activation
    assert model.layers[-1].units == output.units
    as_published = build((4,), output, activation=activation, output_activation="hidden")
    assert as_published.layers[-1].activation.__name__ == activation


def test_all_of_keras_activations_are_there_under_keras_names(keras):
    names = typing.get_args(Activation)
    known = {name for name in dir(keras.activations) if name.islower() and name[0] != "_"}
    aliases = {"swish", "hard_swish"}
    others = {"get", "serialize", "deserialize", "glu", "threshold"}
    assert set(names) | others == known | aliases
    for name in names:
        outputs = keras.layers.Dense(5, name)(BATCH)
        assert outputs.shape == (3, 5)


def test_metrics_cope_with_outputs_that_are_no_probabilities(tmp_path):
    from hpopt.errors import TrialError
    from hpopt.metrics.metrics import metrics_for

    y = make_data(tmp_path / "data").y("validation")
    outputs = np.linspace(-3, 5, len(y))[:, None]
    scores = {}
    for metric in metrics_for("binary"):
        try:
            scores[metric.name] = metric.score(y, outputs)
        except TrialError as error:
            scores[metric.name] = str(error)
    assert 0 <= scores["accuracy"] <= 1
    assert "log_loss has no value here" in scores["log_loss"]
