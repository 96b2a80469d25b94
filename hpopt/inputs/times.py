"""Times and points in time as people write them.

An export carries this file along, as `raw.py` beside it, so it needs NumPy and pandas alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from hpopt.inputs.written import ALIKE, PLAIN_NUMBER, shapes_of

_HOURS = (
    re.compile(
        r"(?:(?P<d>\d+) days?,? \+?)?(?P<east>午前|午後|上午|下午|오전|오후)?\s*"
        r"(?P<h>\d{1,4})[:h](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:[.,]\d+)?))?"
        r"(?:\s*(?P<half>[ap])\.?m\.?|\s*(?:Uhr|h))?",
        re.IGNORECASE | re.ASCII,
    ),
    re.compile(
        r"(?:P(?:(?P<d>\d+)D)?T?(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)",
        re.IGNORECASE | re.ASCII,
    ),
    re.compile(
        r"(?:(?P<d>\d+) ?d(?:ays?)?,? ?)?(?:(?P<h>\d+) ?h(?:(?:ou)?rs?)?,? ?)?"
        r"(?:(?P<m>\d+) ?m(?:in(?:ute)?s?)?,? ?)?(?:(?P<s>\d+(?:\.\d+)?) ?s(?:ec(?:ond)?s?)?)?",
        re.IGNORECASE | re.ASCII,
    ),
)


def hours(text: str) -> float:
    """The hours of a time of day or of a duration: 13:30, 1:30 pm, 2 days 03:00, 1h30m, PT90M."""
    text = text.translate(ALIKE).strip()
    match = next((m for m in (pattern.fullmatch(text) for pattern in _HOURS) if m), None)
    if match is None:
        return np.nan
    parts = match.groupdict()
    if not any(parts.values()):
        return np.nan
    hour = float(parts["h"] or 0)
    if half := parts.get("half") or parts.get("east"):
        hour = hour % 12 + (12 if half in ("p", "P", "午後", "下午", "오후") else 0)
    seconds = float((parts["s"] or "0").replace(",", "."))
    return float(parts["d"] or 0) * 24 + hour + float(parts["m"] or 0) / 60 + seconds / 3600


# The form of days that programs write, with whatever ISO 8601 has behind it.
ISO = "%Y-%m-%d"
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:[T ]|,)\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?(?:\s*([ap])\.?m\.?)?"
    r"(?:\s*(Z|UTC|GMT|[-+]\d\d(?::?\d\d)?))?(?:\s*\([^)]*\))?$",
    re.IGNORECASE | re.ASCII,
)
# As C's `ctime` writes: May  8 14:00:00 2027, the year behind the clock.
_CTIME = re.compile(r"([a-z]{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})", re.IGNORECASE | re.ASCII)
_EAST = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]", re.ASCII)
_SEPT = re.compile(r"\bsept\b\.?", re.IGNORECASE)
# A zone behind a clock, without which -07 would be a day.
_ZONED = re.compile(
    r".*(?::\d\d|\dT\d\d(?:\d\d)*)(?:[.,]\d+)?(?:\s*[ap]\.?m\.?)?"
    r"(\s*(?:Z|UTC|GMT|[-+]\d\d(?::?\d\d)?)(?:\s*\([^)]*\))?)",
    re.IGNORECASE | re.ASCII,
)
_QUARTER = re.compile(r"(\d{4})[-/ ]?Q([1-4])|Q([1-4])[-/ ]?(\d{4})", re.IGNORECASE | re.ASCII)
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})(?:-(\d))?", re.IGNORECASE | re.ASCII)
_EPOCHS = {"epoch s": 10**9, "epoch ms": 10**6, "epoch us": 10**3, "epoch ns": 1}
_LAST_YEAR = 2261  # of what nanoseconds can say


def moments(texts: Sequence[str], formats: Iterable[str]) -> np.ndarray:
    """Points in time [n], datetime64[ns], of texts of which each is in one of the formats."""
    read = np.full(len(texts), np.datetime64("NaT", "ns"))
    split: tuple[np.ndarray, np.ndarray, list[str]] | None = None
    for format in formats:
        left, chosen = _left(read, texts)
        if format == ISO and chosen:
            read[left] = _strptime(chosen, "ISO8601")
            left, chosen = _left(read, texts)
        if not chosen:
            break
        if "%H" in format or "%I" in format:
            read[left] = _strptime(chosen, format)
            continue
        codes, clocks, days = split = split or _days_and_clocks(texts)
        read[left] = _days(days, format)[codes[left]] + clocks[left]
    return read


def _days_and_clocks(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The code of each text's day [n], its clock [n] in UTC, and the days by their codes.

    Of a million points in time both come again and again.
    """
    codes = np.empty(len(texts), dtype=np.int32)
    clocks = np.empty(len(texts), dtype=np.int64)
    code_of: dict[str, int] = {}
    code_of_numbered: dict[str, int] = {}
    clock_of: dict[str, int | None] = {}
    for index, text in enumerate(texts):
        day, space, behind = text.partition(" ")
        if space and behind not in clock_of:
            clock_of[behind] = _clock_behind(behind)
        clock = clock_of[behind] if space else 0
        code = code_of_numbered.get(day)
        if clock is None or (code is None and not _NUMBERED.fullmatch(day)):
            day, clock = _day_and_clock(text)
            code = code_of.setdefault(day, len(code_of))
        elif code is None:
            code = code_of_numbered[day] = code_of.setdefault(day, len(code_of))
        codes[index], clocks[index] = code, clock
    return codes, clocks.astype("timedelta64[ns]"), list(code_of)


