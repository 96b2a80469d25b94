"""How much each row counts: the column or array that `sample_weight` names."""

from __future__ import annotations

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.errors import SettingError
from hpopt.inputs.stored import Stored, raw_values

_KEY = ("sample_weight",)


def weights_of(name: str, values: Stored, decimal: str) -> np.ndarray:
    """The weights [n] that a column holds. Raises SettingError where it holds none."""
    try:
        reader = look(name, values, decimal, "numeric").reader
    except ValueError as error:
        raise SettingError(f"`{name}` can't weigh rows: {error}", _KEY) from None
    assert reader is not None
    weights = np.asarray(raw_values(values, reader)[name])
    return checked_weights(name, weights, len(weights))


def checked_weights(name: str, values: np.ndarray, rows: int) -> np.ndarray:
    """Weights [n], float64. Raises SettingError where they are none."""
    if values.shape not in ((rows,), (rows, 1)) or values.dtype.kind not in "biuf":
        raise SettingError(
            f"`{name}` can't weigh {rows} rows: it is {values.dtype} {list(values.shape)}",
            _KEY,
            help="one number a row",
        )
    weights = np.asarray(values, dtype=np.float64).reshape(-1)
    is_wrong = ~(np.isfinite(weights) & (weights >= 0))
    if is_wrong.any():
        wrong = weights[is_wrong][0]
        held = "a gap" if np.isnan(wrong) else f"{wrong:g}"
        raise SettingError(
            f"`{name}` can't weigh rows: it holds {held}; in {int(is_wrong.sum())} of {rows} rows "
            "it is no number from 0 on",
            _KEY,
            help="give each row a weight; 0 lets it count nothing",
        )
    if not weights.any():
        raise SettingError(f"`{name}` is 0 in every row", _KEY, help="leave it out")
    return weights
