"""Turns a DataFrame into the raw columns that a model takes.

This file needs NumPy and pandas alone: an export carries it along as it is. How a column is read is
a plain mapping, as in `columns.json`:

    {"column": "fare", "kind": "numeric", "decimal": "."}
    {"column": "member", "kind": "boolean", "true": ["yes"], "false": ["no"]}
    {"column": "signup", "kind": "date", "format": "%Y-%m-%d", "parts": ["year", "month"]}
    {"column": "city", "kind": "categorical"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# What stands for a gap, besides what pandas takes for one; compared in small letters.
GAPS = (
    "",
    "na",
    "n/a",
    "#n/a",
    "nan",
    "-nan",
    "null",
    "none",
    "nil",
    "<na>",
    "#na",
    "?",
    "-",
    "--",
)

_NANOSECONDS_A_DAY = 86_400 * 10**9


def raw_columns(frame: pd.DataFrame, readers: Iterable[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The columns of a frame as a model takes them, each [n], by name; others are left out.

    Numbers, booleans (0, 1) and parts of dates are float64, where NaN is a gap; categories are
    text, where "" is a gap. What can't be read is a gap. Raises KeyError where a column is missing.
    """
    named = frame.rename(columns=lambda name: str(name).strip())
    columns: dict[str, np.ndarray] = {}
    for reader in readers:
        name = reader["column"]
        values = named[name]
        match reader["kind"]:
            case "numeric":
                columns[name] = numbers(values, reader["decimal"])
            case "boolean":
                columns[name] = booleans(values, reader["true"], reader["false"])
            case "date":
                parts = date_parts(values, reader["format"], reader["parts"])
                columns |= {f"{name}.{part}": part_values for part, part_values in parts.items()}
            case "categorical":
                columns[name] = categories(values)
    return columns


def numbers(values: pd.Series, decimal: str = ".") -> np.ndarray:
    """Numbers, also those written as text: 1,234.5 and 12 % (as 12); `decimal` is their point."""
    if values.dtype.kind in "biuf":
        return finite(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return finite(_of_distinct(values, lambda texts: _read_numbers(texts, decimal)))


def booleans(values: pd.Series, true: Iterable[str], false: Iterable[str]) -> np.ndarray:
    """1 for the texts of `true` and 0 for those of `false`, in whatever case."""
    number_of = {text.casefold(): 1.0 for text in true} | {text.casefold(): 0.0 for text in false}

    def read(texts: np.ndarray) -> np.ndarray:
        return np.array(
            [number_of.get(text_of(text).casefold(), np.nan) for text in texts], np.float64
        )

    return _of_distinct(values, read)


def date_parts(values: pd.Series, format: str, parts: Iterable[str]) -> dict[str, np.ndarray]:
    """Numbers of a date: year, month, day, weekday (Monday is 0), hour, and days since 1970."""
    times = dates(values, format)
    by_part = {}
    for part in parts:
        if part == "days":
            number = times.to_numpy().astype("datetime64[ns]").astype(np.int64)
            by_part[part] = np.where(times.isna(), np.nan, number / _NANOSECONDS_A_DAY)
        else:
            name = "day_of_week" if part == "weekday" else part
            by_part[part] = getattr(times.dt, name).to_numpy(dtype=np.float64, na_value=np.nan)
    return by_part


def dates(values: pd.Series, format: str) -> pd.Series:
    """Points in time, in UTC where they name a zone."""
    import pandas as pd

    if values.dtype.kind in "iuf":  # 20261123
        values = pd.Series(categories(values))
    times = pd.to_datetime(values, format=format, errors="coerce", utc=True)
    return times.dt.tz_localize(None)


def categories(values: pd.Series) -> np.ndarray:
    """Texts. Numbers are written alike, however they came: 3, 3.0 and "03" are "3"."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    texts = np.array([*(text_of(value) for value in distinct), ""])
    return np.asarray(texts[codes])  # the code of a gap is -1


def _of_distinct(values: pd.Series, read: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `read` makes of each distinct value, for every row; NaN for a gap."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    results = np.append(read(np.asarray(distinct, dtype=object)), np.nan)
    return np.asarray(results[codes])


def _read_numbers(values: np.ndarray, decimal: str) -> np.ndarray:
    import pandas as pd

    texts = pd.Series([str(value) for value in values], dtype=object)
    texts = texts.str.strip().str.removesuffix("%").str.strip()
    thousands = "." if decimal == "," else ","
    grouped = texts.str.fullmatch(rf"[-+]?\d{{1,3}}(\{thousands}\d{{3}})+(\{decimal}\d*)?")
    texts = texts.where(~grouped, texts.str.replace(thousands, "", regex=False))
    texts = texts.str.replace(decimal, ".", regex=False) if decimal != "." else texts
    parsed = pd.to_numeric(texts, errors="coerce")
    return np.asarray(parsed.to_numpy(dtype=np.float64, na_value=np.nan))


def text_of(value: Any) -> str:
    """A category as text; "" where it is a word for a gap."""
    text = str(value).strip()
    if text.casefold() in GAPS and text not in ("?", "-", "--"):
        return ""
    try:
        number = float(text)
    except ValueError:
        return text
    if not np.isfinite(number) or "_" in text:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)


def finite(values: np.ndarray) -> np.ndarray:
    """The numbers, where what is infinite is a gap."""
    return np.where(np.isfinite(values), values, np.nan)
