"""The Keras twin of a table: raw columns to network inputs, in plain layers and operations.

It stands in two steps. The first makes one matrix of the columns: a number as it is, NaN where
there is a gap, and a text as its id. The second does what `TableKind.apply` does, for all columns
at once; runtimes that have no text begin there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.inputs.naming import OURS, Naming, box
from hpopt.inputs.table.columns import CategoricalColumn, FittedColumn, NumericColumn

# Squares of larger numbers are infinite in float32; the clip makes CLIP of them anyway.
_LARGEST = 1e18
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def column_inputs(columns: Sequence[FittedColumn], naming: Naming) -> tuple[dict[str, Any], Any]:
    """An input [n, 1] for each raw column, by name, and the rows [n, d] that they make.

    In the rows a text is its id: 0 if it is not in the vocabulary.
    """
    keras = load_keras()
    names = naming([column.name for column in columns])
    inputs, rows = {}, []
    for index, column in enumerate(columns):
        name = names[column.name]
        if isinstance(column, NumericColumn):
            inputs[name] = row = keras.Input((1,), name=name, dtype="float32")
        else:
            inputs[name] = text = keras.Input((1,), name=name, dtype="string")
            row = _lookup(column, f"{OURS}ids_{index}")(text)
        rows.append(row)
    return inputs, keras.layers.Concatenate(name=f"{OURS}rows")(rows)


def _lookup(column: CategoricalColumn, name: str) -> Any:
    """The layer from texts to ids."""
    keras = load_keras()
    unknown = "[UNK]"
    while unknown in column.vocabulary:  # which Keras does not allow
        unknown += "]"
    vocabulary = list(column.vocabulary) or ["\0none"]  # Keras allows no empty one
    return keras.layers.StringLookup(vocabulary=vocabulary, oov_token=unknown, name=name)


def network_inputs(rows: Any, columns: Sequence[FittedColumn], dtype: str) -> Any:
    """Rows [n, d] of numbers and ids as network inputs, float32 [n, width], computed in `dtype`.

    float64 gives the numbers of `TableKind.apply`; float32 is for runtimes that have nothing else.
    """
    return box(f"{OURS}inputs", lambda rows: _network_inputs(rows, columns, dtype), rows)


def _network_inputs(rows: Any, columns: Sequence[FittedColumn], dtype: str) -> Any:
    keras = load_keras()
    rows = keras.ops.cast(rows, "float32")  # of a table of texts alone they are whole numbers
    layout = _Layout(columns)
    blocks = []
    if layout.numbers:
        numeric = [column for column in columns if isinstance(column, NumericColumn)]
        blocks.append(_clipped(_columns(rows, layout.numbers), numeric, dtype))
    if layout.gaps:
        is_number = keras.ops.cast(_is_number(_columns(rows, layout.gaps)), dtype)
        blocks.append(keras.ops.subtract(1.0, is_number))
    if layout.one_hot:
        of_columns, ids = zip(*layout.one_hot, strict=True)
        is_it = keras.ops.equal(_columns(rows, of_columns), np.array(ids, np.float32))
        blocks.append(keras.ops.cast(is_it, dtype))
    if layout.ids:
        blocks.append(keras.ops.cast(_columns(rows, layout.ids), dtype))
    inputs = keras.layers.Concatenate(dtype=dtype)(blocks)
    order = np.argsort(layout.places)
    if (np.diff(order) != 1).any():
        inputs = keras.ops.take(inputs, order, axis=-1)
    return keras.layers.Identity(dtype="float32")(inputs)


class _Layout:
    """Which columns of the rows [n, d] go into which kind of network inputs.

    `places` says where each input stands in the end: those of `numbers`, `gaps`, `one_hot` (with
    the id that each stands for) and `ids`, one after the other.
    """

    def __init__(self, columns: Sequence[FittedColumn]) -> None:
        self.numbers: list[int] = []
        self.gaps: list[int] = []
        self.one_hot: list[tuple[int, int]] = []
        self.ids: list[int] = []
        kinds: list[int] = []
        for index, column in enumerate(columns):
            if isinstance(column, NumericColumn):
                self.numbers.append(index)
                self.gaps += [index] * column.has_indicator
                kinds += [0, 1][: column.width]
            elif column.embedding:
                self.ids.append(index)
            else:
                first = 0 if column.has_other else 1
                self.one_hot += [(index, id) for id in range(first, len(column.vocabulary) + 1)]
                kinds += [2] * column.width
        kinds += [3] * len(self.ids)
        self.places = np.argsort(kinds, kind="stable")


def _columns(rows: Any, indices: Sequence[int]) -> Any:
    return load_keras().ops.take(rows, np.array(indices, np.int32), axis=-1)


def _is_number(numbers: Any) -> Any:
    """Whether float32 numbers are finite; in halves, so that the bound is one of float32 too.

    As a plain `<`: TensorFlow's graphs and ONNX make > of what is not <=, which NaN is neither of.
    """
    ops = load_keras().ops
    return ops.less(ops.multiply(ops.abs(numbers), 0.5), 2e38)


def _clipped(numbers: Any, columns: Sequence[NumericColumn], dtype: str) -> Any:
    """Numbers [n, k] as `NumericColumn.dense` has them, but for the indicators."""
    ops = load_keras().ops
    center, scale, fill = (
        np.array([getattr(column, name) for column in columns])
        for name in ("center", "scale", "fill")
    )
    # tf2onnx makes sums and products of a `where`, in which what is not finite would live on.
    finite = ops.where(ops.isnan(numbers), 0.0, numbers)
    finite = ops.clip(finite, -_FLOAT32_MAX, _FLOAT32_MAX)
    coarse = center.astype(dtype).astype(np.float64)
    z = ops.divide(ops.subtract(ops.cast(finite, dtype), coarse.astype(dtype)), scale.astype(dtype))
    if dtype == "float32":
        # What it loses of the center is taken off behind the division: TensorFlow's graphs make
        # one difference of two that follow each other.
        z = ops.subtract(z, ((center - coarse) / scale).astype(dtype))
    z = ops.where(_is_number(numbers), z, ((fill - center) / scale).astype(dtype))
    z = ops.clip(z, -_LARGEST, _LARGEST)
    return ops.divide(z, ops.sqrt(ops.add(1.0, ops.square(ops.divide(z, NumericColumn.CLIP)))))
