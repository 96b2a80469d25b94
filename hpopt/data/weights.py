"""How much each row counts: the column or array that `sample_weight` names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.errors import SettingError
from hpopt.inputs.stored import Sheet, Stored, Texts, as_texts, is_gap, raw_values

_KEY = ("sample_weight",)
_TRUTHS = {"true", "false"}
_TRUTH = {"kind": "boolean", "true": ["true"], "false": ["false"]}  # who counts, and who does not
_HELP = "give each row a number from 0 on, or name another column"


def weights_of(name: str, values: Stored, decimal: str) -> np.ndarray:
    """The weights [n] that a column holds. Raises SettingError where it holds none."""
    weights = _numbers(name, values, decimal)
    return checked_weights(name, weights, len(weights))


def without_weightless(
    sheet: Sheet, name: str, given: np.ndarray | None
) -> tuple[Sheet, np.ndarray | None]:
    """The sheet, and which part [n] each row is given to, without the rows of weight 0.

    A weight of n is n rows: these are none, and stand in no part, class or fold. Raises
    SettingError where a column holds no weights, or nothing else is there.
    """
    is_none = _numbers(name, sheet.columns[name], sheet.decimal) == 0
    count = int(is_none.sum())
    if not count:
        return sheet, given
    if count == sheet.rows:
        raise SettingError(f"`{name}` is 0 in every row", _KEY, help="leave it out")
    kept = np.flatnonzero(~is_none)
    columns = {column: values[kept] for column, values in sheet.columns.items()}
    notes = [*sheet.notes, word_on_weightless(name, count)]
    given = None if given is None else given[kept]
    return replace(sheet, columns=columns, rows=len(kept), notes=notes), given


def word_on_weightless(name: str, count: int) -> str:
    """That so many rows are left out."""
    rows = "row" if count == 1 else "rows"
    return f"{count:,} {rows} of weight 0, by `{name}`, are left out"


def _numbers(name: str, values: Stored, decimal: str) -> np.ndarray:
    reader: Mapping[str, Any] | None = _TRUTH | {"column": name}
    if not (isinstance(values, Texts) and {t.casefold() for t in values.distinct} <= _TRUTHS):
        try:
            reader = look(name, values, decimal, "numeric").reader
        except ValueError as error:
            raise SettingError(f"`{name}` can't weigh rows: {error}", _KEY, help=_HELP) from None
    assert reader is not None
    weights = np.asarray(raw_values(values, reader)[name])
    wrong = np.flatnonzero(np.isnan(weights) & ~is_gap(values))
    if len(wrong) and isinstance(values, Texts):
        first = as_texts(values[wrong[:1]])[0]
        raise SettingError(
            f"`{name}` can't weigh rows: its values can't be read as numbers: \"{first}\"",
            _KEY,
            help=_HELP,
        )
    return weights


def checked_weights(name: str, values: np.ndarray, rows: int) -> np.ndarray:
    """Weights [n], float64. Raises SettingError where they are none."""
    if values.shape not in ((rows,), (rows, 1)) or values.dtype.kind not in "biuf":
        raise SettingError(
            f"`{name}` can't weigh {rows} rows: it is {values.dtype} {list(values.shape)}",
            _KEY,
            help=_HELP,
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
