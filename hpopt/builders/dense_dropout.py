"""Fully connected layers with dropout between them: the network for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Lt, doc

from hpopt.builders.parts import Activation, Count, own_numbers
from hpopt.task import Output

if TYPE_CHECKING:
    import keras

Units = Annotated[Count | None, doc("The units of this hidden layer, if not the shared number.")]


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    num_layers: Annotated[Count, doc("The number of hidden layers.")] = 1,
    num_dense_nodes: Annotated[Count, doc("The number of units of each hidden layer.")] = 20,
    units_1: Units = None,
    units_2: Units = None,
    units_3: Units = None,
    units_4: Units = None,
    units_5: Units = None,
    units_6: Units = None,
    units_7: Units = None,
    units_8: Units = None,
    activation: Annotated[Activation, doc("The activation of the hidden layers.")] = "relu",
    batch_normalization: Annotated[
        bool, doc("Whether each hidden layer's sum is normalised before its activation.")
    ] = False,
    dropout_prob: Annotated[
        float, Ge(0), Lt(1), doc("The share of the units that is dropped while fitting.")
    ] = 0.0,
    dropout_after: Annotated[
        Literal["all", "all_but_first"], doc("Behind which hidden layers units are dropped.")
    ] = "all_but_first",
    l2: Annotated[
        float, Ge(0), doc("The factor of the L2 penalty on the hidden layers' kernels.")
    ] = 0.0,
    output_activation: Annotated[
        Literal["task", "hidden"],
        doc("The output layer's activation: the task's, or that of the hidden layers."),
    ] = "task",
) -> keras.Model:
    """Build `num_layers` hidden layers of `num_dense_nodes` units each, then the task's output.

    `units_1` to `units_8` give a single layer another number of units than the shared one; in a
    space they want a condition, such as `units_3: {..., when: {num_layers: ">= 3"}}`.
    `batch_normalization` stands between a hidden layer's sum and its activation. `dropout_prob` is
    the share of units that is dropped; `dropout_after` says behind which hidden layers:
    `all_but_first` is the shape of the reference program, where a single layer has none. `l2` is
    the factor of keras.regularizers.L2 on the hidden layers' kernels. `output_activation: hidden`
    gives the output layer the hidden layers' activation, as the reference program does; its outputs
    are no probabilities then. An input of more than one axis is flattened.

    Raises SetupError where a layer that is not there is given units.
    """
    import keras

    own_units = (units_1, units_2, units_3, units_4, units_5, units_6, units_7, units_8)
    widths = own_numbers("units", own_units, [num_dense_nodes] * num_layers, "num_layers")

    def hidden_layer(inputs: keras.KerasTensor, units: int) -> keras.KerasTensor:
        regulariser = keras.regularizers.L2(l2) if l2 else None
        if not batch_normalization:
            dense = keras.layers.Dense(units, activation, kernel_regularizer=regulariser)
            return dense(inputs)
        # The normalisation has an offset of its own.
        dense = keras.layers.Dense(units, use_bias=False, kernel_regularizer=regulariser)
        return keras.layers.Activation(activation)(keras.layers.BatchNormalization()(dense(inputs)))

    inputs = keras.Input(input_shape)
    hidden = inputs if len(input_shape) == 1 else keras.layers.Flatten()(inputs)
    for layer, units in enumerate(widths):
        hidden = hidden_layer(hidden, units)
        if dropout_after == "all" or layer > 0:
            hidden = keras.layers.Dropout(dropout_prob)(hidden)
    last = activation if output_activation == "hidden" else output.activation
    return keras.Model(inputs, keras.layers.Dense(output.units, last)(hidden))
