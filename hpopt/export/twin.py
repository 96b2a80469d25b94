"""Models for raw rows: a network behind the twin of its inputs, and before that of its target."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.prepared import Prepared
from hpopt.data.target_spec import TargetSpec
from hpopt.inputs.kind import Kind, Runtime
from hpopt.inputs.naming import OURS, box
from hpopt.training.objective import compile_model
from hpopt.training.settings import Training

KERAS = Runtime()
MATRIX = Runtime(takes_texts=False)  # rows are one input, however many columns there are
_NETWORK, _TARGET = f"{OURS}network", f"{OURS}target"


def raw_model(network: Any, features: Kind, target: TargetSpec, runtime: Runtime = KERAS) -> Any:
    """A Keras model from raw rows to what `network` says of them, in the target's units.

    The rows are one input [n, ...], `rows`; of a table an input [n, 1] for each column, or one
    matrix of numbers and codes for a runtime that takes no text. Like the kinds' `apply`, it takes
    numbers as float32 and computes in float64, where the runtime can. Plain Keras only: it loads in
    safe mode, without hpopt.
    """
    inputs, prepared = features.twin(runtime)
    outputs = box(_NETWORK, network, prepared)
    if target != TargetSpec():
        outputs = box(_TARGET, lambda each: _in_units(each, target, runtime.dtype), outputs)
    return load_keras().Model(inputs, outputs, name="model")


def network_of(model: Any) -> Any:
    """The network inside a `raw_model`."""
    keras = load_keras()
    for layer in model.layers:
        if layer.name == _NETWORK:
            return layer.layers[-1]
    # Those of hpopt 0.1 have no boxes.
    [network] = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return network


def _in_units(outputs: Any, target: TargetSpec, dtype: str) -> Any:
    """A network's outputs in the target's units."""
    keras = load_keras()
    # In float64, as TargetSpec.restore: float32 has too few digits for a target such as a time.
    # As arrays: of a loaded number Keras makes float32.
    scale, mean = np.array([target.scale]), np.array([target.mean])
    outputs = keras.layers.Rescaling(scale, mean, dtype=dtype)(outputs)
    if target.transform == "log1p":
        outputs = keras.ops.subtract(keras.ops.exp(outputs), 1.0)  # expm1 is not everywhere
    return outputs if target.floor is None else keras.ops.maximum(outputs, target.floor)


def compile_raw_model(model: Any, settings: Training, data: Prepared) -> None:
    """Give a `raw_model` the optimiser and the loss that its network was fitted with.

    The network was fitted to the standardised target (y - mean) / s, and the model speaks in its
    own units. The loss is weighted so that it is what it was, and the same learning rate takes the
    same steps: (e/s)² = e²/s², and |e/s| = |e|/s. The others can't be had in other units (Keras'
    Huber forgets its delta when it is saved): |e|/s, which they are but for small errors, takes
    their place. Of a target on the scale of log(1 + y), the squared error there is a loss of Keras.
    """
    # Whoever trains on has labels, and no use for an average that has come to its end.
    compile_model(
        model, settings.model_copy(update={"label_smoothing": 0.0, "ema_epochs": None}), data
    )
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
