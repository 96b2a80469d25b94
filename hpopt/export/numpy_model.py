"""A network in NumPy alone: the steps that it computes, one after the other, from a file of arrays.

Exports carry this file along as it is, so it imports nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

STEPS = "steps"  # the array of the file that holds the steps, as JSON
_BATCH = 4096  # rows at a time, which bounds the memory


class Model:
    """What a file of `steps` says of rows [n, ...]: outputs [n, units].

    A step is {"op": a name in OPS, "of": what it is given, "with": its settings, "dtype": that of
    what it gives}. It is given what earlier steps gave (by number; 0 are the rows), arrays of the
    file (by name), and numbers ({"number": 0.5}).
    """

    def __init__(self, path: str | Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._arrays = {name: arrays[name] for name in arrays.files}
        self._steps = json.loads(str(self._arrays.pop(STEPS)))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        starts = range(0, max(1, len(rows)), _BATCH)
        return np.concatenate([self._batch(rows[start : start + _BATCH]) for start in starts])

    def _batch(self, rows: np.ndarray) -> np.ndarray:
        values = [np.asarray(rows)]
        with np.errstate(all="ignore"):  # what is infinite on the way is dealt with on the way
            for step in self._steps:
                given = [self._given(values, each) for each in step["of"]]
                result = OPS[step["op"]](*given, **step["with"])
                values.append(np.asarray(result).astype(step["dtype"], copy=False))
        return values[-1]

    def _given(self, values: Sequence[np.ndarray], what: Any) -> Any:
        if isinstance(what, dict):
            return what["number"]
        return values[what] if isinstance(what, int) else self._arrays[what]


def _item(x: np.ndarray, key: Sequence[Any]) -> np.ndarray:
    """x[key], where a list in the key is a slice."""
    return np.asarray(x[tuple(slice(*p) if isinstance(p, list) else p for p in key)])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1 / (1 + small), small / (1 + small)))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.logaddexp(x, np.zeros((), x.dtype)))


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _logsumexp(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    axis = _axes(axis)
    largest = x.max(axis, keepdims=True)
    sums: np.ndarray = np.log(np.exp(x - largest).sum(axis, keepdims=True)) + largest
    return sums if keepdims else np.squeeze(sums, axis)


def _log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.asarray(x - _logsumexp(x, axis, True))


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.asarray(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))


_erf = np.vectorize(math.erf, otypes=[np.float64])

OPS: dict[str, Callable[..., Any]] = {
    "absolute": np.abs,
    "add": np.add,
    "average": lambda *each: sum(each) / len(each),
    "cast": lambda x: x,
    "clip": lambda x, low, high: np.clip(x, low, high),
    "concatenate": lambda *each, axis: np.concatenate(each, axis),
    "cos": np.cos,
    "divide": np.divide,
    "einsum": lambda *each, equation: np.einsum(equation, *each, optimize=True),
    "equal": np.equal,
    "exp": np.exp,
    "isnan": np.isnan,
    "item": _item,
    "less": np.less,
    "log": np.log,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "matmul": np.matmul,
    "maximum": np.maximum,
    "mean": lambda x, axis, keepdims: x.mean(_axes(axis), keepdims=keepdims),
    "multiply": np.multiply,
    "negative": np.negative,
    "reshape": lambda x, shape: x.reshape(len(x), *shape),
    "sqrt": np.sqrt,
    "square": np.square,
    "subtract": np.subtract,
    "take": lambda x, places, axis: np.take(x, np.asarray(places, np.int64), axis),
    "where": np.where,
    # Activations, as Keras defines them.
    "celu": _elu,
    "elu": _elu,
    "exponential": np.exp,
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -_softplus(-x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": lambda x: 1.05070098735548 * _elu(x, 1.67326324235437),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softmax": lambda x: np.exp(_log_softmax(x)),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sparse_plus": lambda x: np.where(x < 1, np.square(np.maximum(x + 1, 0)) / 4, x),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "squareplus": lambda x: (x + np.sqrt(np.square(x) + 4)) / 2,
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
}
