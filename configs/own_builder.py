"""A small residual network, for own_builder.yaml. It needs Keras alone, not hpopt."""

from typing import Literal

import keras


def build(
    input_shape,
    output,
    *,
    num_blocks: int = 1,
    width: int = 32,
    dropout: float = 0.1,
    activation: Literal["relu", "silu", "tanh"] = "relu",
):
    """Build `num_blocks` residual blocks behind a dense layer, then the output of the task.

    `output` says what the task needs: `output.units` and `output.activation`. The annotations are
    checked before TensorFlow is imported, each value that the search may try among them.
    """
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(width)(inputs)
    for _ in range(num_blocks):
        block = keras.layers.LayerNormalization()(hidden)
        block = keras.layers.Dense(width, activation)(block)
        block = keras.layers.Dropout(dropout)(block)
        hidden = keras.layers.add([hidden, block])
    outputs = keras.layers.Dense(output.units, output.activation)(hidden)
    return keras.Model(inputs, outputs)
