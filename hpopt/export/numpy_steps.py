"""Keras models as the steps of `numpy_model`: what an export in NumPy alone computes.

A model is gone through node by node, and each of its layers and operations is written down as the
few NumPy functions that give the same. What has none there can't be exported so.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.export import numpy_model
from hpopt.export.numpy_model import OPS, STEPS
from hpopt.files import write_whole

RUNTIME = "numpy_model.py"  # what the export's example imports

# What a step is given: the number of an earlier one, the name of an array, or a number.
_Ref = int | str | dict[str, float]

# Operations of Keras that have another name here, and the settings that steps take over from them.
_NAMES = {"GetItem": "item", "LogSoftmax": "log_softmax", "Abs": "absolute", "Average": "average"}
_SETTINGS: dict[str, dict[str, str]] = {
    "clip": {"low": "x_min", "high": "x_max"},
    "concatenate": {"axis": "axis"},
    "logsumexp": {"axis": "axis", "keepdims": "keepdims"},
    "log_softmax": {"axis": "axis"},
    "mean": {"axis": "axis", "keepdims": "keepdims"},
    "take": {"axis": "axis"},
}


def write_numpy_model(model: Any, path: Path) -> None:
    """Write a Keras model with one input as a file of `numpy_model`, and that file beside it.

    Raises TypeError for a layer or an operation that has no steps.
    """
    recorder = _Recorder()
    [rows] = model.inputs
    recorder.values[id(rows)] = 0
    recorder.model(model)
    [output] = model.outputs
    if recorder.values[id(output)] != len(recorder.steps):
        recorder.add("cast", [recorder.values[id(output)]], str(output.dtype))
    steps: Any = np.array(json.dumps(recorder.steps, allow_nan=False))
    arrays: dict[str, Any] = {STEPS: steps, **recorder.arrays}
    write_whole(path, lambda file: np.savez(file, **arrays))
    (path.parent / RUNTIME).write_text(inspect.getsource(numpy_model), encoding="utf-8")


class _Recorder:
    """The steps of a model; `values` has the number of what gives each of Keras' tensors."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.values: dict[int, int] = {}

    def add(self, op: str, of: Sequence[_Ref], dtype: str, **settings: Any) -> int:
        """Write a step down; gives its number."""
        self.steps.append({"op": op, "of": list(of), "with": settings, "dtype": dtype})
        return len(self.steps)

    def array(self, values: Any) -> str:
        """Keep an array; gives its name."""
        name = f"array_{len(self.arrays)}"
        self.arrays[name] = np.asarray(values)
        return name

    def model(self, model: Any) -> None:
        """All of a model, whose inputs are known."""
        for depth in sorted(model._nodes_by_depth, reverse=True):
            for node in model._nodes_by_depth[depth]:
                if not node.is_input:
                    self._node(node)

    def _node(self, node: Any) -> None:
        keras = load_keras()
        operation, arguments = node.operation, node.arguments
        [output] = node.outputs
        if isinstance(operation, keras.Model):
            [inner], [given] = operation.inputs, arguments.keras_tensors
            self.values[id(inner)] = self.values[id(given)]
            self.model(operation)
            [result] = operation.outputs
            self.values[id(output)] = self.values[id(result)]
        elif isinstance(operation, keras.Layer):
            given = [self.values[id(each)] for each in arguments.keras_tensors]
            self.values[id(output)] = self._layer(operation, given, output)
        else:
            args = [*arguments.args, *arguments.kwargs.values()]
            self.values[id(output)] = self._operation(operation, args, output)

    def _operation(self, operation: Any, args: Sequence[Any], output: Any) -> int:
        """One of Keras' functions."""
        kind = type(operation).__name__
        op = _NAMES.get(kind, kind.lower())
        if op not in OPS or type(operation).__module__.partition(".")[0] != "keras":
            raise TypeError(f"NumPy alone has no steps for `{kind}`")
        names = _SETTINGS.get(op, {})
        settings = {name: getattr(operation, theirs) for name, theirs in names.items()}
        if op == "item":
            x, key = args
            return self.add(op, [self._ref(x)], str(output.dtype), key=_as_json(key))
        given = args[0] if op == "concatenate" else args
        return self.add(op, [self._ref(each) for each in given], str(output.dtype), **settings)

    def _ref(self, argument: Any) -> _Ref:
        if id(argument) in self.values:
            return self.values[id(argument)]
        if isinstance(argument, bool | int | float):
            return {"number": argument}
        return self.array(argument)

    def _layer(self, layer: Any, given: Sequence[int], output: Any) -> int:
        """One of Keras' layers; inputs are cast as it casts them."""
        kind, dtype = type(layer).__name__, str(layer.compute_dtype)
        if type(layer) is not getattr(load_keras().layers, kind, None):
            raise TypeError(f"NumPy alone has no steps for `{kind}`, which is no layer of Keras")
        if layer.autocast and kind != "Embedding":
            given = [self.add("cast", [each], dtype) for each in given]
        match kind:
            case "Dense":
                sums = self.add("matmul", [*given, self.array(layer.kernel)], dtype)
                return self._activated(layer, self._plus(sums, layer.bias, dtype), dtype)
            case "EinsumDense":
                kernel = self.array(layer.kernel)
                sums = self.add("einsum", [*given, kernel], dtype, equation=layer.equation)
                return self._activated(layer, self._plus(sums, layer.bias, dtype), dtype)
            case "Embedding":
                return self.add("take", [self.array(layer.embeddings), *given], dtype, axis=0)
            case "BatchNormalization":
                return self._normalised(layer, given[0], dtype, len(output.shape))
            case "Rescaling":
                scale, offset = (np.asarray(a, dtype) for a in (layer.scale, layer.offset))
                scaled = self.add("multiply", [*given, self.array(scale)], dtype)
                return self._plus(scaled, offset, dtype)
            case "Activation":
                return self._activated(layer, given[0], dtype)
            case "Flatten" | "Reshape":
                return self.add("reshape", given, dtype, shape=list(output.shape[1:]))
            case "Concatenate":
                return self.add("concatenate", given, dtype, axis=layer.axis)
            case "Add":
                total, *others = given
                for other in others:
                    total = self.add("add", [total, other], dtype)
                return total
            case "Average":
                return self.add("average", given, dtype)
            case "Identity" | "ActivityRegularization" | "Dropout":
                return given[0]  # what acts while fitting alone
        raise TypeError(f"NumPy alone has no steps for the layer `{layer.name}` (`{kind}`)")

    def _normalised(self, layer: Any, value: int, dtype: str, axes: int) -> int:
        """(x - mean) / sqrt(variance + epsilon) * gamma + beta, as one product and one sum."""
        shape = [1] * axes
        shape[layer.axis] = -1
        factor = 1 / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
        factor = factor * np.asarray(layer.gamma) if layer.scale else factor
        offset = -np.asarray(layer.moving_mean) * factor
        offset = offset + np.asarray(layer.beta) if layer.center else offset
        scaled = self.add("multiply", [value, self.array(factor.reshape(shape))], dtype)
        return self._plus(scaled, offset.reshape(shape), dtype)

    def _plus(self, value: int, array: Any, dtype: str) -> int:
        """The value with an array added, if there is one."""
        return value if array is None else self.add("add", [value, self.array(array)], dtype)

    def _activated(self, layer: Any, value: int, dtype: str) -> int:
        activation = layer.activation
        name = getattr(activation, "__name__", "?")
        if name not in OPS or activation is not getattr(load_keras().activations, name, None):
            raise TypeError(f"NumPy alone has no steps for the activation `{name}`")
        return self.add(name, [value], dtype)


def _as_json(key: Any) -> list[Any]:
    """A key of getitem: a slice as the list of its three numbers."""
    parts = key if isinstance(key, tuple | list) else (key,)  # a list in a model that was loaded
    return [[p.start, p.stop, p.step] if isinstance(p, slice) else p for p in parts]
