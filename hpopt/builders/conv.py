"""Convolutions in blocks, along one axis or over two: the network for images and for series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le, Lt, doc

from hpopt.builders.parts import (
    Activation,
    Count,
    Normalization,
    dense_layers,
    normalised,
    own_numbers,
)
from hpopt.errors import SetupError
from hpopt.task import Output

if TYPE_CHECKING:
    import keras

Filters = Annotated[Count | None, doc("The filters of this block, if not those that growth gives.")]
Pooling = Literal["max", "average", "stride", "none"]


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    num_blocks: Annotated[Count, doc("The number of blocks.")] = 3,
    filters: Annotated[Count, doc("The number of filters of the first block.")] = 32,
    growth: Annotated[
        float, Ge(0.25), Le(4), doc("The factor by which the filters grow from block to block.")
    ] = 2.0,
    filters_1: Filters = None,
    filters_2: Filters = None,
    filters_3: Filters = None,
    filters_4: Filters = None,
    filters_5: Filters = None,
    filters_6: Filters = None,
    filters_7: Filters = None,
    filters_8: Filters = None,
    convolutions: Annotated[Count, doc("The number of convolutions of each block.")] = 1,
    kernel_size: Annotated[
        Count, doc("How many places a convolution sees along each axis, the dilated ones aside.")
    ] = 3,
    dilation: Annotated[
        Count,
        doc("The factor by which the places that a kernel sees move apart from block to block."),
    ] = 1,
    causal: Annotated[
        bool, doc("Whether a step of a series sees no later ones; for series alone.")
    ] = False,
    normalization: Annotated[
        Normalization, doc("What stands between a convolution and its activation.")
    ] = "batch",
    activation: Annotated[Activation, doc("The activation of all layers but the last.")] = "relu",
    residual: Annotated[
        bool, doc("Whether a block adds its input to what its convolutions give.")
    ] = False,
    pooling: Annotated[
        Pooling, doc("How a block makes its picture smaller; `stride` lets its last kernel jump.")
    ] = "max",
    pool_size: Annotated[
        int, Ge(2), doc("By how much: the sides are divided by it, and rounded up.")
    ] = 2,
    dropout_prob: Annotated[
        float,
        Ge(0),
        Lt(1),
        doc("The share of the numbers dropped behind each block while fitting."),
    ] = 0.0,
    head: Annotated[
        Literal["average", "max", "flatten", "last"],
        doc(
            "How a picture becomes a row: `average` and `max` of each filter, `flatten` keeps all "
            "its places, `last` is the last step of a series."
        ),
    ] = "average",
    head_layers: Annotated[
        int, Ge(0), doc("The number of fully connected layers before the output.")
    ] = 0,
    head_units: Annotated[Count, doc("The units of each of them.")] = 64,
    head_dropout_prob: Annotated[
        float, Ge(0), Lt(1), doc("The share of their units that is dropped while fitting.")
    ] = 0.0,
    l2: Annotated[
        float, Ge(0), doc("The factor of the L2 penalty on the convolutions' kernels.")
    ] = 0.0,
) -> keras.Model:
    """Build `num_blocks` blocks of convolutions, then a head and the task's output.

    Rows [height, width, channels] are images, and rows [steps, channels] are series: convolutions
    are over two axes or along one. A block is so many convolutions, each with its normalisation and
    its activation; where it is `residual` its input is added before the last activation, through a
    convolution of size 1 where the filters differ. Then it is pooled, and dropout follows.

    Block k has `filters * growth ** (k - 1)` filters, rounded, or its own `filters_k`, which in a
    space wants a condition: `filters_3: {..., when: {num_blocks: ">= 3"}}`. Its kernels see every
    `dilation ** (k - 1)`-th place, at most so far apart that two of them fit into the picture.

    No shape can be too small: pictures are padded to keep their sides, pooled sides are rounded up,
    and a side of 1 stays.

    Raises SetupError where rows are neither images nor series, where an image is to be `causal` or
    to have a `last` step, and where a block that is not there is given filters.
    """
    import keras

    axes = _axes(input_shape)
    if axes == 2 and (causal or head == "last"):
        which = "causal: true" if causal else "head: last"
        raise SetupError(f"`{which}` is for series, and the rows are images", help="leave it out")
    own = (filters_1, filters_2, filters_3, filters_4, filters_5, filters_6, filters_7, filters_8)
    grown = [max(1, round(filters * growth**block)) for block in range(num_blocks)]
    regulariser = keras.regularizers.L2(l2) if l2 else None

    def convolved(inputs: Any, width: int, size: int, apart: int, stride: int = 1) -> Any:
        layer = keras.layers.Conv1D if axes == 1 else keras.layers.Conv2D
        hidden = layer(
            width,
            size,
            strides=stride if apart == 1 else 1,
            dilation_rate=apart,
            padding="causal" if causal else "same",
            use_bias=normalization == "none",  # a normalisation has an offset of its own
            kernel_regularizer=regulariser,
        )(inputs)
        # Keras knows no dilated kernel that jumps: what it would jump over is dropped.
        return hidden if apart == 1 or stride == 1 else _every(hidden, stride)

    inputs = hidden = keras.Input(input_shape)
    for block, width in enumerate(own_numbers("filters", own, grown, "num_blocks")):
        before, longest = hidden, max(hidden.shape[1:-1])
        stride = pool_size if pooling == "stride" else 1
        apart = max(1, min(dilation**block, longest // 2))
        for number in range(1, convolutions + 1):
            is_last = number == convolutions
            jump = stride if is_last else 1
            hidden = convolved(hidden, width, kernel_size, apart, jump)
            own_activation = None if residual and is_last else activation
            hidden = normalised(hidden, normalization, own_activation)
        if residual:
            if before.shape != hidden.shape:
                before = normalised(convolved(before, width, 1, 1, stride), normalization, None)
            hidden = keras.layers.Activation(activation)(keras.layers.Add()([hidden, before]))
        hidden = keras.layers.Dropout(dropout_prob)(_pooled(hidden, pooling, pool_size))
    row = dense_layers(
        _row(hidden, head), [head_units] * head_layers, activation, head_dropout_prob
    )
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(row))


def _axes(input_shape: tuple[int, ...]) -> int:
    """Along how many axes a row has places: 1 of a series, 2 of an image."""
    axes = len(input_shape) - 1
    if axes not in (1, 2):
        shape = ", ".join(map(str, input_shape))
        raise SetupError(
            f"`conv` takes images [height, width, channels] or series [steps, channels], and a row "
            f"here is [{shape}]",
            help="use `builder: dense_dropout`, or give rows of such a shape",
        )
    return axes


def _every(hidden: Any, stride: int) -> Any:
    """Every `stride`-th place of the picture along each axis, from the first on."""
    import keras

    layer = getattr(keras.layers, f"MaxPooling{len(hidden.shape) - 2}D")
    return layer(1, strides=stride, padding="same")(hidden)


def _pooled(hidden: Any, pooling: Pooling, size: int) -> Any:
    """The picture with its sides divided by `size`, rounded up."""
    import keras

    sides = hidden.shape[1:-1]
    if pooling in ("none", "stride") or max(sides) == 1:
        return hidden
    kind = "MaxPooling" if pooling == "max" else "AveragePooling"
    layer = getattr(keras.layers, f"{kind}{len(sides)}D")
    window = tuple(min(size, side) for side in sides)
    return layer(window, padding="same")(hidden)


def _row(hidden: Any, head: str) -> Any:
    """The picture as one row of numbers."""
    import keras

    if head == "flatten":
        return keras.layers.Flatten()(hidden)
    if head == "last":
        return hidden[:, -1]
    kind = "GlobalAveragePooling" if head == "average" else "GlobalMaxPooling"
    return getattr(keras.layers, f"{kind}{len(hidden.shape) - 2}D")()(hidden)
