"""How the points in time of a column are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpopt.inputs import raw
from hpopt.inputs.stored import Zone
from hpopt.inputs.times import ISO, moments, names_zone
from hpopt.inputs.written import PLAIN_NUMBER, shapes_of

# Of a date whose day and month could be either, the first of these.
FORMATS = (
    ISO,
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d. %B %Y",
    "%b-%y",
    "%b-%Y",
    "%b %Y",
    "%B %Y",
    "%m/%Y",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "quarter",
    "week",
)
_SWAPPED = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%m/%d/%y": "%d/%m/%y",
    "%d-%m-%Y": "%m-%d-%Y",
    "%d.%m.%Y": "%m.%d.%Y",
}
# Of numbers that are said to be dates, by how large they are.
_OF_NUMBERS = (
    (1e3, 3e3, "%Y"),
    (1e5, 3e5, "%Y%m"),
    (1e7, 3e7, "%Y%m%d"),
    (1.9e11, 2.2e11, "%Y%m%d%H%M"),
    (1.9e13, 2.2e13, "%Y%m%d%H%M%S"),
    (1e8, 1e11, "epoch s"),
    (1e11, 1e14, "epoch ms"),
    (1e14, 1e17, "epoch us"),
    (1e17, 9.2e18, "epoch ns"),
)
PARTS = ("days", "year", "month", "day", "weekday", "hour")
_MOST_FORMATS = 3
_SAMPLE = 30


@dataclass(frozen=True)
class DateForm:
    """How texts [d] can be read as points in time, and which of them can't."""

    reader: dict[str, Any]
    times: np.ndarray
    remark: str = ""
    is_misread: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    zone: Zone = "none"


def date_form(texts: Sequence[str], counts: np.ndarray) -> DateForm | None:
    """The form by which the most rows can be read; a text stands in so many rows, `counts` [d].

    Several formats may stand side by side, but no two that take the day and the month in turn.
    None where hardly any text is a date.
    """
    is_gap = np.array([raw.is_no_date(text) for text in texts], dtype=bool)
    left = ~is_gap
    formats: list[str] = []
    times = np.full(len(texts), np.datetime64("NaT", "ns"))
    while left.any() and len(formats) < _MOST_FORMATS:
        others = [format for format in FORMATS if not _excluded(format, formats)]
        best, read = _best(texts, counts, left, others)
        if best is None:
            break
        formats.append(best)
        places = np.flatnonzero(left)
        times[places] = read
        left = left & np.isnat(times)
    if not formats:
        return None
    remark = _doubt(texts, formats, ~np.isnat(times))
    return DateForm({"formats": formats}, times, remark, left, _zone_of(texts, ~np.isnat(times)))


def form_as_asked(texts: Sequence[str], format: str) -> DateForm:
    """The form of a format that the owner of the data has named."""
    reader = {"formats": [format]}
    times = moments(texts, [format])
    is_gap = np.array([raw.is_no_date(text) for text in texts], dtype=bool)
    zone: Zone = "all" if "%z" in format.lower() else _zone_of(texts, ~np.isnat(times))
    return DateForm(reader, times, "", np.isnat(times) & ~is_gap, zone)


def _zone_of(texts: Sequence[str], is_read: np.ndarray) -> Zone:
    """Which of the texts [d] that are read name a zone."""
    shapes = {shape for shape, is_it in zip(shapes_of(texts), is_read, strict=True) if is_it}
    has_zone = set(map(names_zone, shapes))
    return "some" if len(has_zone) == 2 else "all" if True in has_zone else "none"


def form_of_numbers(texts: Sequence[str]) -> DateForm | None:
    """The form of whole numbers that are said to be dates: years, 20261123, or time stamps."""
    plain = [float(text) for text in texts if PLAIN_NUMBER.fullmatch(text)]
    middle = float(np.median(plain)) if plain else 0.0
    for low, high, format in _OF_NUMBERS:
        if low <= middle < high:
            form = form_as_asked(texts, format)
            if not form.is_misread.all():
                return form
    return None


def varying_parts(times: np.ndarray) -> list[str]:
    """The parts of points in time that differ between rows."""
    import pandas as pd

    numbers = raw.date_parts(pd.Series(times), {}, PARTS)
    varying = [
        part for part, values in numbers.items() if len(np.unique(values[~np.isnan(values)])) > 1
    ]
    return ["days"] if varying == ["days", "year"] else varying


def _excluded(format: str, formats: Sequence[str]) -> bool:
    """Whether a format is there already, or the one with day and month in turn."""
    return any(
        format == other or _SWAPPED.get(format) == other or _SWAPPED.get(other) == format
        for other in formats
    )


def _best(
    texts: Sequence[str], counts: np.ndarray, left: np.ndarray, formats: Sequence[str]
) -> tuple[str | None, np.ndarray]:
    """The format by which the most of the rows left can be read, and how it reads them."""
    places = np.flatnonzero(left)
    chosen, rows = [texts[int(index)] for index in places], counts[places]
    few = chosen[:: max(len(chosen) // _SAMPLE, 1)]
    best, most = None, 0
    read = np.zeros(0)
    for format in formats:
        if np.isnat(moments(few, [format])).all():
            continue
        times = moments(chosen, [format])
        count = int(rows[~np.isnat(times)].sum())
        if count > most:
            best, most, read = format, count, times
        if count == rows.sum():
            break
    return best, read


def _doubt(texts: Sequence[str], formats: Sequence[str], is_read: np.ndarray) -> str:
    """A word where day and month could as well be swapped."""
    for format in formats:
        if format in _SWAPPED:
            other = _SWAPPED[format]
            own = [t for t, is_it in zip(texts, is_read, strict=True) if is_it]
            few = own[:: max(len(own) // _SAMPLE, 1)]
            if _could_be(few, format, other) and _could_be(own, format, other):
                first = "day" if format.startswith("%m") else "month"
                return f', or is the first number the {first}? `{{date: "{other}"}}` in `types`'
    return ""


def _could_be(texts: Sequence[str], format: str, other: str) -> bool:
    """Whether all texts that one format reads are read by the other as well; none is none."""
    both = ~np.isnat(moments(texts, [format]))
    return bool((~np.isnat(moments(texts, [other])))[both].all())
