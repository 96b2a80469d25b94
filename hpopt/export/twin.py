"""The Keras twin of a FeatureSpec: a network's preprocessing as plain layers around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec, TargetSpec
from hpopt.data.prepared import Prepared
from hpopt.training.losses import losses_for
from hpopt.training.objective import compile_model
from hpopt.training.settings import Training


def raw_model(network: Any, features: FeatureSpec, target: TargetSpec) -> Any:
    """A Keras model from raw rows [n, d] to what `network` says of them, in the target's units.

    Like `FeatureSpec.apply`, it takes the rows as float32 and computes in float64. Plain Keras
    layers only: it loads in safe mode, without hpopt.
    """
    keras = load_keras()
    rows = keras.Input(features.input_shape, name="rows")
    inputs = rows
    if not features.is_unscaled:
        mean, scale = np.asarray(features.mean), np.asarray(features.scale)
        # As arrays: Keras makes float32 of a list, which loses the digits of large means.
        standardise = keras.layers.Rescaling(
            1 / scale, -mean / scale, dtype="float64", name="standardise"
        )
        inputs = keras.layers.Identity(dtype="float32", name="inputs")(standardise(rows))
    outputs = network(inputs)
    if target != TargetSpec():
        # In float64, as TargetSpec.restore: float32 has too few digits for a target such as a time.
        restore = keras.layers.Rescaling(
            np.float64(target.scale), np.float64(target.mean), dtype="float64", name="target_units"
        )
        outputs = restore(outputs)
    return keras.Model(rows, outputs, name="model")


def single_precision_model(model: Any, features: FeatureSpec, target: TargetSpec) -> Any:
    """A `raw_model` anew, all in float32, for runtimes that have no float64.

    What float32 loses of a column's mean is taken off in a second step, so that columns with large
    means keep their digits.
    """
    keras = load_keras()
    rows = keras.Input(features.input_shape, name="rows")
    inputs = rows
    if not features.is_unscaled:
        mean, scale = np.asarray(features.mean), np.asarray(features.scale)
        coarse = mean.astype(np.float32).astype(np.float64)
        inputs = keras.layers.Rescaling(np.ones_like(mean), -coarse, dtype="float32")(inputs)
        fine = keras.layers.Rescaling(1 / scale, (coarse - mean) / scale, dtype="float32")
        inputs = fine(inputs)
    outputs = _network_of(model)(inputs)
    if target != TargetSpec():
        outputs = keras.layers.Rescaling(target.scale, target.mean, dtype="float32")(outputs)
    return keras.Model(rows, outputs, name="model")


def compile_raw_model(model: Any, settings: Training, data: Prepared) -> None:
    """Give a `raw_model` the optimiser and the loss that its network was fitted with.

    The network was fitted to the standardised target (y - mean) / s, and the model speaks in its
    own units. The loss is weighted so that it is what it was, and the same learning rate takes the
    same steps: (e/s)² = e²/s², and |e/s| = |e|/s. The others can't be had in other units (Keras'
    Huber forgets its delta when it is saved): |e|/s, which they are but for small errors, takes
    their place.
    """
    compile_model(model, settings, data)
    model.optimizer.build(model.trainable_variables)  # else its file complains when it is loaded
    if data.target == TargetSpec():
        return
    scale = data.target.scale
    name = losses_for(data.output.task)[0] if settings.loss == "auto" else settings.loss
    if name != "mean_squared_error":
        name = "mean_absolute_error"
    weight = 1 / scale**2 if name == "mean_squared_error" else 1 / scale
    model.compile(model.optimizer, name, loss_weights=[weight], jit_compile=False)


def _network_of(model: Any) -> Any:
    """The network inside a `raw_model`."""
    keras = load_keras()
    [network] = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return network
