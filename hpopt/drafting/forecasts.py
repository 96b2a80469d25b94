"""The first config for a forecast: its columns, how far apart its rows are, its season."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpopt.config.dumping import inline_yaml
from hpopt.data.column_kinds import look
from hpopt.data.forecast import find_season
from hpopt.data.reading import read_csv, read_parquet
from hpopt.data.row_roles import group_numbers
from hpopt.data.settings import WindowSettings
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows
from hpopt.data.time_steps import grid_of, reader_of_stamps, stamps_of
from hpopt.data.windows import build_windows
from hpopt.drafting.parts import (
    Draft,
    batch_size_for,
    comment,
    head_lines,
    path_from,
    search_lines,
)
from hpopt.errors import ConfigError, DataError, closest
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, numbers_of

_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
_LONGEST = 192  # steps of a drafted window
# Of more steps a recurrent fit takes most of a minute: too few trials come of it.
_MOST_RECURRENT = 60
_MOST_SERIES = 0.5  # of the rows: a column of more different texts tells no series apart
_FEWEST_STEPS = 20  # of a series


@dataclass(frozen=True)
class Wanted:
    """What the owner says of a forecast; what is None is to be found."""

    target: str | None = None
    time: str | None = None
    groups: str | None = None
    horizon: int | None = None


def draft_forecast(data: Path, wanted: Wanted, place: Path) -> Draft:
    """A config for a forecast of the table in `data`, that is to lie in the folder `place`.

    Raises DataError where the table makes no forecast, ConfigError where it has to be said what is
    to be forecast, or when.
    """
    is_parquet = data.suffix.lower() in (".parquet", ".pq")
    sheet = read_parquet(data) if is_parquet else read_csv(data)
    time = _time(sheet, wanted.time)
    target = _target(sheet, wanted.target, {time, wanted.groups})
    groups = wanted.groups
    if groups is not None:
        _check_column(sheet, groups, "--groups")
    notes: list[str] = []
    if groups is None and (groups := _groups(sheet, time, target)) is not None:
        notes.append(f"`{groups}` tells series apart, each of which has a row at a time")
    windows = _windows(sheet, time, target, groups, wanted.horizon)
    table = _table(sheet, windows, time, target, groups)
    text = "\n".join(
        _lines(table, "parquet" if is_parquet else "csv", path_from(place, data), target, windows)
    )
    return Draft(text + "\n", [*notes, *table.notes])


def _time(sheet: Sheet, asked: str | None) -> str:
    """The column of time stamps: the one that is asked for, else the only one of dates."""
    if asked is not None:
        _check_column(sheet, asked, "--time")
        return asked
    dates = [n for n, values in sheet.columns.items() if _is_date(n, values, sheet.decimal)]
    if len(dates) == 1:
        return dates[0]
    raise ConfigError(
        f"the table has {len(dates) or 'no'} columns of dates"
        + (f", {_listed(dates)}" if dates else ""),
        help="name the column of the time stamps: `--time NAME`",
    )


def _is_date(name: str, values: Stored, decimal: str) -> bool:
    return look(name, values, decimal).kind == "date"


def _target(sheet: Sheet, asked: str | None, others: set[str | None]) -> str:
    """The column to forecast: the one that is asked for, else the only one of numbers."""
    if asked is not None:
        _check_column(sheet, asked, "--target")
        return asked
    numbers = [
        name
        for name, values in sheet.columns.items()
        if name not in others and look(name, values, sheet.decimal).kind == "numeric"
    ]
    if len(numbers) == 1:
        return numbers[0]
    raise ConfigError(
        "it is not said which column is to be forecast",
        help=f"add `--target NAME`, with one of {_listed(numbers[:30])}" if numbers else None,
    )


def _check_column(sheet: Sheet, name: str, option: str) -> None:
    if name in sheet.columns:
        return
    match = closest(name, sheet.columns)
    meant = f"did you mean `{match}`? " if match else ""
    raise ConfigError(
        f"the table has no column `{name}`, which `{option}` names",
        help=f"{meant}it has {_listed(list(sheet.columns)[:30])}",
    )


def _groups(sheet: Sheet, time: str, target: str) -> str | None:
    """The column that tells series apart, where stamps are there several times."""
    stored = sheet.columns[time]
    stamps = stamps_of(stored, reader_of_stamps(time, stored, sheet.decimal))
    if len(np.unique(stamps)) == len(stamps):
        return None
    for name, values in sheet.columns.items():
        if name in (time, target) or not _may_tell_apart(values):
            continue
        codes = group_numbers(values)
        if len(np.unique(codes)) > _MOST_SERIES * len(codes):
            continue
        pairs = np.unique(np.stack([codes.astype(np.float64), stamps.astype(np.float64)]), axis=1)
        if pairs.shape[1] == len(stamps):
            return name
    return None


def _may_tell_apart(values: Stored) -> bool:
    """Whether values are texts, or whole numbers."""
    if isinstance(values, Texts):
        return True
    return values.dtype.kind == "f" and bool((np.isfinite(values) & (values % 1 == 0)).all())


def _windows(
    sheet: Sheet, time: str, target: str, groups: str | None, horizon: int | None
) -> WindowSettings:
    """Windows of about two seasons, to say a season ahead, as far as the series are long enough."""
    stored = sheet.columns[time]
    stamps = stamps_of(stored, reader_of_stamps(time, stored, sheet.decimal))
    by_group = None if groups is None else as_categories(sheet.columns[groups]).codes
    grid = grid_of(time, stamps, None if by_group is None else by_group.astype(np.int64))
    y = np.append(numbers_of(sheet, target), np.nan)[grid.rows]
    if np.isnan(y).all():
        raise DataError(f"`{target}` holds no numbers, and can't be forecast")
    longest = int(np.unique(grid.series, return_counts=True)[1].max())
    if longest < _FEWEST_STEPS:
        raise DataError(
            f"the longest series has {longest} steps, and {_FEWEST_STEPS} are the least",
            help="name another column of time stamps, or of what tells series apart",
        )
    season = find_season(y, grid.series, grid.steps)
    room = max(2, longest // 12)  # a part is a fifth of the steps, and has to hold some windows
    if horizon is None:
        horizon = max(1, min(season if season > 1 else 1, 24, room // 2))
    length = 2 * season if 1 < season <= _LONGEST // 2 else season if season <= _LONGEST else 28
    length = max(2, min(length if season > 1 else 24, room))
    known = [time] if grid.steps.are_dates else []
    return WindowSettings(length=length, horizon=horizon, known=known, season=season)


def _table(
    sheet: Sheet, windows: WindowSettings, time: str, target: str, groups: str | None
) -> Table:
    """The table of the windows; where the calendar has nothing to say, nothing is known ahead."""

    def build(settings: WindowSettings) -> Table:
        return build_windows(sheet, settings, target=target, order=time, groups=groups)

    bare = build(windows.model_copy(update={"known": []}))
    assert bare.forecast is not None
    if not bare.forecast.calendar:
        windows.known.clear()
        return bare
    return build(windows)


def _lines(
    table: Table, source: str, path: str, target: str, windows: WindowSettings
) -> Iterator[str]:
    forecast = table.forecast
    assert forecast is not None
    parts = split_rows(table, **_SHARES, seed=0, stratify="auto")
    fitted = len(parts.train)
    batch = batch_size_for(fitted)
    docs = "docs/forecasting.md tells of forecasts, docs/configuration.md explains every key."
    [about] = [column.reason for column in table.columns if column.use == "target"]
    yield from head_lines(source, path, docs)
    yield f"  target: {inline_yaml(target)}  # {comment(about)}"
    yield from _columns(table)
    yield f"  windows:  # the rows are {forecast.steps} apart"
    yield f"    length: {windows.length}  # steps of the past that a forecast is made of"
    yield f"    horizon: {windows.horizon}  # steps ahead"
    season = "no season was found" if forecast.season == 1 else "steps of a season"
    yield f"    season: {forecast.season}  # {season}: what `mase` counts in"
    yield from _known(table, windows)
    series = f", groups: {inline_yaml(forecast.groups)}" if forecast.groups else ""
    shares = ", ".join(f"{name}: {share}" for name, share in _SHARES.items())
    yield f"  split: {{order: {inline_yaml(forecast.time)}{series}, {shares}}}"
    yield f"  # {len(table.target):,} windows: " + ", ".join(
        f"{len(rows):,} {name}" for name, rows in parts.items()
    )
    steps = windows.length + (windows.horizon if forecast.known else 0)
    is_long = steps > _MOST_RECURRENT
    yield "model:"
    if is_long:
        yield "  builder: dense_dropout  # or recurrent: a minute a fit of so many steps"
    else:
        yield "  builder: recurrent  # or conv with causal: true, or dense_dropout"
    yield "training:"
    yield "  epochs: 60  # at most: early stopping ends a fit that gets no better"
    yield f"  batch_size: {batch}"
    yield f"  decay_steps: {-(-fitted // batch)}  # the steps of an epoch"
    yield "  metric: mase  # or mae, rmse, wape, r2"
    yield "  early_stopping: {monitor: val_loss, patience: 8}"
    yield "space:"
    yield (
        "  learning_rate:  {type: real, low: 3e-4, high: 2e-2, prior: log-uniform, default: 3e-3}"
    )
    yield "  learning_decay: {type: real, low: 0.85, high: 1.0, default: 0.95}  # an epoch"
    yield from _DENSE if is_long else _RECURRENT
    yield from search_lines(n_calls=30)


_RECURRENT = (
    "  units:          {type: integer, low: 8, high: 64, prior: log-uniform, default: 32}",
    "  num_layers:     [1, 2]",
    "  cell:           [gru, lstm]",
    "  head:           [last, attention]",
    "  dropout_prob:   {type: real, low: 0.0, high: 0.4, default: 0.1}",
)
_DENSE = (
    "  num_layers:      {type: integer, low: 1, high: 3, default: 1}",
    "  num_dense_nodes: {type: integer, low: 16, high: 256, prior: log-uniform, default: 64}",
    "  activation:      [relu, silu]",
    "  dropout_prob:    {type: real, low: 0.0, high: 0.5, default: 0.2}",
)


def _columns(table: Table) -> Iterator[str]:
    others = [column for column in table.columns if column.use not in ("target", "order")]
    if not others:
        return
    yield "  # What the other columns are, found by looking at them:"
    for column in others[:100]:
        use = column.kind if column.use == "feature" else f"{column.use} ({column.kind})"
        yield f"  #   {comment(column.name)}: {use}; {comment(column.reason)}"
    yield "  features: {exclude: []}  # names of columns that are not to be used"


def _known(table: Table, windows: WindowSettings) -> Iterator[str]:
    features: Sequence[str] = [c.name for c in table.columns if c.use == "feature"]
    example = f", such as {inline_yaml(features[0])}" if features else ""
    shown = ", ".join(map(inline_yaml, windows.known))
    what = "the calendar of the steps ahead" if windows.known else "nothing"
    yield f"    known: [{shown}]  # {what}; add columns that are known ahead{comment(example)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
