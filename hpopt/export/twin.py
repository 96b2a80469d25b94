"""The Keras twin of the data's specs: a network's preprocessing as plain layers around it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec, TargetSpec
from hpopt.data.prepared import Prepared
from hpopt.data.tables import TableSpec
from hpopt.export.table_twin import Naming, column_inputs, keras_name, network_inputs
from hpopt.training.objective import compile_model
from hpopt.training.settings import Training


def raw_model(
    network: Any, features: FeatureSpec | TableSpec, target: TargetSpec, naming: Naming = keras_name
) -> Any:
    """A Keras model from raw rows to what `network` says of them, in the target's units.

    The rows are one input [n, d]; of a table an input [n, 1] for each column, by `naming`. Like the
    specs' `apply`, it takes numbers as float32 and computes in float64. Plain Keras only: it loads
    in safe mode, without hpopt.
    """
    if isinstance(features, TableSpec):
        inputs, rows = column_inputs(features, naming)
        prepared = network_inputs(rows, features, "float64")
    else:
        inputs = load_keras().Input(features.input_shape, name="rows")
        prepared = _standardised(inputs, features, "float64")
    return _model(inputs, network(prepared), target, "float64")


def rows_model(
    network: Any,
    features: FeatureSpec | TableSpec,
    target: TargetSpec,
    dtype: Literal["float32", "float64"],
) -> Any:
    """A `raw_model` whose input is always one matrix `rows` [n, d], computed in `dtype`.

    It is for runtimes that have no text, and perhaps no float64: the rows of a table hold numbers,
    NaN where there is a gap, and the ids of texts.
    """
    keras = load_keras()
    if isinstance(features, TableSpec):
        rows = keras.Input((len(features.columns),), name="rows")
        prepared = network_inputs(rows, features, dtype)
    else:
        rows = keras.Input(features.input_shape, name="rows")
        prepared = _standardised(rows, features, dtype)
    return _model(rows, network(prepared), target, dtype)


def network_of(model: Any) -> Any:
    """The network inside a `raw_model`."""
    keras = load_keras()
    [network] = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return network


def _standardised(rows: Any, features: FeatureSpec, dtype: str) -> Any:
    """Rows [n, d] as `FeatureSpec.apply` has them, computed in `dtype`."""
    if features.is_unscaled:
        return rows
    keras = load_keras()
    mean, scale = np.asarray(features.mean), np.asarray(features.scale)
    # Scales as arrays: Keras makes float32 of a list, which loses the digits of large means.
    if dtype == "float32":
        # What it loses of a mean is taken off in a second step.
        coarse = mean.astype(np.float32).astype(np.float64)
        rows = keras.layers.Rescaling(np.ones_like(mean), -coarse, dtype=dtype)(rows)
        mean = mean - coarse
    standardise = keras.layers.Rescaling(1 / scale, -mean / scale, dtype=dtype, name="standardise")
    return keras.layers.Identity(dtype="float32", name="inputs")(standardise(rows))


def _model(inputs: Any, outputs: Any, target: TargetSpec, dtype: str) -> Any:
    """The model from inputs to a network's outputs, in the target's units."""
    keras = load_keras()
    if target != TargetSpec():
        # In float64, as TargetSpec.restore: float32 has too few digits for a target such as a time.
        # As arrays: of a loaded number Keras makes float32.
        scale, mean = np.array([target.scale]), np.array([target.mean])
        restore = keras.layers.Rescaling(scale, mean, dtype=dtype, name="target_units")
        outputs = restore(outputs)
        if target.transform == "log1p":
            outputs = keras.ops.subtract(keras.ops.exp(outputs), 1.0)  # expm1 is not everywhere
    return keras.Model(inputs, outputs, name="model")


def compile_raw_model(model: Any, settings: Training, data: Prepared) -> None:
    """Give a `raw_model` the optimiser and the loss that its network was fitted with.

    The network was fitted to the standardised target (y - mean) / s, and the model speaks in its
    own units. The loss is weighted so that it is what it was, and the same learning rate takes the
    same steps: (e/s)² = e²/s², and |e/s| = |e|/s. The others can't be had in other units (Keras'
    Huber forgets its delta when it is saved): |e|/s, which they are but for small errors, takes
    their place. Of a target on the scale of log(1 + y), the squared error there is a loss of Keras.
    """
    compile_model(model, settings, data)
    model.optimizer.build(model.trainable_variables)  # else its file complains when it is loaded
    if data.target == TargetSpec():
        return
    scale = data.target.scale
    name = data.output.kind.loss(settings.loss)
    if data.target.transform == "log1p":
        name = "mean_squared_logarithmic_error"
    elif name != "mean_squared_error":
        name = "mean_absolute_error"
    weight = 1 / scale if name == "mean_absolute_error" else 1 / scale**2
    model.compile(model.optimizer, name, loss_weights=[weight], jit_compile=False)
