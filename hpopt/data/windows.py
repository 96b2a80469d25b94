"""From a sheet in time order to a table of windows: the past of a series, and the steps ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpopt.data.building import checked_transform, target_as_column
from hpopt.data.column_kinds import Column
from hpopt.data.forecast import (
    Forecast,
    behind,
    calendar_columns,
    calendar_parts,
    find_season,
    naive_forecasts,
)
from hpopt.data.prepared import Prepared
from hpopt.data.recorded import columns_as_recorded, target_as_recorded
from hpopt.data.row_roles import TIME, group_numbers, time_column
from hpopt.data.settings import DateColumn, Features, WindowSettings
from hpopt.data.sources import Table
from hpopt.data.target_spec import TargetTransform
from hpopt.data.targets import encode_target, shown_range
from hpopt.data.time_steps import Grid, grid_of, reader_of_stamps, stamps_of
from hpopt.data.typed_columns import check_names, typed_columns
from hpopt.errors import DataError, SettingError, closest
from hpopt.inputs.stored import Sheet, Texts
from hpopt.inputs.table.columns import RawColumns
from hpopt.inputs.windows.rows import Windows

# Of the past of a window so much must be there; the rest are gaps.
_LEAST_KNOWN = 0.5
_FEWEST_WINDOWS = 10


@dataclass(frozen=True)
class Series:
    """Series on a grid of steps, one behind the other: the target `y` [m], and raw columns [m]."""

    grid: Grid
    y: np.ndarray
    columns: RawColumns

    def windows(self, forecast: Forecast, *, with_target: bool = True) -> np.ndarray:
        """Where windows begin [n]: those that can be forecast from, in the order of their time.

        The latest step is known, and half of the past; with a target, the steps ahead are too.
        """
        length = forecast.length
        last = length + (forecast.horizon if with_target or forecast.known else 0) - 1
        count = len(self.y) - last
        if count < 1:
            return np.zeros(0, np.int64)
        starts = np.arange(count)
        is_known = ~np.isnan(self.y)
        totals = np.concatenate([[0], np.cumsum(is_known)])
        past = totals[starts + length] - totals[starts]
        usable = (self.grid.series[starts] == self.grid.series[starts + last]) & (
            is_known[starts + length - 1] & (past >= _LEAST_KNOWN * length)
        )
        if with_target:
            ahead = totals[starts + length + forecast.horizon] - totals[starts + length]
            usable &= ahead == forecast.horizon
            places = self.grid.places[starts + length - 1]
            usable &= (places - (length - 1)) % forecast.stride == 0
        kept = starts[usable]
        return np.asarray(kept[np.argsort(self.grid.places[kept + length - 1], kind="stable")])

    def rows(self, starts: np.ndarray, forecast: Forecast) -> Windows:
        """The windows that begin at these steps."""
        known = tuple(
            name
            for name in self.columns
            if name in forecast.known
            or (forecast.time in forecast.known and name in _calendar_names(forecast))
        )
        return Windows(self.columns, starts, forecast.length, forecast.horizon, known)

    def target(self, starts: np.ndarray, forecast: Forecast) -> np.ndarray:
        """What the windows have to say [n, horizon]."""
        ahead = starts[:, None] + forecast.length + np.arange(forecast.horizon)
        return np.asarray(self.y[ahead])

    def blocks(self, starts: np.ndarray, forecast: Forecast) -> np.ndarray:
        """A number for each window [n], the same for those that are near each other in time.

        Windows of one block share steps, and what they miss: they count as one in statistics.
        """
        places = self.grid.places[starts + forecast.length - 1]
        size = max(2 * forecast.horizon, round(len(np.unique(places)) ** (1 / 3)))
        return np.asarray(places // size)


def build_windows(
    sheet: Sheet,
    settings: WindowSettings,
    *,
    target: str,
    order: str | None,
    groups: str | None = None,
    target_transform: TargetTransform = "none",
    features: Features | None = None,
    train: float = 0.6,
    recorded: Prepared | None = None,
) -> Table:
    """The table of the windows of a sheet's series, in the order of time.

    A season that is to be found is looked for in the first share `train` of the time. Where a run
    has `recorded` what its columns are, they are that.

    Raises SettingError where a setting does not fit the sheet, DataError where its rows make no
    windows.
    """
    features = features or Features()
    order = _checked_order(sheet, order)
    check_names(sheet, target, features, groups, order, None)
    for name, key in ((order, "order"), (groups, "groups")):
        if name == target:
            raise SettingError(
                f"`{name}` is the target, and can't be anything else", ("split", key)
            )
    reader = _time_reader(sheet, order, features, recorded)
    stamps = stamps_of(sheet.columns[order], reader)
    by_group = None if groups is None else group_numbers(sheet.columns[groups])
    grid = grid_of(order, stamps, by_group)
    encoded = (
        encode_target(f"the target `{target}`", sheet.columns[target], "regression", sheet.decimal,
                      sheet.gaps)
        if recorded is None
        else target_as_recorded(target, sheet, recorded)
    )  # fmt: skip
    columns, raw = _covariates(sheet, features, target, order, groups, recorded)
    parts = calendar_parts(grid.steps, int(np.ptp(grid.places)) + 1)
    if order in features.exclude:
        parts = ()
    series = _series(grid, target, encoded.values, raw, order, parts)
    known = _known(settings, order, parts, columns, raw)
    early = grid.places < grid.places.min() + train * (np.ptp(grid.places) + 1)
    season = settings.season
    if season == "auto":
        season = find_season(series.y[early], grid.series[early], grid.steps)
    forecast = Forecast(
        time=order,
        groups=groups,
        length=settings.length,
        horizon=settings.horizon,
        stride=settings.stride,
        known=known,
        calendar=parts,
        steps=grid.steps,
        season=season,
        reader=reader,
    )
    starts = series.windows(forecast)
    if len(starts) < _FEWEST_WINDOWS:
        raise _too_few(series, forecast, len(starts))
    y = series.target(starts, forecast)
    latest = starts + forecast.length - 1
    words: Mapping[str, int] = sheet.words.get(target, {})
    of_target = replace(
        target_as_column(target, replace(encoded, task="regression"), words),
        reason=f"forecast, {shown_range(series.y)}",
    )
    place = {name: index for index, name in enumerate(sheet.columns)}
    windows = series.rows(starts, forecast)
    notes = [*sheet.notes, *encoded.notes, *grid.notes]
    if encoded.missing:
        rows = "row" if encoded.missing == 1 else "rows"
        notes.append(f"{encoded.missing} {rows} without `{target}` are no target")
    return Table(
        features=windows,
        target=y,
        feature_names=tuple(windows.columns),
        labels=(),
        task="forecast",
        target_transform=checked_transform(target_transform, replace(encoded, task="regression")),
        kind="windows",
        settings={"readers": [c.reader for c in columns if c.use == "feature"]},
        groups=series.blocks(starts, forecast),
        order=grid.places[latest].astype(np.float64),
        columns=tuple(sorted([of_target, *columns], key=lambda column: place[column.name])),
        notes=tuple(notes),
        target_reader=encoded.reader,
        encoding=sheet.encoding,
        forecast=forecast,
        naive=naive_forecasts(series.y, grid.series, latest, forecast.horizon, season),
        season_errors=np.abs(y - series_behind(series, starts, forecast)),
        stamps=_as_numbers(grid.stamps[latest]),
        series=grid.series[latest],
    )


def series_behind(series: Series, starts: np.ndarray, forecast: Forecast) -> np.ndarray:
    """The values one season before the steps ahead [n, horizon], NaN where they are not known."""
    lagged = behind(series.y, series.grid.series, forecast.season)
    return np.asarray(lagged[starts[:, None] + forecast.length + np.arange(forecast.horizon)])


def _as_numbers(stamps: np.ndarray) -> np.ndarray:
    return stamps.astype(np.int64).astype(np.float64) if stamps.dtype.kind == "M" else stamps


def _time_reader(
    sheet: Sheet, order: str, features: Features, recorded: Prepared | None
) -> Mapping[str, Any]:
    """How the time stamps are read. Raises SettingError where they are none."""
    if recorded is not None and recorded.forecast is not None:
        return recorded.forecast.reader
    named = features.types.get(order)
    date_format = named.date if isinstance(named, DateColumn) else None
    zone = sheet.zones.get(order, "none")
    return reader_of_stamps(order, sheet.columns[order], sheet.decimal, zone, date_format)


def _checked_order(sheet: Sheet, order: str | None) -> str:
    """The column of time stamps. Raises SettingError where there is none."""
    if order is None:
        raise SettingError(
            "windows need time stamps", ("windows",), help="name their column: `order` in `split`"
        )
    if order == TIME and order not in sheet.columns:
        return time_column(dict(sheet.columns), order, sheet.decimal)
    return order


def _covariates(
    sheet: Sheet,
    features: Features,
    target: str,
    order: str,
    groups: str | None,
    recorded: Prepared | None,
) -> tuple[list[Column], dict[str, np.ndarray | Texts]]:
    """What the columns besides the target are, and those of a step, each [rows]."""
    stored = {name: values for name, values in sheet.columns.items() if name != target}
    if recorded is not None:
        return columns_as_recorded(stored, recorded)
    roles: dict[str | None, Any] = {groups: "groups", order: "order"}
    columns, raw = typed_columns(stored, sheet, features, roles)
    # A date that is no time stamp counts days, of which a network would learn the training part's.
    for column in columns:
        for name in [f"{column.name}.days"] if column.use == "feature" else ():
            raw.pop(name, None)
    return [_without_days(column) for column in columns], raw


def _without_days(column: Column) -> Column:
    reader = column.reader
    if reader is None or "days" not in reader.get("parts", ()):
        return column
    parts = [part for part in reader["parts"] if part != "days"]
    if not parts:
        return replace(column, use="left out", reader=None, reason="days that go on and on")
    return replace(column, reader={**reader, "parts": parts})


def _series(
    grid: Grid,
    target: str,
    y: np.ndarray,
    raw: RawColumns,
    order: str,
    parts: tuple[str, ...],
) -> Series:
    """The series on their grid: missing steps are gaps, but for the calendar."""
    columns: dict[str, np.ndarray | Texts] = {target: np.append(y, np.nan)[grid.rows]}
    for name, values in raw.items():
        if isinstance(values, Texts):
            columns[name] = replace(values, codes=np.append(values.codes, np.int32(-1))[grid.rows])
        else:
            columns[name] = np.append(values.astype(np.float64), np.nan)[grid.rows]
    if parts:
        columns |= calendar_columns(grid.stamps, order, parts)
    values = columns[target]
    assert isinstance(values, np.ndarray)
    return Series(grid, values, columns)


def _known(
    settings: WindowSettings,
    order: str,
    parts: tuple[str, ...],
    columns: list[Column],
    raw: RawColumns,
) -> tuple[str, ...]:
    """The columns that are known ahead; those of a step that a name of the sheet stands for."""
    by_name = {column.name: column for column in columns}
    for index, name in enumerate(settings.known):
        key = ("windows", "known", index)
        if name == order:
            if not parts:
                raise SettingError(
                    f"`{name}` has no parts that vary from step to step", key, help="leave it out"
                )
            continue
        column = by_name.get(name)
        if column is None or column.use != "feature":
            what = "the target" if column is None else f"left out: {column.reason}"
            if column is None and (match := closest(name, by_name)):
                what = f"no column of the table; did you mean `{match}`?"
            raise SettingError(f"`{name}` can't be known ahead: it is {what}", key)
    return tuple(settings.known)


def _calendar_names(forecast: Forecast) -> list[str]:
    return [f"{forecast.time}.{part}" for part in forecast.calendar]


def _too_few(series: Series, forecast: Forecast, count: int) -> DataError:
    longest = int(np.unique(series.grid.series, return_counts=True)[1].max())
    return DataError(
        f"the rows make {count or 'no'} windows of {forecast.length} steps and {forecast.horizon} "
        f"ahead, and {_FEWEST_WINDOWS} are the least: the longest series has {longest} steps",
        help="set `windows.length` lower; a window needs its latest step, half of its past, and "
        "all steps ahead",
    )
