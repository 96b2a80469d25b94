"""Fully connected layers for tables as they are best known: members, and embeddings of numbers.

Every part is one of Keras' own layers and operations, so that graphs serve many params, and a saved
model needs nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt, doc

from hpopt.builders.parts import Activation, Count
from hpopt.task import Output

if TYPE_CHECKING:
    import keras


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    members: Annotated[Count, doc("How many networks share the hidden layers.")] = 8,
    num_layers: Annotated[Count, doc("The number of hidden layers.")] = 3,
    num_dense_nodes: Annotated[Count, doc("The number of units of each hidden layer.")] = 128,
    activation: Annotated[Activation, doc("The activation of the hidden layers.")] = "silu",
    residual: Annotated[
        bool, doc("Whether each hidden layer but the first adds to what it was given.")
    ] = False,
    dropout_prob: Annotated[
        float, Ge(0), Lt(1), doc("The share of the units that is dropped while fitting.")
    ] = 0.1,
    embedding: Annotated[
        Literal["none", "periodic"],
        doc("What each input becomes before the first layer: itself, or waves of it beside it."),
    ] = "none",
    embedding_frequency: Annotated[
        float, Gt(0), doc("How many waves of an input go over a standard deviation, about.")
    ] = 0.1,
    embedding_size: Annotated[Count, doc("The numbers that an input becomes beside itself.")] = 3,
    places_of_numbers: tuple[int, ...] | None = None,
) -> keras.Model:
    """Build `num_layers` hidden layers of `num_dense_nodes` units, which `members` networks share.

    Members (TabM's "mini" of Gorishniy, Kotelnikov & Babenko 2025) differ in a factor on each input
    of the first hidden layer, 1 or -1 at first, and in their output layers. While fitting each has
    a loss of its own, and the mean of them is what is minimised; what the model says is their mean,
    of probabilities the geometric one. The mean loss of members is the loss of their mean plus what
    they disagree by, which no target is needed for (Krogh & Vedelsby 1995 for squared errors,
    Heskes 1998 for log loss): that is an activity regulariser. It is part of `val_loss`, and takes
    no heed of weights of rows and classes. Of a regression it is the squared disagreement, whatever
    the `loss`.

    `embedding: periodic` puts `embedding_size` numbers beside each input x that is a quantity (all,
    unless `places_of_numbers` says which): a linear layer of its own of 16 cosines
    cos(2 pi (f x + b)), whose f are normal with the deviation `embedding_frequency` at first
    (Holzmueller, Grinsztajn & Steinwart 2024, who call it PBLD). An input of more than one axis is
    flattened.
    """
    import keras

    inputs = keras.Input(input_shape)
    hidden = inputs if len(input_shape) == 1 else keras.layers.Flatten()(inputs)
    if embedding == "periodic" and places_of_numbers != ():
        numbers = hidden
        if places_of_numbers is not None:
            numbers = keras.ops.take(hidden, np.array(places_of_numbers, np.int32), axis=1)
        waves = _embedded(numbers, embedding_frequency, embedding_size)
        hidden = keras.layers.Concatenate()([hidden, waves])
    if members > 1:
        hidden = _as_members(hidden, members)
    for layer in range(num_layers):
        sums = keras.layers.Dense(num_dense_nodes, activation)(hidden)
        sums = keras.layers.Dropout(dropout_prob)(sums)
        hidden = keras.layers.Add()([hidden, sums]) if residual and layer > 0 else sums
    if members == 1:
        return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
    said = keras.layers.EinsumDense(
        "nkd,kdu->nku",
        (members, output.units),
        bias_axes="ku",
        kernel_initializer=_scaled(num_dense_nodes),
    )(hidden)
    if output.activation == "linear":
        return keras.Model(inputs, _mean_of_values(said, members, output.units))
    return keras.Model(inputs, _mean_of_labels(said, output.activation))


_WAVES = 16


def _embedded(numbers: keras.KerasTensor, frequency: float, size: int) -> keras.KerasTensor:
    """What stands beside inputs [n, d]: of each `size` numbers, which are made of waves of it."""
    import keras

    width = int(numbers.shape[1])
    waves = keras.layers.EinsumDense(
        "nd,df->ndf",
        (width, _WAVES),
        bias_axes="df",
        kernel_initializer=keras.initializers.RandomNormal(stddev=2 * math.pi * frequency),
        bias_initializer=keras.initializers.RandomUniform(-math.pi, math.pi),
    )(numbers)
    made = keras.layers.EinsumDense(
        "ndf,dfe->nde", (width, size), bias_axes="de", kernel_initializer=_scaled(_WAVES)
    )(keras.ops.cos(waves))
    return keras.layers.Flatten()(made)


def _scaled(width: int) -> keras.Initializer:
    """The initialiser of kernels [k, d, u] by whose sums of `width` d inputs none grows or shrinks.

    Keras' own would count the inputs of all k together.
    """
    import keras

    most = math.sqrt(3 / width)
    return keras.initializers.RandomUniform(-most, most)


def _as_members(inputs: keras.KerasTensor, members: int) -> keras.KerasTensor:
    """What each member is given [n, k, d]: the inputs [n, d], each times a factor of its own."""
    import keras

    factors = keras.layers.EinsumDense(
        "nd,kd->nkd", (members, int(inputs.shape[1])), kernel_initializer="random_normal"
    )
    given = factors(inputs)
    factors.kernel.assign(keras.ops.sign(factors.kernel))
    return given


def _mean_of_values(said: keras.KerasTensor, members: int, units: int) -> keras.KerasTensor:
    """The mean [n, units] of what members say [n, k, units], who pay for what they differ by."""
    import keras

    mean = keras.ops.mean(said, axis=1, keepdims=True)
    # Keras sums the squares of a row, where a squared error is their mean.
    penalised = keras.layers.ActivityRegularization(l2=1 / (members * units))(said - mean)
    return keras.ops.mean(mean + penalised, axis=1)


def _mean_of_labels(said: keras.KerasTensor, activation: str) -> keras.KerasTensor:
    """The probabilities [n, units] of the mean of members' log-probabilities.

    These are of the logits [n, k, units] that members say. The mean sums to less than one, the less
    the more they differ: what is missing is what they pay.
    """
    import keras

    ops = keras.ops
    is_binary = activation == "sigmoid"
    if is_binary:
        each = ops.concatenate([-ops.softplus(said), -ops.softplus(-said)], axis=-1)
    else:
        each = ops.log_softmax(said, axis=-1)
    mean = ops.mean(each, axis=1)
    missing = -ops.logsumexp(mean, axis=-1, keepdims=True)
    logits = mean + keras.layers.ActivityRegularization(l1=1.0)(missing)
    if is_binary:
        logits = logits[:, 1:] - logits[:, :1]
    return keras.layers.Activation(activation)(logits)
