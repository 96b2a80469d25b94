"""Series as one array [n, steps, channels], float32, of whatever they stand in.

An export carries this file along: it needs NumPy alone. NaN is what is not known: behind the last
known step of a series it pads, before that it is a gap.

In the columns of a table series stand by a layout, as in `columns.json`. *Wide* is a row a series,
with a column for each step of each channel. *Long* is a row a step: the `id` says of which series
it is, and the `time` where it belongs; without a time it is the order of the rows.

    {"form": "wide", "channels": [{"name": "x", "columns": ["x00", "x01"], "reader": {...}}]}
    {"form": "long", "id": {...}, "time": {...}, "channels": [{"name": "x", "reader": {...}}]}

Where `id`, `time` and each `reader` say how a column is read, as `raw.py` has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def readers_of(layout: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How each column of a layout is read, with its name as `column`."""
    if layout["form"] == "wide":
        return [
            {**channel["reader"], "column": column}
            for channel in layout["channels"]
            for column in channel["columns"]
        ]
    ways = [layout["id"], layout["time"], *(channel["reader"] for channel in layout["channels"])]
    return [dict(reader) for reader in ways if reader is not None]


def series_of(columns: Mapping[str, np.ndarray], layout: Mapping[str, Any]) -> np.ndarray:
    """The series of columns [lines] as their readers read them. Raises ValueError."""
    if layout["form"] == "wide":
        channels = [[columns[name] for name in each["columns"]] for each in layout["channels"]]
        return np.array(channels, np.float32).transpose(2, 1, 0)
    codes, _ = rows_by_id(columns[layout["id"]["column"]])
    values = np.stack([columns[each["reader"]["column"]] for each in layout["channels"]], axis=-1)
    return _by_row(codes, _times(columns, layout), values)


def _times(columns: Mapping[str, np.ndarray], layout: Mapping[str, Any]) -> np.ndarray | None:
    """The time of each line; of a date it is the days."""
    if layout["time"] is None:
        return None
    name = layout["time"]["column"]
    return columns[f"{name}.days" if layout["time"]["kind"] == "date" else name]


def rows_by_id(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row that each line [lines] belongs to, and the first line of each row [n].

    Rows come in the order in which their ids come first. Raises ValueError where a line has none.
    """
    if (ids == "").any():
        raise ValueError(f"row {int((ids == '').argmax()) + 1} has no id")
    _, first, codes = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[codes], np.sort(first)


def _by_row(codes: np.ndarray, times: np.ndarray | None, values: np.ndarray) -> np.ndarray:
    """Series [n, steps, channels] of lines: of which row each is, and when; NaN behind the end."""
    order = np.argsort(codes, kind="stable")
    if times is not None:
        if np.isnan(times).any():
            raise ValueError(f"row {int(np.isnan(times).argmax()) + 1} has no time")
        order = np.lexsort((times, codes))
        is_twice = (np.diff(codes[order]) == 0) & (np.diff(times[order]) == 0)
        if is_twice.any():
            first = int(is_twice.argmax())
            one, other = sorted(order[first : first + 2].tolist())
            raise ValueError(
                f"rows {one + 1} and {other + 1} have the same id and the same time"
                + (f", and so have {int(is_twice.sum()) - 1} more" if is_twice.sum() > 1 else "")
            )
    counts = np.bincount(codes)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    series = np.full((len(counts), int(counts.max()), values.shape[1]), np.nan, np.float32)
    series[codes[order], place] = values[order]
    return series


def series_of_arrays(rows: Any, lengths: np.ndarray | None = None) -> np.ndarray:
    """Series of an array [n, steps, channels] or [n, steps], or of an array [steps, ...] for each.

    With `lengths` [n], what stands behind so many steps of a series is no part of it. Raises
    ValueError where they are no series.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype == object:
        return _of_each(rows)
    if rows.dtype.kind not in "biuf" or rows.ndim not in (2, 3):
        raise ValueError(f"{rows.dtype} {list(rows.shape)} is no array of series")
    series = np.array(rows if rows.ndim == 3 else rows[..., None], np.float32)
    if np.isinf(series).any():
        row, step, _ = np.argwhere(np.isinf(series))[0].tolist()
        raise ValueError(f"row {row + 1} has an infinite number at step {step + 1}")
    if lengths is not None:
        if lengths.shape != series.shape[:1] or lengths.dtype.kind not in "iu":
            raise ValueError(
                f"the lengths are {lengths.dtype} {list(lengths.shape)}, and there are "
                f"{len(series)} rows"
            )
        if (bad := (lengths < 0) | (lengths > series.shape[1])).any():
            row = int(bad.argmax())
            raise ValueError(
                f"row {row + 1} has the length {lengths[row]}, of {series.shape[1]} steps"
            )
        series[np.arange(series.shape[1]) >= lengths[:, None]] = np.nan
    return series


def _of_each(rows: Sequence[Any]) -> np.ndarray:
    each: list[np.ndarray] = []
    for number, row in enumerate(rows, start=1):
        try:
            steps = np.asarray(row, np.float32)
        except (TypeError, ValueError):
            raise ValueError(f"row {number} is no series of numbers") from None
        steps = steps[:, None] if steps.ndim == 1 else steps
        if steps.ndim != 2 or np.isinf(steps).any():
            raise ValueError(f"row {number} is no series [steps, channels] of finite numbers")
        if each and steps.shape[1] != each[0].shape[1]:
            raise ValueError(
                f"row {number} has {steps.shape[1]} channels, and row 1 has {each[0].shape[1]}"
            )
        each.append(steps)
    if not each:
        raise ValueError("there are no rows")
    series = np.full((len(each), max(map(len, each)), each[0].shape[1]), np.nan, np.float32)
    for row, steps in zip(series, each, strict=True):
        row[: len(steps)] = steps
    return series


def lengths_of(series: np.ndarray) -> np.ndarray:
    """The steps [n] that each series has: up to the last one of which anything is known."""
    is_known = ~np.isnan(series).all(axis=2)
    return np.where(is_known.any(axis=1), series.shape[1] - is_known[:, ::-1].argmax(axis=1), 0)


def with_steps(series: np.ndarray, steps: int) -> np.ndarray:
    """The series with so many steps: cut behind them, or padded with NaN."""
    missing = steps - series.shape[1]
    if missing <= 0:
        return series[:, :steps]
    return np.pad(series, ((0, 0), (0, missing), (0, 0)), constant_values=np.nan)
