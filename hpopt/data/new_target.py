"""New rows for a model that is there already, and what is common to all that they may come as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpopt.data.prepared import Prepared
from hpopt.data.reading import of_frame
from hpopt.errors import DataError, closest
from hpopt.inputs.kind import RawRows
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, as_texts, is_gap, raw_values
from hpopt.inputs.table.reading import (
    other_form,
    word_on_form,
    word_on_groups,
    word_on_percent,
    word_on_spelling,
)

_MOST_NAMED = 5
# What arrays call the target where nothing else is said.
TARGET = "y"


@dataclass
class NewRows:
    """Rows as a model takes them: an array [n, ...], or the raw columns of a table, each [n].

    `target` [n] holds class indices or values, -1 or NaN where a row has none; it is None where it
    was not asked for. `groups` [n] says which rows belong together, and `weights` [n] how much each
    counts, if the run was told and they say. `ids` are the columns by which the rows can be told
    apart.
    """

    rows: RawRows
    count: int
    target: np.ndarray | None = None
    groups: np.ndarray | None = None
    weights: np.ndarray | None = None
    ids: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def check_columns(source: str, sheet: Sheet, needed: list[str]) -> None:
    missing = [name for name in needed if name not in sheet.columns]
    if not missing:
        return
    named = ", ".join(f"`{name}`" for name in missing[:_MOST_NAMED])
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    match = closest(missing[0], [name for name in sheet.columns if name not in needed])
    has = ", ".join(f"`{name}`" for name in list(sheet.columns)[:20])
    raise DataError(
        f"{source} has no column{'s' if len(missing) > 1 else ''} {named}{more}",
        help=(f"is it `{match}` there? " if match else "") + f"it has {has}",
    )


def target_of(
    stored: np.ndarray | Stored, name: str, data: Prepared, notes: list[str], decimal: str = "."
) -> np.ndarray:
    """The target [n] as class indices of the model, or as values; -1 or NaN where there is none."""
    if not isinstance(stored, Texts) and stored.dtype.kind not in "fM":
        import pandas as pd

        stored = of_frame(pd.DataFrame({TARGET: stored}), name).columns[TARGET]
    if not data.output.kind.has_labels:
        reader = data.target_reader or {"kind": "numeric", "decimal": decimal}
        reader = {**reader, "column": data.target_name or TARGET}
        if "thousands" in reader and (other := other_form(stored, reader)):
            notes.append(word_on_form(stored, name, reader, other))
            reader = other
        notes += word_on_groups(data.target_name or TARGET, stored, reader)
        notes += word_on_percent(data.target_name or TARGET, stored, reader)
        values, misread = _numbers(stored, reader)
        if misread.any():
            row = int(misread.argmax())
            raise DataError(
                f'{name} holds "{as_texts(stored[row : row + 1])[0]}" in row {row + 1}, '
                "which is no number"
            )
        return values
    reader = data.target_reader or {}
    notes += word_on_spelling(data.target_name or TARGET, stored, reader)
    texts = as_categories(stored, reader)
    index_of = {label: index for index, label in enumerate(data.labels)}
    present = set(texts.codes[texts.codes >= 0].tolist())
    unknown = [
        texts.distinct[code] for code in sorted(present) if texts.distinct[code] not in index_of
    ]
    if unknown:
        row = int((texts.codes == texts.distinct.index(unknown[0])).argmax()) + 1
        shown = ", ".join(f'"{label}"' for label in unknown[:_MOST_NAMED])
        labels = ", ".join(f'"{label}"' for label in data.labels[:20])
        raise DataError(
            f"{name} holds labels that the model does not know: {shown} (first in row {row})",
            help=f"it knows {labels}",
        )
    by_code = np.array([*(index_of.get(text, -1) for text in texts.distinct), -1], np.int64)
    return np.asarray(by_code[texts.codes])


def _numbers(stored: Stored, reader: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers [n], and whether each could not be read as one."""
    values = np.asarray(raw_values(stored, reader)[reader["column"]])
    read = np.asarray(raw_values(stored, {**reader, "gaps": ()})[reader["column"]])
    return values, np.isnan(read) & ~is_gap(stored)


def note_missing(new: NewRows, target: str, data: Prepared) -> None:
    assert new.target is not None
    is_missing = new.target < 0 if data.output.kind.has_labels else np.isnan(new.target)
    if is_missing.all():
        raise DataError(f"`{target}` holds no values: there is nothing to compare with")
    if missing := int(is_missing.sum()):
        new.notes.append(
            f"{missing} {'row' if missing == 1 else 'rows'} without `{target}` are left out"
        )
