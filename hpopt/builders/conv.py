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
    steps_there,
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
    mask_zeros: Annotated[
        bool,
        doc(
            "Whether steps of a series are passed over whose channels are all 0, as those that "
            "pad. Set by itself for series of different lengths."
        ),
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
    and a side of 1 stays. Where `mask_zeros`, steps that pad are 0 behind every layer, as what lies
    beyond a picture is, count in no mean and no maximum, and `last` is the last that does not pad.

    Raises SetupError where rows are neither images nor series, where an image is to be `causal`, to
    have a `last` step or to be masked, and where a block that is not there is given filters.
    """
    import keras

    axes = _axes(input_shape)
    if axes == 2 and (causal or mask_zeros or head == "last"):
        which = "causal: true" if causal else "head: last" if head == "last" else "mask_zeros: true"
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
    mask = steps_there(inputs) if mask_zeros else None
    for block, width in enumerate(own_numbers("filters", own, grown, "num_blocks")):
        before, longest = hidden, max(hidden.shape[1:-1])
        stride = pool_size if pooling == "stride" else 1
        apart = max(1, min(dilation**block, longest // 2))
        for number in range(1, convolutions + 1):
            is_last = number == convolutions
            jump = stride if is_last else 1
            hidden = convolved(hidden, width, kernel_size, apart, jump)
            own_activation = None if residual and is_last else activation
            mask = mask if jump == 1 or mask is None else mask[:, ::jump]
            hidden = _masked(normalised(hidden, normalization, own_activation, mask), mask)
        if residual:
            if before.shape != hidden.shape:
                before = convolved(before, width, 1, 1, stride)
                before = _masked(normalised(before, normalization, None, mask), mask)
            hidden = keras.layers.Activation(activation)(keras.layers.Add()([hidden, before]))
            hidden = _masked(hidden, mask)
        hidden, mask = _pooled(hidden, pooling, pool_size, mask)
        hidden = keras.layers.Dropout(dropout_prob)(hidden)
    row = dense_layers(
        _row(hidden, head, mask), [head_units] * head_layers, activation, head_dropout_prob
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


def _masked(hidden: Any, mask: Any) -> Any:
    """The picture, in which steps that only pad are 0."""
    return hidden if mask is None else hidden * _numbers(mask)


def _numbers(mask: Any) -> Any:
    """A mask [n, steps] as 1 and 0 [n, steps, 1]."""
    import keras

    return keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)


def _pooled(hidden: Any, pooling: Pooling, size: int, mask: Any) -> tuple[Any, Any]:
    """The picture with its sides divided by `size`, rounded up, and the mask that it has then."""
    import keras

    sides = hidden.shape[1:-1]
    if pooling in ("none", "stride") or max(sides) == 1:
        return hidden, mask
    window = tuple(min(size, side) for side in sides)

    def pooled(kind: str, picture: Any) -> Any:
        layer = getattr(keras.layers, f"{kind}Pooling{len(sides)}D")
        return layer(window, padding="same")(picture)

    kind = "Max" if pooling == "max" else "Average"
    if mask is None:
        return pooled(kind, hidden), None
    there = pooled("Max", _numbers(mask))
    if pooling == "max":
        hidden = pooled("Max", _lowered(hidden, mask)) * there
    else:
        shares = pooled("Average", _numbers(mask))
        hidden = pooled("Average", hidden) / keras.ops.maximum(shares, _SMALL)
    return hidden, there[..., 0] > 0


# Less than the share of a step in any window, and so low that no maximum is as low.
_SMALL, _LOW = 1e-6, 1e9


def _lowered(hidden: Any, mask: Any) -> Any:
    """The picture for a maximum: steps that only pad are below all others."""
    return hidden - _LOW * (1.0 - _numbers(mask))


def _row(hidden: Any, head: str, mask: Any) -> Any:
    """The picture as one row of numbers; of steps that only pad nothing is in it."""
    import keras

    ops = keras.ops
    if head == "flatten":
        return keras.layers.Flatten()(hidden)
    if mask is None:
        if head == "last":
            return hidden[:, -1]
        kind = "GlobalAveragePooling" if head == "average" else "GlobalMaxPooling"
        return getattr(keras.layers, f"{kind}{len(hidden.shape) - 2}D")()(hidden)
    there = _numbers(mask)
    count = ops.sum(there, axis=1)
    if head == "average":
        return ops.sum(hidden * there, axis=1) / ops.maximum(count, 1.0)
    if head == "max":
        return ops.max(_lowered(hidden, mask), axis=1) * ops.minimum(count, 1.0)
    place = there * ops.reshape(ops.arange(1, hidden.shape[1] + 1, dtype="float32"), (1, -1, 1))
    is_last = ops.equal(place, ops.max(place, axis=1, keepdims=True))
    return ops.sum(hidden * there * ops.cast(is_last, "float32"), axis=1)
