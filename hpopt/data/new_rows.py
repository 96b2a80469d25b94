"""Rows for a model that is there already: read as the run's own rows were, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.data.csv_text import check_file
from hpopt.data.image_folders import files_sheet, is_image_name, parts_in
from hpopt.data.prepared import Prepared
from hpopt.data.reading import of_frame, read_csv, read_parquet
from hpopt.data.sources import load_file
from hpopt.data.weights import weights_of
from hpopt.errors import DataError, closest
from hpopt.inputs.image.files import PATH
from hpopt.inputs.kind import RawRows, count_rows
from hpopt.inputs.stored import (
    Sheet,
    Stored,
    Texts,
    array_named,
    as_categories,
    as_texts,
    is_gap,
    raw_values,
)
from hpopt.inputs.table.reading import other_form, word_on_form

if TYPE_CHECKING:
    import pandas as pd

_PARQUET = (".parquet", ".pq")
_MOST_NAMED = 5
# What arrays call the target where nothing else is said, and what a table does.
_TARGET, _TARGET_COLUMN = "y", "target"
_NAMELESS = ""  # the array of an .npy file


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


def read_new_rows(path: Path, data: Prepared, *, with_target: bool = False) -> NewRows:
    """The rows of a file: CSV, Parquet, .npy or .npz; of an image, or of a folder of images.

    Raises DataError where a column is missing or holds something else than it did.
    """
    if path.is_dir() or is_image_name(path.name):
        return _of_images(path, data, with_target)
    if path.suffix in (".npy", ".npz"):
        return _of_arrays(path, data, with_target)
    if path.suffix in _PARQUET:
        return _of_sheet(read_parquet(path), str(path), data, with_target)
    sheet = read_csv(path, gaps=data.gaps, spelled=_spelled(data), expected=data.encoding)
    return _of_sheet(sheet, str(path), data, with_target)


def _spelled(data: Prepared) -> list[str]:
    """The columns of a text file whose spelling counts."""
    names = [c["name"] for c in data.columns if c["kind"] in ("id", "categorical", "image")]
    return names + [
        c["name"] for c in data.columns if c["use"] in ("target", "groups") or "decimal" in c
    ]


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
    return _of_sheet(of_frame(given, "the DataFrame"), "the DataFrame", data, with_target)


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
    target = data.target_name or _TARGET_COLUMN
    needed = [*data.features.columns_needed(), *([target] if with_target else [])]
    _check_columns(source, sheet, needed)
    rows, notes = data.features.rows_of_sheet(sheet, source)
    new = NewRows(rows, sheet.rows, notes=[*sheet.notes, *notes])
    names = [column["name"] for column in data.columns if column["kind"] in ("id", "image")]
    new.ids = {name: as_texts(sheet.columns[name]) for name in names if name in sheet.columns}
    by = next((column["name"] for column in data.columns if column["use"] == "groups"), None)
    if by in sheet.columns:
        new.groups = as_texts(sheet.columns[by])
    if with_target:
        new.weights = _weights(sheet, source, data, new.notes)
        where = f"`{target}` of {source}"
        new.target = target_of(sheet.columns[target], where, data, new.notes, sheet.decimal)
        _note_missing(new, target, data)
    return new


def _weights(sheet: Sheet, source: str, data: Prepared, notes: list[str]) -> np.ndarray | None:
    """How much each row counts [n], where the run was told, and they say."""
    name = data.weight_name
    if name is None:
        return None
    if name not in sheet.columns:
        notes.append(f"{source} has no `{name}`, by which rows were to count: all count the same")
        return None
    notes.append(f"rows count by `{name}`")
    return weights_of(name, sheet.columns[name], sheet.decimal)


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
        values = array_named(_TARGET, arrays, 1, str(path)).reshape(-1)
        if len(values) != new.count:
            raise DataError(f"{path} holds {new.count} rows, but {len(values)} targets")
        new.target = target_of(values, f"`{_TARGET}` of {path}", data, new.notes)
        _note_missing(new, _TARGET, data)
    return new


def target_of(
    stored: np.ndarray | Stored, name: str, data: Prepared, notes: list[str], decimal: str = "."
) -> np.ndarray:
    """The target [n] as class indices of the model, or as values; -1 or NaN where there is none."""
    if not isinstance(stored, Texts) and stored.dtype.kind not in "fM":
        import pandas as pd

        stored = of_frame(pd.DataFrame({_TARGET: stored}), name).columns[_TARGET]
    if not data.output.kind.has_labels:
        reader = data.target_reader or {"kind": "numeric", "decimal": decimal}
        reader = {**reader, "column": data.target_name or _TARGET}
        if "thousands" in reader and (other := other_form(stored, reader)):
            notes.append(word_on_form(stored, name, reader, other))
            reader = other
        values, misread = _numbers(stored, reader)
        if misread.any():
            row = int(misread.argmax())
            raise DataError(
                f'{name} holds "{as_texts(stored[row : row + 1])[0]}" in row {row + 1}, '
                "which is no number"
            )
        return values
    texts = as_categories(stored, data.target_reader or {})
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


def _note_missing(new: NewRows, target: str, data: Prepared) -> None:
    assert new.target is not None
    is_missing = new.target < 0 if data.output.kind.has_labels else np.isnan(new.target)
    if is_missing.all():
        raise DataError(f"`{target}` holds no values: there is nothing to compare with")
    if missing := int(is_missing.sum()):
        new.notes.append(
            f"{missing} {'row' if missing == 1 else 'rows'} without `{target}` are left out"
        )
