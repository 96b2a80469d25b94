"""One network that says what several say on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpopt.backend import load_keras
from hpopt.data.target_spec import TargetSpec
from hpopt.inputs.kind import Kind
from hpopt.inputs.naming import box


def average(networks: Sequence[Any], features: Kind, target: TargetSpec) -> Any:
    """The average of networks over the same features, as a network like them; of one, itself.

    Classes have the mean of the networks' probabilities, and a regression that of their values in
    the target's own units: of a target on the scale of log(1 + y), with z standardised outputs and
    s its scale, that is log(mean(exp(s z)))/s.
    """
    if len(networks) == 1:
        return networks[0]
    keras = load_keras()
    inputs = keras.Input(features.input_shape, dtype=features.input_dtype)
    # Each in a box of its own: their names may be the same, which Keras allows no layers.
    outputs = [
        box(f"member_{number}", network, inputs) for number, network in enumerate(networks, start=1)
    ]
    if target.transform == "log1p":
        outputs = [keras.ops.exp(keras.ops.multiply(each, target.scale)) for each in outputs]
    mean = keras.layers.Average()(outputs)
    if target.transform == "log1p":
        mean = keras.ops.divide(keras.ops.log(mean), target.scale)
    return keras.Model(inputs, mean, name="ensemble")
