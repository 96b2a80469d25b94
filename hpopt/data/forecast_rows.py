"""New rows of series for a forecast that is there: the latest ones, or all of a later file."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from hpopt.data.forecast import Forecast, calendar_columns
from hpopt.data.new_target import NewRows, check_columns, target_of
from hpopt.data.prepared import Prepared
from hpopt.data.time_steps import Grid, grid_of, shown_stamp, stamps_of
from hpopt.data.windows import Series
from hpopt.errors import DataError
from hpopt.inputs.stored import Sheet, Texts, as_categories
from hpopt.inputs.table.columns import RawColumns
from hpopt.inputs.table.reading import word_on_zones
from hpopt.inputs.windows.rows import KindOfWindows

_MOST_NAMED = 5


def forecast_rows(sheet: Sheet, source: str, data: Prepared, *, with_target: bool) -> NewRows:
    """The windows of a sheet: all whose steps ahead are known, or of each series the latest one.

    The latest step is the last one with a target; rows behind it hold what is known ahead. Raises
    DataError where a series is too short, or what is known ahead is not there.
    """
    forecast = cast(Forecast, data.forecast)
    kind = cast(KindOfWindows, data.features)
    target = data.target_name or "target"
    groups = [] if forecast.groups is None else [forecast.groups]
    check_columns(source, sheet, [forecast.time, *groups, target, *kind.columns_needed()])
    names: tuple[str, ...] = ("",)
    of_group = None
    if groups:
        texts = as_categories(sheet.columns[groups[0]])
        names, of_group = (*texts.distinct, ""), texts.codes.astype(np.int64)
    stamps = stamps_of(sheet.columns[forecast.time], forecast.reader)
    grid = grid_of(forecast.time, stamps, of_group, forecast.steps)
    notes = [*sheet.notes, *word_on_zones(sheet, forecast.reader)]
    y = target_of(sheet.columns[target], f"`{target}` of {source}", data, notes, sheet.decimal)
    columns, about = kind.columns_of_sheet(sheet, source)
    notes += about
    if with_target:
        return _all(_series(grid, y, columns, target, forecast), forecast, kind, source, notes)
    return _latest(grid, y, columns, target, forecast, kind, source, names, notes)


def _series(
    grid: Grid, y: np.ndarray, columns: RawColumns, target: str, forecast: Forecast
) -> Series:
    by_name: dict[str, np.ndarray | Texts] = {target: np.append(y, np.nan)[grid.rows]}
    for name, values in columns.items():
        if isinstance(values, Texts):
            codes = np.append(values.codes, np.int32(-1))[grid.rows]
            by_name[name] = replace(values, codes=codes)
        else:
            by_name[name] = np.append(values, np.nan)[grid.rows]
    by_name |= calendar_columns(grid.stamps, forecast.time, forecast.calendar)
    return Series(grid, np.asarray(by_name[target]), by_name)


def _all(
    series: Series, forecast: Forecast, kind: KindOfWindows, source: str, notes: list[str]
) -> NewRows:
    starts = series.windows(forecast)
    if not len(starts):
        raise DataError(
            f"{source} has no window of {forecast.length} steps with {forecast.horizon} known ones "
            "behind it",
            help="give the rows before too: a forecast is made of the past",
        )
    return NewRows(
        rows=kind.kept(series.rows(starts, forecast)),
        count=len(starts),
        target=series.target(starts, forecast),
        groups=series.blocks(starts, forecast),
        notes=[*notes, *series.grid.notes],
    )


def _latest(
    grid: Grid,
    y: np.ndarray,
    columns: RawColumns,
    target: str,
    forecast: Forecast,
    kind: KindOfWindows,
    source: str,
    names: tuple[str, ...],
    notes: list[str],
) -> NewRows:
    """The steps behind the last target of each series, a row each."""
    grid = _longer(grid, forecast.horizon)
    series = _series(grid, y, columns, target, forecast)
    ends = [
        int(np.flatnonzero((grid.series == each) & ~np.isnan(series.y))[-1])
        for each in np.unique(grid.series)
        if ((grid.series == each) & ~np.isnan(series.y)).any()
    ]
    possible = set(series.windows(replace(forecast, stride=1), with_target=False).tolist())
    starts = [end - forecast.length + 1 for end in ends]
    short = [s for s in starts if s not in possible]
    starts = [s for s in starts if s in possible]
    if not starts:
        raise DataError(
            f"{source} has no {forecast.length} steps, {forecast.steps} apart, before its last "
            f"`{target}`: at least half of them must be known",
            help=f"give the last {forecast.length} rows of a series, or more",
        )
    if short:
        shown = ", ".join(
            f"`{names[grid.series[start + forecast.length - 1]]}`" for start in short[:_MOST_NAMED]
        )
        more = f" and {len(short) - _MOST_NAMED} more" if len(short) > _MOST_NAMED else ""
        notes.append(f"too short to be forecast: {shown}{more}")
    taken = np.array(starts)
    windows = series.rows(taken, forecast)
    ahead = taken[:, None] + forecast.length + np.arange(forecast.horizon)
    _check_known(series, forecast, kind, ahead.reshape(-1), source, names)
    at = ahead.reshape(-1)
    shown_stamps = [shown_stamp(stamp) for stamp in grid.stamps[at]]
    times = np.array(shown_stamps) if forecast.steps.are_dates else grid.stamps[at]
    ids = {forecast.time: times, "step": np.tile(np.arange(1, forecast.horizon + 1), len(taken))}
    if forecast.groups is not None:
        ids = {forecast.groups: np.array([names[code] for code in grid.series[at]]), **ids}
    return NewRows(rows=kind.kept(windows), count=len(at), ids=ids, notes=[*notes, *grid.notes])


def _longer(grid: Grid, steps: int) -> Grid:
    """The grid with so many steps more behind each series, which no row stands for."""
    rows, places, series, stamps = [], [], [], []
    for each in np.unique(grid.series):
        here = np.flatnonzero(grid.series == each)
        more = grid.places[here[-1]] + np.arange(1, steps + 1)
        # A series may stand between the steps of others.
        of_steps = grid.steps.stamps(np.concatenate([grid.places[here[-1:]], more]))
        behind = of_steps[1:] + (grid.stamps[here[-1]] - of_steps[0])
        rows.append(np.concatenate([grid.rows[here], np.full(steps, -1)]))
        places.append(np.concatenate([grid.places[here], more]))
        series.append(np.full(len(here) + steps, each))
        stamps.append(np.concatenate([grid.stamps[here], behind]))
    return replace(
        grid,
        rows=np.concatenate(rows),
        places=np.concatenate(places),
        series=np.concatenate(series),
        stamps=np.concatenate(stamps),
    )


def _check_known(
    series: Series,
    forecast: Forecast,
    kind: KindOfWindows,
    at: np.ndarray,
    source: str,
    names: tuple[str, ...],
) -> None:
    """Raise DataError where a step ahead has no row, or no value of what is known ahead."""
    calendar = {f"{forecast.time}.{part}" for part in forecast.calendar}
    needed = [name for name in kind.known if name not in calendar]
    for name in needed:
        values = series.columns[name]
        is_missing = series.grid.rows[at] < 0
        if isinstance(values, np.ndarray) and not kind.is_gap_possible(name):
            is_missing |= np.isnan(values[at])
        if not is_missing.any():
            continue
        step = at[int(is_missing.argmax())]
        where = shown_stamp(series.grid.stamps[step])
        of_series = (
            f" of `{names[series.grid.series[step]]}`" if forecast.groups is not None else ""
        )
        raise DataError(
            f"{source} lacks `{name}`{of_series} at {where}, which has to be known ahead "
            f"({int(is_missing.sum())} of {len(at)} steps lack it)",
            help=f"behind the last `{kind.names[0]}` add a row for each of the "
            f"{forecast.horizon} steps to come, with "
            f"{_listed(needed)} and an empty `{kind.names[0]}`",
        )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
