"""Fully connected layers with dropout between them: the network for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Lt

from hpopt.builders.base import Output

if TYPE_CHECKING:
    import keras

# Keras' activations that keep their input's shape.
Activation = Literal[
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "elu",
    "selu",
    "gelu",
    "silu",
    "swish",
    "mish",
    "celu",
    "leaky_relu",
    "relu6",
    "softplus",
    "softsign",
    "exponential",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "log_sigmoid",
    "log_softmax",
    "linear",
]


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    num_layers: Annotated[int, Ge(1)] = 1,
    num_dense_nodes: Annotated[int, Ge(1)] = 20,
    activation: Activation = "relu",
    dropout_prob: Annotated[float, Ge(0), Lt(1)] = 0.0,
    dropout_after: Literal["all", "all_but_first"] = "all_but_first",
) -> keras.Model:
    """Build `num_layers` hidden layers of `num_dense_nodes` units each, then the task's output.

    `dropout_prob` is the share of units that is dropped; `dropout_after` says behind which hidden
    layers: `all_but_first` is the shape of the reference program, where a single layer has none.
    An input of more than one axis is flattened.
    """
    import keras

    inputs = keras.Input(input_shape)
    hidden = inputs if len(input_shape) == 1 else keras.layers.Flatten()(inputs)
    for layer in range(num_layers):
        hidden = keras.layers.Dense(num_dense_nodes, activation=activation)(hidden)
        if dropout_after == "all" or layer > 0:
            hidden = keras.layers.Dropout(dropout_prob)(hidden)
    outputs = keras.layers.Dense(output.units, activation=output.activation)(hidden)
    return keras.Model(inputs, outputs)
