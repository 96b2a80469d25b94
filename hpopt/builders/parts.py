"""What the shipped network families have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from hpopt.errors import SetupError

if TYPE_CHECKING:
    import keras

# Keras' activations by Keras' names: all but glu, which halves its input, and threshold, which
# needs two numbers.
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
    "hard_swish",
    "hard_tanh",
    "hard_shrink",
    "soft_shrink",
    "tanh_shrink",
    "log_sigmoid",
    "log_softmax",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "linear",
]
Count = Annotated[int, Ge(1)]
Normalization = Literal["none", "batch", "layer"]


def own_numbers(
    name: str, own: Sequence[int | None], shared: Sequence[int], count_name: str
) -> list[int]:
    """The number of each of `len(shared)` layers: its own, `{name}_1` and so on, or the shared one.

    Raises SetupError where a layer that is not there has a number.
    """
    for number, value in enumerate(own[len(shared) :], start=len(shared) + 1):
        if value is not None:
            raise SetupError(
                f"`{name}_{number}` is given, but `{count_name}` is {len(shared)}",
                help=f'in `space`, add `when: {{{count_name}: ">= {number}"}}` to it',
            )
    padded = [*own, *[None] * len(shared)]
    return [value or other for value, other in zip(padded, shared, strict=False)]


def steps_there(rows: Any) -> Any:
    """Whether each step [n, steps] of series is there: one whose channels are all 0 only pads."""
    import keras

    return keras.ops.any(keras.ops.not_equal(rows, 0.0), axis=-1)


def normalised(
    sums: keras.KerasTensor,
    kind: Normalization,
    activation: Activation | None,
    mask: Any = None,
) -> keras.KerasTensor:
    """The sums of a layer, normalised as `kind` says, behind an activation if any.

    Of series a `mask` [n, steps] says which steps the batch's mean and deviation are taken of.
    """
    import keras

    if kind == "batch":
        # Keras' own momentum, 0.99, wants a thousand steps: a short fit would be judged by averages
        # that are still on their way.
        sums = keras.layers.BatchNormalization(momentum=0.9)(sums, mask=mask)
    elif kind == "layer":
        sums = keras.layers.LayerNormalization()(sums)
    return sums if activation is None else keras.layers.Activation(activation)(sums)


def dense_layers(
    inputs: keras.KerasTensor, units: Sequence[int], activation: Activation, dropout_prob: float
) -> keras.KerasTensor:
    """Fully connected layers of so many units each, with dropout behind each."""
    import keras

    for width in units:
        inputs = keras.layers.Dense(width, activation)(inputs)
        inputs = keras.layers.Dropout(dropout_prob)(inputs)
    return inputs
