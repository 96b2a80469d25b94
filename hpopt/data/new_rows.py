"""Rows for a model that is there already: read as the run's own rows were, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpopt.data.csv_text import check_file
from hpopt.data.forecast_rows import forecast_rows
from hpopt.data.image_folders import files_sheet, is_image_name, parts_in
from hpopt.data.new_target import TARGET, NewRows, check_columns, note_missing, target_of
from hpopt.data.prepared import Prepared
from hpopt.data.reading import PARQUET, of_frame, read_csv, read_parquet
from hpopt.data.sources import load_file
from hpopt.data.weights import checked_weights, weights_of
from hpopt.errors import DataError
from hpopt.inputs.image.files import PATH
from hpopt.inputs.kind import count_rows
from hpopt.inputs.stored import (
    Sheet,
    array_named,
    as_texts,
)

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 5
_TARGET_COLUMN = "target"  # what a table calls the target where nothing else is said
_NAMELESS = ""  # the array of an .npy file


def read_new_rows(path: Path, data: Prepared, *, with_target: bool = False) -> NewRows:
    """The rows of a file: CSV, Parquet, .npy or .npz; of an image, or of a folder of images.

    Raises DataError where a column is missing or holds something else than it did.
    """
    if path.is_dir() or is_image_name(path.name):
        return _of_images(path, data, with_target)
    if path.suffix in (".npy", ".npz"):
        return _of_arrays(path, data, with_target)
    if path.suffix in PARQUET:
        return _of_sheet(read_parquet(path, _clocks(data)), str(path), data, with_target)
    sheet = read_csv(path, gaps=data.gaps, spelled=_spelled(data), expected=data.encoding)
    return _of_sheet(sheet, str(path), data, with_target)


def _spelled(data: Prepared) -> list[str]:
    """The columns of a text file whose spelling counts."""
    names = [c["name"] for c in data.columns if c["kind"] in ("id", "categorical", "image")]
    names += [name for name in (data.target_name, data.group_name) if name is not None]
    return names + [column["name"] for column in data.columns if "decimal" in column]


def _clocks(data: Prepared) -> list[str]:
    """The columns whose points in time named no zone in training: a clock there is as written."""
    readers = [*data.readers, *([data.forecast.reader] if data.forecast else [])]
    return [reader["column"] for reader in readers if reader.get("zone") == "none"]


def new_rows_of(given: pd.DataFrame | np.ndarray, data: Prepared, *, with_target: bool) -> NewRows:
    """The rows of a DataFrame, or of an array [n, ...], which has no target. Raises DataError."""
    import pandas as pd

    if not isinstance(given, np.ndarray | pd.DataFrame):
        raise DataError(
            f"rows can't come as a {type(given).__name__}",
            help="give a DataFrame, an array of NumPy, or the path of a file",
        )
    if isinstance(given, np.ndarray):
        if with_target:
            raise DataError("an array of rows has no target", help="give a DataFrame, or a file")
        rows = data.features.rows_of_arrays({_NAMELESS: given}, "the array")
        return NewRows(rows, len(given))
    sheet = of_frame(given, "the DataFrame", _clocks(data))
    return _of_sheet(sheet, "the DataFrame", data, with_target)


def _of_images(path: Path, data: Prepared, with_target: bool) -> NewRows:
    """The images below a folder, each of which shows what its own folder is called; or one file."""
    images = [column["name"] for column in data.columns if column["kind"] == "image"]
    needed = list(data.features.columns_needed())
    if images != needed and needed != [PATH]:
        what = "is a folder" if path.is_dir() else "is an image"
        raise DataError(f"{path} {what}, and the model takes a table with the columns of its own")
    if not path.is_dir():
        check_file(path)
    elif with_target:
        _check_no_parts(path, data)
    sheet = files_sheet(path, needed[0], data.target_name or _TARGET_COLUMN)
    new = _of_sheet(sheet, str(path), data, with_target)
    return replace(new, ids={needed[0]: _in_utf_8(as_texts(sheet.columns[needed[0]]))})


def _check_no_parts(folder: Path, data: Prepared) -> None:
    """Raise DataError where a folder holds parts, such as `test`, whose classes are in these."""
    parts = parts_in(folder)
    if parts and not any(part.name in data.labels for part in parts):
        raise DataError(
            f"{folder} holds parts, {', '.join(part.name for part in parts)}, and no classes",
            help=f"name one of them, such as {parts[0]}",
        )


def _in_utf_8(names: np.ndarray) -> np.ndarray:
    """Names of files [n] as texts: a byte that is no UTF-8 is written out, as `hpopt` shows it."""
    return np.array([name.encode(errors="backslashreplace").decode() for name in names.tolist()])


def _of_sheet(sheet: Sheet, source: str, data: Prepared, with_target: bool) -> NewRows:
    if data.forecast is not None:
        return forecast_rows(sheet, source, data, with_target=with_target)
    target = data.target_name or _TARGET_COLUMN
    needed = [*data.features.columns_needed(), *([target] if with_target else [])]
    check_columns(source, sheet, needed)
    rows, notes = data.features.rows_of_sheet(sheet, source)
    by = data.group_name
    alike = [*([target] if with_target else []), *([by] if by is not None else [])]
    sheet = data.features.line_a_row(sheet, source, alike)
    new = NewRows(rows, sheet.rows, notes=[*sheet.notes, *notes])
    names = [column["name"] for column in data.columns if column["kind"] in ("id", "image")]
    new.ids = {name: as_texts(sheet.columns[name]) for name in names if name in sheet.columns}
    if by in sheet.columns:
        new.groups = as_texts(sheet.columns[by])
    if with_target:
        new.weights = _weights(sheet, source, data, new.notes)
        where = f"`{target}` of {source}"
        new.target = target_of(sheet.columns[target], where, data, new.notes, sheet.decimal)
        note_missing(new, target, data)
    return new


def _weights(sheet: Sheet, source: str, data: Prepared, notes: list[str]) -> np.ndarray | None:
    """How much each row counts [n], where the run was told, and they say."""
    name = data.weight_name
    if name is None:
        return None
    if name not in sheet.columns:
        notes.append(_no_weights(source, name))
        return None
    notes.append(f"rows count by `{name}`")
    return weights_of(name, sheet.columns[name], sheet.decimal)


def _weights_of_arrays(
    arrays: Mapping[str, np.ndarray], source: str, data: Prepared, new: NewRows
) -> np.ndarray | None:
    """How much each row counts [n], where the run was told, and an array says."""
    name = data.weight_name
    if name is None:
        return None
    if name not in arrays:
        new.notes.append(_no_weights(source, name))
        return None
    new.notes.append(f"rows count by `{name}`")
    return checked_weights(name, arrays[name], new.count)


def _no_weights(source: str, name: str) -> str:
    return f"{source} has no `{name}`, by which rows were to count: all count the same"


def _of_arrays(path: Path, data: Prepared, with_target: bool) -> NewRows:
    loaded = load_file(path)
    arrays = {_NAMELESS: loaded} if isinstance(loaded, np.ndarray) else loaded
    rows = data.features.rows_of_arrays(arrays, str(path))
    new = NewRows(rows, count_rows(rows))
    if with_target:
        if _NAMELESS in arrays:
            raise DataError(
                f"{path} holds no target", help="give an .npz file with the arrays `x` and `y`"
            )
        values = array_named(TARGET, arrays, 1, str(path)).reshape(-1)
        if len(values) != new.count:
            raise DataError(f"{path} holds {new.count} rows, but {len(values)} targets")
        new.weights = _weights_of_arrays(arrays, str(path), data, new)
        new.target = target_of(values, f"`{TARGET}` of {path}", data, new.notes)
        note_missing(new, TARGET, data)
    return new
