"""Time stamps of series as steps: how far apart they are, which are missing, and which are there
twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.data.verdicts import ColumnKind
from hpopt.errors import DataError, SettingError
from hpopt.inputs import raw
from hpopt.inputs.stored import Stored, Texts, Zone, raw_values

Unit = Literal["seconds", "business days", "months", "month ends", "numbers"]

_DAY = 86_400
# Steps may be missing up to so many times those that are there.
_MOST_MISSING = 20
_MOST_NAMED = 3
_NEAR = 1e-6


@dataclass(frozen=True)
class Steps:
    """The distance of the rows of a series: `size` of a `unit`, the first of which is at `origin`.

    Of dates the origin is in seconds since 1970, and stamps are datetime64[s]; of `numbers`, stamps
    are float64.
    """

    unit: Unit
    size: float
    origin: float

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Steps:
        """What `to_json` wrote."""
        return cls(**form)

    def to_json(self) -> dict[str, Any]:
        """In strict JSON."""
        return asdict(self)

    @property
    def are_dates(self) -> bool:
        """Whether stamps are points in time, and no plain numbers."""
        return self.unit != "numbers"

    @property
    def seconds(self) -> float:
        """How long a step is; of months about."""
        by_unit = {"seconds": 1.0, "business days": _DAY, "numbers": np.nan}
        return self.size * by_unit.get(self.unit, 30.44 * _DAY)

    def __str__(self) -> str:
        if self.unit == "numbers":
            return f"{self.size:g}"
        count, unit = self.size, self.unit
        if unit == "seconds":
            for seconds, name in ((7 * _DAY, "weeks"), (_DAY, "days"), (3600, "hours"),
                                  (60, "minutes")):  # fmt: skip
                if self.size % seconds == 0:
                    count, unit = self.size / seconds, name  # type: ignore[assignment]
                    break
        return f"{count:g} {unit.removesuffix('s') if count == 1 else unit}"

    def places(self, stamps: np.ndarray) -> np.ndarray:
        """How many steps [n] stamps are behind the origin; no whole number between two steps."""
        if self.unit == "numbers":
            return np.asarray((stamps - self.origin) / self.size)
        origin = _moment(self.origin)
        if self.unit == "seconds":
            return np.asarray((stamps - origin).astype(np.int64) / self.size)
        days = stamps.astype("datetime64[D]")
        if self.unit == "business days":
            counted = np.busday_count(origin.astype("datetime64[D]"), days)
            return np.asarray(counted / self.size)
        months = days.astype("datetime64[M]").astype(np.int64)
        return np.asarray((months - origin.astype("datetime64[M]").astype(np.int64)) / self.size)

    def stamps(self, places: np.ndarray) -> np.ndarray:
        """The stamps [n] of places."""
        if self.unit == "numbers":
            return np.asarray(self.origin + places * self.size)
        origin = _moment(self.origin)
        if self.unit == "seconds":
            seconds = np.rint(places * self.size).astype(np.int64)
            return np.asarray(origin + seconds.astype("timedelta64[s]"))
        day, clock = origin.astype("datetime64[D]"), origin - origin.astype("datetime64[D]")
        counts = np.rint(places * self.size).astype(np.int64)
        if self.unit == "business days":
            return np.asarray(np.busday_offset(day, counts) + clock)
        months = day.astype("datetime64[M]") + counts
        if self.unit == "month ends":
            return np.asarray((months + 1).astype("datetime64[D]") - 1 + clock)
        return np.asarray(months.astype("datetime64[D]") + (day - day.astype("datetime64[M]"))
                          + clock)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """Series one behind the other, with a place for each of their steps.

    `rows` [m] says which row of the sheet a step is, -1 where it is missing; `places` [m] counts
    the steps from the first of all series on; `series` [m] numbers the series.
    """

    steps: Steps
    rows: np.ndarray
    places: np.ndarray
    series: np.ndarray
    stamps: np.ndarray
    notes: tuple[str, ...] = ()


def reader_of_stamps(
    name: str,
    stored: Stored,
    decimal: str = ".",
    zone: Zone = "none",
    date_format: str | None = None,
) -> Mapping[str, Any]:
    """How the time stamps of a column are read, here and in later rows: as dates, or as numbers.

    `zone` says which of its points in time, if it came as such, named one, and `date_format` how
    its owner says that dates are written. Raises SettingError where it holds neither.
    """
    asked: ColumnKind | None = None if date_format is None else "date"
    if asked is None and not isinstance(stored, Texts):
        asked = "date" if stored.dtype.kind == "M" else "numeric"
    try:
        column = look(name, stored, decimal, asked, date_format=date_format, zone=zone)
        if column.kind != "date":
            column = look(name, stored, decimal, "numeric")
    except ValueError as error:
        raise SettingError(
            f"`{name}` holds neither dates nor numbers: {error}",
            ("split", "order"),
            help="name the column of the time stamps; `features.types` takes the form of dates, as "
            f'in `{name}: {{date: "%d/%m/%Y"}}`',
        ) from None
    assert column.reader is not None
    return column.reader


def stamps_of(stored: Stored, reader: Mapping[str, Any]) -> np.ndarray:
    """The time stamps of a column [n]: datetime64[s], or float64 where they are numbers.

    Raises SettingError where a row has none.
    """
    stamps = _times(stored, reader) if reader["kind"] == "date" else _numbers(stored, reader)
    missing = np.isnat(stamps) if stamps.dtype.kind == "M" else np.isnan(stamps)
    if missing.any():
        shown = ", ".join(str(row + 1) for row in np.flatnonzero(missing)[:_MOST_NAMED])
        raise SettingError(
            f"{int(missing.sum())} rows have no time stamp in `{reader['column']}` (row {shown})",
            ("split", "order"),
            help="delete those rows, or fill their stamps in",
        )
    return stamps


def _times(stored: Stored, reader: Mapping[str, Any]) -> np.ndarray:
    import pandas as pd

    if not isinstance(stored, Texts):
        times = raw.dates(pd.Series(stored), reader)
        return np.asarray(times.to_numpy().astype("datetime64[s]"))
    read = raw.dates(pd.Series(stored.distinct, dtype=object), reader)
    by_code = np.append(read.to_numpy().astype("datetime64[s]"), np.datetime64("NaT", "s"))
    return np.asarray(by_code[stored.codes])


def _numbers(stored: Stored, reader: Mapping[str, Any]) -> np.ndarray:
    return np.asarray(raw_values(stored, reader)[reader["column"]])


def _moment(seconds: float) -> np.datetime64:
    return np.datetime64(int(seconds), "s")


def grid_of(
    name: str, stamps: np.ndarray, groups: np.ndarray | None, steps: Steps | None = None
) -> Grid:
    """The steps of rows [n] with these stamps, whose series are told apart by `groups` [n].

    How far apart they are is found, if it is not said. Raises DataError where a series has a stamp
    twice, or stamps between two steps.
    """
    group = np.zeros(len(stamps), np.int64) if groups is None else groups
    order = np.lexsort((stamps, group))
    stamps, group = stamps[order], group[order]
    is_next = group[1:] == group[:-1]
    twice = is_next & (stamps[1:] == stamps[:-1])
    if twice.any():
        raise _twice(name, stamps, order, np.flatnonzero(twice), groups is not None)
    if not is_next.any():
        raise DataError(f"no series has two rows: `{name}` gives no steps")
    if steps is None:
        steps = _found(stamps, is_next)
    exact = steps.places(stamps)
    first = np.concatenate([[0], np.flatnonzero(~is_next) + 1])
    counts = np.diff([*first, len(stamps)])
    phase = np.repeat(exact[first] - np.floor(exact[first] + _NEAR), counts)
    whole = np.rint(exact - phase).astype(np.int64)
    off = np.abs(exact - phase - whole) > _NEAR
    off[1:] |= is_next & (whole[1:] == whole[:-1])
    if off.any():
        raise _off(name, steps, stamps, order, np.flatnonzero(off))
    rows, places, series = [], [], []
    sizes = whole[first + counts - 1] - whole[first] + 1
    if sizes.sum() > _MOST_MISSING * len(stamps):
        raise DataError(
            f"the rows of `{name}` are {steps} apart, of which nearly all are missing: "
            f"{int(sizes.sum()):,} steps, {len(stamps):,} rows",
            help="are these stamps of single events? Sum them up by the hour or the day",
        )
    for start, count, size in zip(first, counts, sizes, strict=True):
        there = np.full(size, -1, np.int64)
        there[whole[start : start + count] - whole[start]] = order[start : start + count]
        rows.append(there)
        places.append(whole[start] + np.arange(size))
        series.append(np.full(size, group[start]))
    all_places = np.concatenate(places)
    at = steps.stamps(all_places + np.repeat(phase[first], sizes))
    jumps = is_next & (whole[1:] - whole[:-1] > 1)
    notes = _gaps(name, steps, stamps, order, whole, np.flatnonzero(jumps))
    return Grid(steps, np.concatenate(rows), all_places, np.concatenate(series), at, tuple(notes))


def _found(stamps: np.ndarray, is_next: np.ndarray) -> Steps:
    """The distance that most rows are from the row before, in sorted series."""
    if stamps.dtype.kind != "M":
        return Steps("numbers", _mode((stamps[1:] - stamps[:-1])[is_next]), float(stamps.min()))
    origin = float(stamps.min().astype(np.int64))
    distances = (stamps[1:] - stamps[:-1]).astype(np.int64)[is_next]
    days = stamps.astype("datetime64[D]")
    months, clock = days.astype("datetime64[M]"), stamps - days
    if distances.min() >= 28 * _DAY and (clock == clock[0]).all():
        steps = _mode(np.diff(months.astype(np.int64))[is_next])
        of_month = (days - months).astype(np.int64)
        if (of_month == of_month[0]).all() and of_month[0] < 28:
            return Steps("months", steps, origin)
        if (days + 1 == (months + 1).astype("datetime64[D]")).all():
            return Steps("month ends", steps, origin)
    size = _mode(distances)
    are_workdays = np.is_busday(days).all() and (distances > 2 * _DAY).any()
    if size == _DAY and are_workdays and (clock == clock[0]).all():
        return Steps("business days", 1.0, origin)
    return Steps("seconds", size, origin)


def _mode(distances: np.ndarray) -> float:
    values, counts = np.unique(distances, return_counts=True)
    return float(values[counts.argmax()])


def shown_stamp(stamp: np.datetime64 | float) -> str:
    """A stamp as people write it: a date without a clock at midnight."""
    if not isinstance(stamp, np.datetime64):
        return f"{stamp:g}"
    return str(stamp.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")


def _twice(
    name: str, stamps: np.ndarray, order: np.ndarray, at: np.ndarray, has_groups: bool
) -> DataError:
    shown = ", ".join(
        f"{shown_stamp(stamps[i])} in rows {order[i] + 1} and {order[i + 1] + 1}"
        for i in at[:_MOST_NAMED]
    )
    more = f", and {len(at) - _MOST_NAMED} more" if len(at) > _MOST_NAMED else ""
    return DataError(
        f"{len(at)} time stamps of `{name}` stand twice"
        + (" in a series" if has_groups else "")
        + f": {shown}{more}",
        help="keep one row of each"
        if has_groups
        else "keep one row of each; or, where the table holds several series, name the column that "
        "tells them apart: `groups` in `split`",
    )


def _off(
    name: str, steps: Steps, stamps: np.ndarray, order: np.ndarray, at: np.ndarray
) -> DataError:
    shown = ", ".join(f"{shown_stamp(stamps[i])} in row {order[i] + 1}" for i in at[:_MOST_NAMED])
    more = f", and {len(at) - _MOST_NAMED} more" if len(at) > _MOST_NAMED else ""
    return DataError(
        f"most rows of `{name}` are {steps} apart, but {len(at)} stand between two "
        f"steps: {shown}{more}",
        help="bring the rows into even steps, as by a mean of each hour or day",
    )


def _gaps(
    name: str,
    steps: Steps,
    stamps: np.ndarray,
    order: np.ndarray,
    places: np.ndarray,
    at: np.ndarray,
) -> list[str]:
    if not len(at):
        return []
    missing = places[at + 1] - places[at] - 1
    longest = at[np.argsort(-missing, kind="stable")[:_MOST_NAMED]]
    shown = ", ".join(
        f"{places[i + 1] - places[i] - 1:,} behind {shown_stamp(stamps[i])} (row {order[i] + 1})"
        for i in longest
    )
    more = f", and {len(at) - _MOST_NAMED} more" if len(at) > _MOST_NAMED else ""
    word = "gap" if len(at) == 1 else "gaps"
    return [
        f"{len(at)} {word} in time: of `{name}`, {steps} apart, {int(missing.sum()):,} steps are "
        f"missing: {shown}{more}; nothing is forecast there, and in a past they are gaps"
    ]
