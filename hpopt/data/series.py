"""From series to the table that they make, with words on their lengths and gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.data.building import build_table
from hpopt.data.column_kinds import Column, look
from hpopt.data.precision import offset_of
from hpopt.data.reading import below
from hpopt.data.settings import Features
from hpopt.data.sources import Table
from hpopt.data.targets import encode_target
from hpopt.errors import DataError, SettingError
from hpopt.inputs.series.steps import lengths_of, series_of_arrays
from hpopt.inputs.stored import Sheet, Stored, Texts, raw_values
from hpopt.task import Task

_MOST_NAMED = 5
# What no column is called: that of the numbers of lines, by which is known which of them are kept.
_LINES = "\0lines"
_ALONE = "a series is taken alone"


def look_at_channel(
    name: str, pieces: Sequence[Stored], sheet: Sheet, key: tuple[str, ...]
) -> Column:
    """What the values of a channel are, all of its columns together."""
    values = pieces[0] if len(pieces) == 1 else below(pieces, sheet.decimal)
    try:
        column = look(name, values, sheet.decimal, "numeric", sheet.gaps)
    except ValueError as error:
        raise SettingError(f"`{name}` is no series of numbers: {error}", key) from None
    assert column.reader is not None
    read = raw_values(values, column.reader)[name]
    assert isinstance(read, np.ndarray)
    offset = offset_of(read)
    reader = column.reader if offset is None else {**column.reader, "offset": offset}
    return replace(column, reader=reader, examples={})


def table_of_series(
    sheet: Sheet,
    series: np.ndarray,
    columns: Sequence[Column],
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    id_column: str | None = None,
) -> Table:
    """The table of series [n, ...], whose other columns stand in a sheet of as many rows."""
    numbers = Texts.of(np.arange(sheet.rows).astype(str))
    sheet = replace(sheet, columns={_LINES: numbers, **sheet.columns})
    is_empty = lengths_of(series) == 0
    if is_empty.any():
        kept = np.flatnonzero(~is_empty)
        if not len(kept):
            raise DataError("no series holds a number")
        taken = {name: values[kept] for name, values in sheet.columns.items()}
        note = f"{int(is_empty.sum())} of {len(series)} series hold no number, and are left out"
        sheet = replace(sheet, columns=taken, rows=len(kept), notes=[*sheet.notes, note])
        if options["given"] is not None:
            options = {**options, "given": options["given"][kept]}
    alone = Features(include=[_LINES], types={_LINES: "categorical"})
    table = build_table(sheet, features=alone, **options)
    series = series[table.features[_LINES].to_array().astype(int)]
    names = tuple(column.name for column in columns)
    others = [_described(column, id_column) for column in table.columns if column.name != _LINES]
    unused = [column.name for column in others if column.reason == _ALONE and column.kind != "id"]
    return _of_series(
        replace(table, columns=(*columns, *others)),
        series,
        names,
        settings,
        [_word_on_unused(unused)] if unused else [],
    )


def _described(column: Column, id_column: str | None) -> Column:
    if column.use != "left out" or column.kind in ("constant", "text"):
        return column
    if column.name == id_column:
        return replace(column, kind="id", reason="says which steps are one series")
    return replace(column, reason=_ALONE)


def _word_on_unused(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{shown}{more}: not used, for {_ALONE}"


def array_table(
    rows: Any,
    lengths: np.ndarray | None,
    target: Any,
    task: Task | None,
    positive: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> Table:
    """The table of series as `series_of_arrays` takes them, and targets [n]. Raises DataError."""
    try:
        series = series_of_arrays(rows, lengths)
    except ValueError as error:
        raise DataError(str(error)) from None
    values = np.asarray(target)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != series.shape[:1]:
        raise DataError(f"{len(series)} series, but a target of the shape {list(values.shape)}")
    if (is_empty := lengths_of(series) == 0).any():
        raise DataError(f"series {int(is_empty.argmax()) + 1} holds no number", help="leave it out")
    encoded = encode_target("the target", values, task, positive=positive)
    if encoded.missing:
        raise DataError(f"{encoded.missing} rows have no target")
    table = Table(
        features=series,
        target=encoded.values,
        feature_names=(),
        labels=encoded.labels,
        task=encoded.task,
        notes=tuple(encoded.notes),
        target_reader=encoded.reader,
    )
    names = tuple(f"x{channel}" for channel in range(series.shape[2]))
    return _of_series(table, series, names, settings or {}, [])


def _of_series(
    table: Table,
    series: np.ndarray,
    names: tuple[str, ...],
    settings: Mapping[str, Any],
    notes: Sequence[str],
) -> Table:
    """The table whose features are these series, with words on their lengths and gaps."""
    lengths = lengths_of(series)
    series = series[:, : lengths.max()]
    is_padded = bool(lengths.min() < series.shape[1])
    inside = np.arange(series.shape[1]) < lengths[:, None]
    gaps = dict(
        zip(names, (np.isnan(series) & inside[..., None]).sum((0, 1)).tolist(), strict=True)
    )
    columns = (
        replace(each, gaps=gaps[each.name]) if each.use == "feature" else each
        for each in table.columns
    )
    return replace(
        table,
        columns=tuple(columns),
        features=np.ascontiguousarray(series),
        feature_names=names,
        kind="series",
        settings={**settings, "is_padded": is_padded},
        notes=(*table.notes, *notes, *_words(series, lengths, gaps)),
    )


def _words(series: np.ndarray, lengths: np.ndarray, gaps: Mapping[str, int]) -> list[str]:
    """What people should know of series: their lengths, and the gaps of each channel."""
    count, steps, channels = series.shape
    of = f" of {channels} channels" if channels > 1 else ""
    words = [f"{count:,} series{of}, each of {steps} steps"]
    if lengths.min() < steps:
        words = [
            f"{count:,} series{of}, of {lengths.min()} to {steps} steps, {np.median(lengths):g} in "
            "the middle: shorter ones are padded, and what pads is masked"
        ]
    each = [f"{number:,} in `{name}`" for name, number in gaps.items() if number]
    if each:
        more = f" and {len(each) - _MOST_NAMED} more channels" if len(each) > _MOST_NAMED else ""
        words.append(
            f"gaps in series: {', '.join(each[:_MOST_NAMED])}{more}; each counts as the mean of "
            "its channel"
        )
    return words
