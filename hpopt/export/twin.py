"""The Keras twin of a FeatureSpec: a network's preprocessing as plain layers around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec, TargetSpec


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
