"""What a forecast is: how its windows lie in time, and what naive forecasts say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hpopt.data.time_steps import Steps
from hpopt.inputs.stored import Texts

_DAY = 86_400


@dataclass(frozen=True)
class Forecast:
    """Windows of `length` steps, and the `horizon` steps behind each that are to be forecast.

    `time` and `groups` are the columns of time stamps and of what tells series apart. `known` are
    the columns that are known ahead, `calendar` the parts of the stamps that are columns of a step.
    A `season` has so many steps; 1 is none.
    """

    time: str
    groups: str | None
    length: int
    horizon: int
    stride: int
    known: tuple[str, ...]
    calendar: tuple[str, ...]
    steps: Steps
    season: int
    reader: Mapping[str, Any]  # how the time stamps of later rows are read

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Forecast:
        """What `to_json` wrote."""
        known, calendar = tuple(form["known"]), tuple(form["calendar"])
        steps = Steps.from_json(form["steps"])
        return cls(**{**form, "known": known, "calendar": calendar, "steps": steps})

    def to_json(self) -> dict[str, Any]:
        """In strict JSON."""
        known, calendar = list(self.known), list(self.calendar)
        return {**asdict(self), "known": known, "calendar": calendar, "reader": dict(self.reader)}

    @property
    def reach(self) -> tuple[int, int]:
        """How many steps a window sees before its latest, and has to say behind it."""
        return self.length - 1, self.horizon


CALENDAR = ("hour.sin", "hour.cos", "weekday", "year.sin", "year.cos")


def calendar_parts(steps: Steps, span: int) -> tuple[str, ...]:
    """The parts of time stamps that vary from step to step, in series of a `span` of steps."""
    if not steps.are_dates:
        return ()
    parts: list[str] = []
    if steps.seconds < _DAY:
        parts += ["hour.sin", "hour.cos"]
    if steps.seconds < 7 * _DAY:
        parts.append("weekday")
    # Of less than two years a network would learn the trend by them.
    if span * steps.seconds >= 2 * 365 * _DAY:
        parts += ["year.sin", "year.cos"]
    return tuple(parts)


def calendar_columns(
    stamps: np.ndarray, time: str, parts: Sequence[str]
) -> dict[str, np.ndarray | Texts]:
    """Parts of time stamps, datetime64[s] [m], by name: phases from -1 to 1, and days by name."""
    days = stamps.astype("datetime64[D]")
    years = stamps.astype("datetime64[Y]")
    of_year = (stamps - years.astype("datetime64[s]")).astype(np.int64) / (365.25 * _DAY)
    phases = {"hour": (stamps - days).astype(np.int64) / _DAY, "year": of_year}
    columns: dict[str, np.ndarray | Texts] = {}
    for part in parts:
        which, _, function = part.partition(".")
        if which == "weekday":
            weekday = (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
            columns[f"{time}.{part}"] = Texts(weekday.astype(np.int32), _WEEKDAYS)
        else:
            turn = np.sin if function == "sin" else np.cos
            columns[f"{time}.{part}"] = turn(2 * np.pi * phases[which])
    return columns


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def seasons(steps: Steps) -> tuple[int, ...]:
    """How many steps a day, a week and a year have, as far as these are several."""
    if not steps.are_dates:
        return ()
    if steps.unit == "business days":
        return (5,)
    lengths = [_DAY, 7 * _DAY] if steps.unit == "seconds" else []
    counts = [length / steps.seconds for length in [*lengths, 365 * _DAY]]
    return tuple(
        round(count) for count in counts if 1.5 < count <= 10_000 and abs(count % 1 - 0.5) > 0.3
    )


def find_season(y: np.ndarray, series: np.ndarray, steps: Steps) -> int:
    """The season by which the step one season ago says most of values y [m]; 1 where none does."""
    errors = {}
    for season in (1, *seasons(steps)):
        lagged = np.abs(y - behind(y, series, season))
        if np.isfinite(lagged).sum() >= max(season, 2):
            errors[season] = float(np.nanmean(lagged))
    longer = {season: error for season, error in errors.items() if season > 1}
    if not longer:
        return 1
    return min(longer, key=lambda season: longer[season])


def behind(y: np.ndarray, series: np.ndarray, steps: int) -> np.ndarray:
    """The values y [m] so many steps before; NaN where another series stands there."""
    lagged = np.full(len(y), np.nan)
    if steps < len(y):
        same = series[steps:] == series[:-steps]
        lagged[steps:] = np.where(same, y[:-steps], np.nan)
    return lagged


def naive_forecasts(
    y: np.ndarray, series: np.ndarray, latest: np.ndarray, horizon: int, season: int
) -> dict[str, np.ndarray]:
    """What is said without a model of the steps behind `latest` [n], by name, each [n, horizon].

    The last value, and the latest one that is whole seasons before a step. Where that is not known
    it is the season before, and then the last value. All is known at the latest step.
    """
    last = np.repeat(y[latest][:, None], horizon, axis=1)
    forecasts = {"last value": last}
    if season > 1:
        ahead = np.arange(1, horizon + 1)
        whole = -(-ahead // season) * season
        said = np.full((len(latest), horizon), np.nan)
        for more in range(3):
            at = latest[:, None] + ahead - whole - more * season
            inside = (at >= 0) & (series[np.maximum(at, 0)] == series[latest][:, None])
            before = np.where(inside, y[np.maximum(at, 0)], np.nan)
            said = np.where(np.isnan(said), before, said)
        forecasts[f"{season} steps ago"] = np.where(np.isnan(said), last, said)
    return forecasts
