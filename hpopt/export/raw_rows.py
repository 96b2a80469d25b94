"""What a model for raw rows says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.inputs.kind import Kind, RawRows, count_rows, take_rows
from hpopt.training.rows import LARGE_BATCH


def predict_raw(model: Any, features: Kind, rows: RawRows) -> np.ndarray:
    """What a `raw_model` of these features says of raw rows, [n, units].

    In batches without `model.predict`, which takes minutes where there are thousands of columns.
    """
    starts = range(0, max(1, count_rows(rows)), LARGE_BATCH)
    batches = (take_rows(rows, slice(start, start + LARGE_BATCH)) for start in starts)
    outputs = [model(features.feed(batch), training=False) for batch in batches]
    return np.concatenate([np.asarray(each) for each in outputs])
