"""Reads new rows of a table as the training data were read, and says where they don't fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpopt.errors import DataError
from hpopt.inputs.stored import Sheet, Stored, Texts, as_texts, is_gap, raw_values
from hpopt.inputs.table.columns import CategoricalColumn

_KINDS = {"numeric": "numbers", "boolean": "yes or no as they were", "date": "dates as they were"}


def readers_for(
    sheet: Sheet, source: str, readers: Sequence[Mapping[str, Any]], notes: list[str]
) -> list[Mapping[str, Any]]:
    """The readers as they were recorded, but for the sign of decimals where a column contradicts.

    One that fits as it stands is read so. Where one fits with comma and point exchanged alone, all
    of the sheet is read so, with a word.
    """
    contradicts = [
        reader["column"]
        for reader in readers
        if "thousands" in reader and _is_exchanged(sheet.columns[reader["column"]], reader)
    ]
    if not contradicts:
        return list(readers)
    notes.append(
        f"the decimal sign of {source} is not the one of the training data, by `{contradicts[0]}`"
    )
    return [exchanged(reader) if "thousands" in reader else reader for reader in readers]


def exchanged(reader: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reader with comma and point exchanged."""
    other = {".": ",", ",": "."}
    signs = {name: other.get(reader[name], reader[name]) for name in ("decimal", "thousands")}
    return {**reader, **signs}


def _is_exchanged(stored: Stored, reader: Mapping[str, Any]) -> bool:
    return (
        isinstance(stored, Texts)
        and bool(_misread(stored, reader).any())
        and not _misread(stored, exchanged(reader)).any()
    )


def _misread(stored: Stored, reader: Mapping[str, Any]) -> np.ndarray:
    """Whether each value [n] is neither a gap nor a number."""
    numbers = np.asarray(raw_values(stored, reader)[reader["column"]])
    return np.asarray(np.isnan(numbers) & ~is_gap(stored))


def read_column(
    sheet: Sheet, source: str, reader: Mapping[str, Any], notes: list[str]
) -> dict[str, np.ndarray]:
    """The raw columns of one column. Raises DataError where none of its values can be read."""
    name, stored = reader["column"], sheet.columns[reader["column"]]
    if "decimal" in reader and "thousands" not in reader:  # hpopt 0.1: each file's own
        reader = {**reader, "decimal": sheet.decimal}
    try:
        raw = raw_values(stored, reader)
    except (TypeError, ValueError):
        raise DataError(
            f"the column `{name}` of {source} can't be read as {_KINDS[reader['kind']]}"
        ) from None
    arrays = {
        part: values.to_array() if isinstance(values, Texts) else values
        for part, values in raw.items()
    }
    if reader["kind"] == "categorical":
        return arrays
    if reader.get("percent") == "all" and (count := int(_is_bare(stored).sum())):
        notes.append(
            f"column `{name}`: 12 is read as 12 %, in {count} rows: all had a % in training"
        )
    numbers = next(iter(arrays.values()))
    misread = np.isnan(numbers) & ~is_gap(stored, reader["kind"])
    if misread.any():
        row, count = int(misread.argmax()), int(misread.sum())
        first = f'"{as_texts(stored[row : row + 1])[0]}" in row {row + 1}'
        if np.isnan(numbers).all():
            raise DataError(
                f"the column `{name}` of {source} can't be read as {_KINDS[reader['kind']]}: "
                f"the first value is {first}",
                help="rows are counted from 1, without the header",
            )
        gaps = "value is" if count == 1 else "values are"
        notes.append(
            f"column `{name}`: {count} {gaps} taken for a gap, not being "
            f"{_KINDS[reader['kind']]}: {first}" + (" is the first" if count > 1 else "")
        )
    return arrays


def _is_bare(stored: Stored) -> np.ndarray:
    """Whether each value [n] is there, and has no % at it."""
    texts = as_texts(stored)
    has_sign = np.array([text.rstrip().endswith("%") for text in texts], dtype=bool)
    return np.asarray(~has_sign & ~is_gap(stored))


def unseen(column: CategoricalColumn, texts: np.ndarray) -> list[str]:
    """A word on texts [n] that the model has not learned from.

    Where rare ones were left out in training, a few are as they were there.
    """
    is_new = ~np.isin(texts, ["", *column.vocabulary])
    count = int(is_new.sum())
    if not count or (column.has_other and count <= len(texts) / 2):
        return []
    first = f'"{texts[int(is_new.argmax())]}" in row {int(is_new.argmax()) + 1}'
    what = "text is" if count == 1 else "texts are"
    return [
        f"column `{column.name}`: {count} {what} none that the model has learned from: {first}"
        + (" is the first" if count > 1 else "")
    ]