# A day without names, behind which nothing but its clock can stand.
_NUMBERED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", re.ASCII)


def _clock_behind(text: str) -> int | None:
    """The nanoseconds of what stands behind a day, in UTC; None where that is no clock alone."""
    if text != text.strip() or not _CLOCK.fullmatch(f" {text.translate(ALIKE)}"):
        return None
    day, clock = _day_and_clock(f"1 {text}")
    return clock if day == "1" else None


def names_zone(text: str) -> bool:
    """Whether a point in time says how far its clock is from UTC."""
    return _ZONED.fullmatch(text) is not None


def without_zones(texts: Sequence[str]) -> list[str]:
    """Points in time as clocks at their places show them."""
    if not any(map(names_zone, set(shapes_of(texts)))):
        return list(texts)
    return list(map(without_zone, texts))


def without_zone(text: str) -> str:
    """A point in time as a clock at its place shows it."""
    match = _ZONED.fullmatch(text)
    return text if match is None else text[: match.start(1)]


def _left(read: np.ndarray, texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The places [k] of what is not read yet, and its texts."""
    places = np.flatnonzero(np.isnat(read))
    return places, [texts[place] for place in places.tolist()]


def _strptime(texts: Sequence[str], format: str) -> np.ndarray:
    import pandas as pd

    times = pd.to_datetime(
        pd.Series(texts, dtype=object), format=format, errors="coerce", utc=True
    ).dt.tz_localize(None)
    times = times.where(times.dt.year <= _LAST_YEAR)
    return np.asarray(times.to_numpy().astype("datetime64[ns]"))


def _day_and_clock(text: str) -> tuple[str, int]:
    """What names the day, and the nanoseconds behind it of the clock, in UTC."""
    text = _WEEKDAY.sub("", text.translate(ALIKE), count=1)
    text = _SEPT.sub("Sep", text, count=1)
    text = _EAST.sub(r"\1-\2-\3", text, count=1)
    if (ctime := _CTIME.fullmatch(text)) is not None:
        text = ctime.expand(r"\1 \2 \4 \3")
    match = _CLOCK.search(text)
    if match is None:
        return text, 0
    hour, minute, second = (int(match[group] or 0) for group in (1, 2, 3))
    if match[5]:
        hour = hour % 12 + (12 if match[5] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return text, 0
    zone = match[6] or ""
    ahead = 0
    if zone[:1] in ("+", "-"):
        digits = zone[1:].replace(":", "")
        ahead = int(digits[:2]) * 60 + int(digits[2:] or 0)
        ahead = -ahead if zone[0] == "-" else ahead
    nanoseconds = int((match[4] or "0").ljust(9, "0"))
    seconds = (hour * 60 + minute - ahead) * 60 + second
    return text[: match.start()].rstrip(" ,"), seconds * 10**9 + nanoseconds


def _days(texts: Sequence[str], format: str) -> np.ndarray:
    if format == "quarter":
        return np.array([_of_quarter(text) for text in texts], dtype="datetime64[ns]")
    if format == "week":
        return np.array([_of_week(text) for text in texts], dtype="datetime64[ns]")
    if format in _EPOCHS:
        plain = [float(t) if PLAIN_NUMBER.fullmatch(t) else np.nan for t in texts]
        number = np.array(plain, dtype=np.float64) * _EPOCHS[format]
        is_moment = np.abs(number) < 9.2e18  # also false of NaN
        whole = np.where(is_moment, number, 0).astype(np.int64).astype("datetime64[ns]")
        return np.where(is_moment, whole, np.datetime64("NaT", "ns"))
    return _strptime(texts, format)


def _of_quarter(text: str) -> str:
    match = _QUARTER.fullmatch(text)
    if match is None:
        return "NaT"
    return f"{match[1] or match[4]}-{3 * int(match[2] or match[3]) - 2:02}-01"


def _of_week(text: str) -> str:
    match = _WEEK.fullmatch(text)
    try:
        return "NaT" if match is None else str(_monday(match))
    except ValueError:
        return "NaT"


def _monday(match: re.Match[str]) -> date:
    return date.fromisocalendar(int(match[1]), int(match[2]), int(match[3] or 1))
