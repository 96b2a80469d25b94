"""Rows for a model that is there already: read as the run's own rows were, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.data import raw
from hpopt.data.columns import raw_values
from hpopt.data.prepared import Prepared
from hpopt.data.reading import Sheet, Stored, of_frame, read_csv, read_parquet
from hpopt.data.sources import load_file
from hpopt.data.tables import TableSpec, Texts
from hpopt.errors import DataError, closest

if TYPE_CHECKING:
    import pandas as pd

_PARQUET = (".parquet", ".pq")
_MOST_NAMED = 5
# What arrays call the rows and the target where nothing else is said.
_ROWS, _TARGET, _TARGET_COLUMN = "x", "y", "target"


@dataclass
class NewRows:
    """Rows as a model takes them: an array [n, d], or the raw columns of a table, each [n].

    `target` [n] holds class indices or values, -1 or NaN where a row has none; it is None where it
    was not asked for. `groups` [n] says which rows belong together, if the run was told and they
    say. `ids` are the columns by which the rows can be told apart.
    """

    rows: np.ndarray | Mapping[str, np.ndarray]
    count: int
    target: np.ndarray | None = None
    groups: np.ndarray | None = None
    ids: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_new_rows(path: Path, data: Prepared, *, with_target: bool = False) -> NewRows:
    """The rows of a file: CSV, Parquet, .npy or .npz.

    Raises DataError where a column is missing or holds something else than it did.
    """
    if path.suffix in (".npy", ".npz"):
        return _of_arrays(path, data, with_target)
    sheet = read_parquet(path) if path.suffix in _PARQUET else read_csv(path)
    return _of_sheet(sheet, str(path), data, with_target)


def new_rows_of(given: pd.DataFrame | np.ndarray, data: Prepared, *, with_target: bool) -> NewRows:
    """The rows of a DataFrame, or of an array [n, d], which has no target. Raises DataError."""
    if isinstance(given, np.ndarray):
        if with_target:
            raise DataError("an array of rows has no target", help="give a DataFrame, or a file")
        return NewRows(_checked_array(given, "the array", data), len(given))
    return _of_sheet(of_frame(given, "the DataFrame"), "the DataFrame", data, with_target)


def _of_sheet(sheet: Sheet, source: str, data: Prepared, with_target: bool) -> NewRows:
    spec, target = data.features, data.target_name or _TARGET_COLUMN
    is_table = isinstance(spec, TableSpec)
    readers = spec.readers if isinstance(spec, TableSpec) else ()
    needed = [reader["column"] for reader in readers] if is_table else list(data.feature_names)
    _check_columns(source, sheet, [*needed, *([target] if with_target else [])])
    found = NewRows({}, sheet.rows)
    if is_table:
        columns: dict[str, np.ndarray] = {}
        for reader in readers:
            columns |= _read_column(sheet, source, reader, found.notes)
        found.rows = columns
    else:
        found.rows = _matrix(sheet, source, needed)
    names = [column["name"] for column in data.columns if column["kind"] == "id"]
    found.ids = {name: _as_texts(sheet.columns[name]) for name in names if name in sheet.columns}
    by = next((column["name"] for column in data.columns if column["use"] == "groups"), None)
    if by in sheet.columns:
        found.groups = _as_texts(sheet.columns[by])
    if with_target:
        found.target = _target(
            sheet.columns[target], sheet.decimal, f"`{target}` of {source}", data
        )
        _note_missing(found, target, data)
    return found


def _check_columns(source: str, sheet: Sheet, needed: list[str]) -> None:
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


def _read_column(
    sheet: Sheet, source: str, reader: Mapping[str, Any], notes: list[str]
) -> dict[str, np.ndarray]:
    """The raw columns of one column. Raises DataError where none of its values can be read."""
    name, stored = reader["column"], sheet.columns[reader["column"]]
    if "decimal" in reader:
        reader = {**reader, "decimal": sheet.decimal}
    try:
        found = raw_values(stored, reader)
    except (TypeError, ValueError):
        raise DataError(
            f"the column `{name}` of {source} can't be read as {_KINDS[reader['kind']]}"
        ) from None
    arrays = {
        part: values.to_array() if isinstance(values, Texts) else values
        for part, values in found.items()
    }
    if reader["kind"] != "categorical":
        read = next(iter(arrays.values()))
        misread = np.isnan(read) & ~_is_gap(stored)
        if misread.any():
            row, count = int(misread.argmax()), int(misread.sum())
            first = f'"{_as_texts(stored[row : row + 1])[0]}" in row {row + 1}'
            if np.isnan(read).all():
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


_KINDS = {"numeric": "numbers", "boolean": "yes or no as they were", "date": "dates as they were"}


def _is_gap(stored: Stored) -> np.ndarray:
    """Whether each value [n] is a gap as it was written."""
    if not isinstance(stored, Texts):
        return np.isnat(stored) if stored.dtype.kind == "M" else np.isnan(stored)
    gaps = [text.strip().casefold() in raw.GAPS for text in stored.distinct]
    return np.asarray(np.array([*gaps, True])[stored.codes])


def _as_texts(stored: Stored) -> np.ndarray:
    """Values [n] as they are written into a file."""
    if isinstance(stored, Texts):
        return stored.to_array()
    if stored.dtype.kind == "M":
        return np.where(np.isnat(stored), "", np.datetime_as_string(stored, unit="s"))
    return np.array(["" if np.isnan(value) else raw.text_of(value) for value in stored])


def _matrix(sheet: Sheet, source: str, names: list[str]) -> np.ndarray:
    """The columns of a model of arrays [n, d], which knows no gaps."""
    columns = []
    for name in names:
        stored = sheet.columns[name]
        if isinstance(stored, Texts):
            reader = {"column": name, "kind": "numeric", "decimal": sheet.decimal}
            stored = np.asarray(raw_values(stored, reader)[name])
        if not np.isfinite(stored.astype(np.float32)).all():
            row = int((~np.isfinite(stored.astype(np.float32))).argmax())
            raise DataError(
                f"the column `{name}` of {source} has no number in row {row + 1}",
                help="this model was tuned on arrays, and takes no gaps",
            )
        columns.append(stored)
    return np.column_stack(columns)


def _of_arrays(path: Path, data: Prepared, with_target: bool) -> NewRows:
    if isinstance(data.features, TableSpec):
        raise DataError(
            f"the model takes a table, and {path} holds arrays without names",
            help="give a CSV file, or a Parquet file, with the columns of the training data",
        )
    loaded = load_file(path)
    if isinstance(loaded, np.ndarray):
        if with_target:
            raise DataError(
                f"{path} holds no target", help="give an .npz file with the arrays `x` and `y`"
            )
        return NewRows(_checked_array(loaded, str(path), data), len(loaded))
    rows = _checked_array(_array_of(loaded, _ROWS, 2, path), str(path), data)
    found = NewRows(rows, len(rows))
    if with_target:
        values = _array_of(loaded, _TARGET, 1, path).reshape(-1)
        if len(values) != len(rows):
            raise DataError(f"{path} holds {len(rows)} rows, but {len(values)} targets")
        found.target = _target(values, ".", f"`{_TARGET}` of {path}", data)
        _note_missing(found, _TARGET, data)
    return found


def _array_of(arrays: Mapping[str, np.ndarray], name: str, axes: int, path: Path) -> np.ndarray:
    """The array of that name, or else the only one of so many axes."""
    if name in arrays:
        return arrays[name]
    alike = [array for array in arrays.values() if array.ndim == axes]
    if len(alike) == 1:
        return alike[0]
    raise DataError(f"{path} holds no array `{name}`", help=f"it has {', '.join(arrays)}")


def _checked_array(rows: np.ndarray, source: str, data: Prepared) -> np.ndarray:
    shape = data.features.input_shape
    if rows.dtype.kind not in "biuf" or rows.shape[1:] != shape:
        wanted = ", ".join(map(str, ("n", *shape)))
        raise DataError(
            f"{source} holds {rows.dtype} {list(rows.shape)}, where the model takes numbers "
            f"[{wanted}]"
        )
    bad = ~np.isfinite(rows.astype(np.float32)).reshape(len(rows), -1)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"{source} has no number in row {row + 1}, column {column + 1} "
            f"(`{data.feature_names[column]}`)"
        )
    return rows


def _target(stored: np.ndarray | Stored, decimal: str, name: str, data: Prepared) -> np.ndarray:
    """The target [n] as class indices of the model, or as values; -1 or NaN where there is none."""
    if not isinstance(stored, Texts) and stored.dtype.kind not in "fM":
        import pandas as pd

        stored = of_frame(pd.DataFrame({_TARGET: stored}), name).columns[_TARGET]
    if data.output.task == "regression":
        reader = {"column": _TARGET, "kind": "numeric", "decimal": decimal}
        values = np.asarray(raw_values(stored, reader)[_TARGET])
        misread = np.isnan(values) & ~_is_gap(stored)
        if misread.any():
            row = int(misread.argmax())
            raise DataError(
                f'{name} holds "{_as_texts(stored[row : row + 1])[0]}" in row {row + 1}, '
                "which is no number"
            )
        return values
    texts = raw_values(stored, {"column": _TARGET, "kind": "categorical"})[_TARGET]
    assert isinstance(texts, Texts)
    index_of = {label: index for index, label in enumerate(data.labels)}
    present = set(texts.codes[texts.codes >= 0].tolist())
    unknown = [
        texts.distinct[code] for code in sorted(present) if texts.distinct[code] not in index_of
    ]
    if unknown:
        row = int((texts.codes == texts.distinct.index(unknown[0])).argmax()) + 1
        shown = ", ".join(f'"{label}"' for label in unknown[:_MOST_NAMED])
        known = ", ".join(f'"{label}"' for label in data.labels[:20])
        raise DataError(
            f"{name} holds labels that the model does not know: {shown} (first in row {row})",
            help=f"it knows {known}",
        )
    by_code = np.array([*(index_of.get(text, -1) for text in texts.distinct), -1], np.int64)
    return np.asarray(by_code[texts.codes])


def _note_missing(found: NewRows, target: str, data: Prepared) -> None:
    assert found.target is not None
    is_gap = np.isnan(found.target) if data.output.task == "regression" else found.target < 0
    if is_gap.all():
        raise DataError(f"`{target}` holds no values: there is nothing to compare with")
    if missing := int(is_gap.sum()):
        found.notes.append(
            f"{missing} {'row' if missing == 1 else 'rows'} without `{target}` are left out"
        )
