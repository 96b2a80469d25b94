"""Raw rows, and what a model for raw rows says of them.

Rows are an array [n, d], or, of a table, a mapping of column names to arrays [n]: numbers, where
NaN is a gap, and texts, where "" is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.data.features import FeatureSpec
from hpopt.data.tables import TableSpec
from hpopt.export.table_twin import input_names
from hpopt.training.rows import LARGE_BATCH

RawRows = np.ndarray | Mapping[str, np.ndarray]


def count_rows(rows: RawRows) -> int:
    """How many rows there are."""
    return len(rows if isinstance(rows, np.ndarray) else next(iter(rows.values())))


def take_rows(rows: RawRows, taken: slice) -> RawRows:
    """Some of the rows."""
    if isinstance(rows, np.ndarray):
        return rows[taken]
    return {name: values[taken] for name, values in rows.items()}


def count_bytes(rows: RawRows) -> int:
    """The memory that the rows take."""
    arrays = [rows] if isinstance(rows, np.ndarray) else rows.values()
    return sum(array.nbytes for array in arrays)


def prepare_rows(features: FeatureSpec | TableSpec, rows: RawRows) -> np.ndarray:
    """Raw rows as network inputs, float32 [n, width]."""
    if isinstance(features, TableSpec):
        assert not isinstance(rows, np.ndarray)
        return features.apply(rows)
    return features.apply(np.asarray(rows))


def predict_raw(model: Any, rows: RawRows) -> np.ndarray:
    """What a `raw_model` says of raw rows, [n, units].

    In batches without `model.predict`, which takes minutes where there are thousands of columns.
    """
    starts = range(0, max(1, count_rows(rows)), LARGE_BATCH)
    batches = (take_rows(rows, slice(start, start + LARGE_BATCH)) for start in starts)
    said = [model(model_inputs(batch), training=False) for batch in batches]
    return np.concatenate([np.asarray(outputs) for outputs in said])


def model_inputs(rows: RawRows) -> Any:
    """Raw rows as a `raw_model` takes them."""
    if isinstance(rows, np.ndarray):
        return np.asarray(rows, np.float32)
    import tensorflow as tf

    load_keras()
    names = input_names(list(rows))
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite there, and a gap
        return {
            names[column]: tf.constant(values[:, None], tf.string)
            if values.dtype.kind == "U"
            else tf.constant(values[:, None].astype(np.float32))
            for column, values in rows.items()
        }
