"""Series out of the columns of a file, read as the training data were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.errors import DataError
from hpopt.inputs.series.steps import readers_of, rows_by_id, series_of
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, as_texts, is_gap
from hpopt.inputs.table.reading import read_column, readers_for

_MOST_NOTES = 5


def series_of_sheet(
    sheet: Sheet, source: str, layout: Mapping[str, Any]
) -> tuple[np.ndarray, list[str]]:
    """The series [n, steps, channels] of a sheet, and what people should know. Raises DataError."""
    notes: list[str] = []
    columns: dict[str, np.ndarray] = {}
    for reader in readers_for(sheet, source, readers_of(layout), notes):
        # A column of gaps alone is a step that no series has.
        columns |= read_column(sheet, source, {**reader, "misread": True}, notes)
    try:
        series = series_of(columns, layout)
    except ValueError as error:
        raise DataError(
            f"{source}: {error}", help="rows are counted from 1, without the header"
        ) from None
    more = len(notes) - _MOST_NOTES
    if more > 0:
        notes[_MOST_NOTES:] = [f"and {more} more columns hold values that do not fit"]
    return series, notes


def line_a_series(
    sheet: Sheet, source: str, layout: Mapping[str, Any], alike: Sequence[str]
) -> Sheet:
    """The sheet with a line for each series, in the order of `series_of_sheet`.

    In the columns that are `alike` all lines of a series say the same, but for gaps. Raises
    DataError where they don't.
    """
    if layout["form"] == "wide":
        return sheet
    ids = _ids(sheet, layout)
    try:
        codes, first = rows_by_id(ids)
    except ValueError as error:
        raise DataError(f"{source}: {error}", help=f"ids are `{layout['id']['column']}`") from None
    others = [name for name in sheet.columns if name not in _of_steps(layout)]
    lines = dict.fromkeys(others, first)
    for name in alike:
        if name in sheet.columns:
            lines[name] = _only(sheet.columns[name], name, codes, first, ids, source)
    columns: dict[str, Stored] = {name: sheet.columns[name][lines[name]] for name in others}
    return replace(sheet, columns=columns, rows=len(first))


def _of_steps(layout: Mapping[str, Any]) -> set[str]:
    """The columns of a long layout that have a value for each step."""
    return {reader["column"] for reader in readers_of(layout)} - {layout["id"]["column"]}


def _ids(sheet: Sheet, layout: Mapping[str, Any]) -> np.ndarray:
    stored = as_categories(sheet.columns[layout["id"]["column"]], layout["id"])
    return stored.to_array()


def _only(
    stored: Stored, name: str, codes: np.ndarray, first: np.ndarray, ids: np.ndarray, source: str
) -> np.ndarray:
    """Of each series [n] the line in which a column's only value stands, or its first line."""
    values = stored.codes if isinstance(stored, Texts) else stored
    there = np.flatnonzero(~is_gap(stored))
    line = first.copy()
    line[codes[there][::-1]] = there[::-1]  # the first one is written last
    differs = values[there] != values[line[codes[there]]]
    if differs.any():
        other = int(there[differs.argmax()])
        one = int(line[codes[other]])
        said = [as_texts(stored[row : row + 1])[0] for row in (one, other)]
        raise DataError(
            f"`{name}` of {source} differs within the id {ids[other]}: "
            f'"{said[0]}" in row {one + 1}, "{said[1]}" in row {other + 1}',
            help="a series has one of it; if it changes from step to step, it is no such column",
        )
    return line
