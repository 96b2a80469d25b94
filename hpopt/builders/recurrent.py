"""Recurrent layers over the steps of a series: the network for measurements over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Lt, doc

from hpopt.builders.parts import Activation, Count, dense_layers, own_numbers, steps_there
from hpopt.errors import SetupError
from hpopt.task import Output

if TYPE_CHECKING:
    import keras

Units = Annotated[Count | None, doc("The units of this layer, if not the shared number.")]
Share = Annotated[float, Ge(0), Lt(1)]


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    cell: Annotated[Literal["gru", "lstm", "simple"], doc("The kind of recurrent layer.")] = "gru",
    num_layers: Annotated[Count, doc("The number of recurrent layers.")] = 1,
    units: Annotated[Count, doc("The units of each of them, in each direction.")] = 32,
    units_1: Units = None,
    units_2: Units = None,
    units_3: Units = None,
    units_4: Units = None,
    bidirectional: Annotated[
        bool, doc("Whether each layer also reads the series from its end.")
    ] = False,
    dropout_prob: Annotated[
        Share, doc("The share of a layer's outputs that is dropped behind it while fitting.")
    ] = 0.0,
    recurrent_dropout: Annotated[
        Share, doc("The share of its state that a layer drops from step to step while fitting.")
    ] = 0.0,
    head: Annotated[
        Literal["last", "attention"],
        doc(
            "How a series becomes a row: the state behind its last step, or all of the steps' "
            "states, weighted by what is learnt."
        ),
    ] = "last",
    mask_zeros: Annotated[
        bool, doc("Whether steps are passed over whose channels are all 0, as those that pad.")
    ] = False,
    head_layers: Annotated[
        int, Ge(0), doc("The number of fully connected layers before the output.")
    ] = 0,
    head_units: Annotated[Count, doc("The units of each of them.")] = 32,
    activation: Annotated[Activation, doc("Their activation.")] = "relu",
    l2: Annotated[
        float, Ge(0), doc("The factor of the L2 penalty on the kernels of the inputs.")
    ] = 0.0,
) -> keras.Model:
    """Build `num_layers` recurrent layers of `units` each, then a head and the task's output.

    Rows are series [steps, channels]. `units_1` to `units_4` give a single layer another number of
    units; in a space they want a condition, `units_2: {..., when: {num_layers: ">= 2"}}`. With
    `head: attention` the row is sum_t w_t h_t, where w is the softmax over the steps of
    v . tanh(W h_t + b), Bahdanau's score without a query. Where `mask_zeros`, padded steps leave
    the state as it is and have no weight.

    Raises SetupError where rows are no series, and where a layer that is not there is given units.
    """
    import keras

    if len(input_shape) != 2:
        shape = ", ".join(map(str, input_shape))
        raise SetupError(
            f"`recurrent` takes series [steps, channels], and a row here is [{shape}]",
            help="use another builder, or give rows of such a shape",
        )
    kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "simple": keras.layers.SimpleRNN}
    own = (units_1, units_2, units_3, units_4)
    widths = own_numbers("units", own, [units] * num_layers, "num_layers")

    inputs = hidden = keras.Input(input_shape)
    mask = steps_there(inputs) if mask_zeros else None
    for number, width in enumerate(widths, start=1):
        layer: Any = kind[cell](
            width,
            return_sequences=number < num_layers or head == "attention",
            recurrent_dropout=recurrent_dropout,
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        )
        if bidirectional:
            layer = keras.layers.Bidirectional(layer)
        hidden = keras.layers.Dropout(dropout_prob)(layer(hidden, mask=mask))
    row = _attended(hidden, mask) if head == "attention" else hidden
    row = dense_layers(row, [head_units] * head_layers, activation, dropout_prob)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(row))


def _attended(states: Any, mask: Any) -> Any:
    """The states [n, steps, units] of all steps that are not masked, weighted, as rows [n, units].

    Bahdanau, Cho and Bengio 2015, https://arxiv.org/abs/1409.0473
    """
    import keras

    layers = keras.layers
    scores = layers.Dense(1, use_bias=False)(layers.Dense(states.shape[-1], "tanh")(states))
    if mask is not None:
        # Not infinitely low: the weights of a row that is padding alone would be no numbers.
        padded = keras.ops.cast(keras.ops.logical_not(mask), "float32")
        scores = scores - 1e9 * keras.ops.expand_dims(padded, -1)
    return layers.Flatten()(layers.Dot(axes=1)([layers.Softmax(axis=1)(scores), states]))
