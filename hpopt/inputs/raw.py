"""Turns a DataFrame into the raw columns that a model takes.

This file, `written.py` and `times.py` need NumPy and pandas alone: an export carries them along.
How a column is read is a plain mapping, as in `columns.json`:

    {"column": "fare", "kind": "numeric", "decimal": ".", "thousands": ",", "unit": "$"}
    {"column": "member", "kind": "boolean", "true": ["yes"], "false": ["no"]}
    {"column": "signup", "kind": "date", "formats": ["%Y-%m-%d"], "parts": ["year", "month"]}
    {"column": "zip", "kind": "categorical", "gaps": ["na"], "spelled": {"1234": "01234"}}

Of `numeric`, `thousands` is "" where training had no sign between digits, so that 3,250 is never
taken for 3250, and all of its numbers were `whole`, if so; `unit` may stand at a number, and
`percent: hundredths` makes 0.12 of 12 %, which else is 12; `form: clock` reads 1:30 as 1.5 hours;
`offset` is taken away, also of the days of a date, for a model that sees numbers in float32; `gaps`
are the numbers that stand for one. The parts of a date are called `signup.year` and so on; a
`prefix` stands for the column's name where that would be another column's. Of several `formats` the
first that fits is taken; they are forms of the day, behind which a clock and a zone may stand. Of
training values with a `zone`, "all" or "some", points in time are in UTC; where it is "none" a zone
that later ones name is passed over, so that days stay what they are called. Of `categorical`,
`gaps` are the words for one, in small letters, and `spelled` says how numbers and truth values are
written in the texts that the model knows; `several` are the numbers that these write in several
ways, as 1.1 and 1.10. With `misread`, training had values that could not be read, which are gaps.

What hpopt 0.1 wrote has neither of these, and no `thousands`: texts then pass through float() as
they did there. Its dates have one `format`, of all of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.inputs.times import ISO, hours, moments, without_zones
from hpopt.inputs.written import PLAIN_NUMBER, numbers_of, plain_numbers

if TYPE_CHECKING:
    import pandas as pd

# What stands for a gap in a text file if nothing else is said; compared in small letters.
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
    "#n/a n/a",
    "-1.#ind",
    "-1.#qnan",
    "1.#ind",
    "1.#qnan",
    "?",
    "-",
    "--",
)
# Of these, what stands for a gap among numbers alone, and is a text like others elsewhere.
MARKS = ("?", "-", "--")
WORDS = tuple(word for word in GAPS if word not in ("", *MARKS))

# What stands for a date that is not there, besides the words for any gap.
_NO_DATE = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}(?:[T ][0:.]*)?|9999\D.*|.*\D9999", re.ASCII)
# What begins with a needless 0 is a code.
LEADING_ZERO = re.compile(r"[-+]?[0０]\d[\d.]*")

_NANOSECONDS_A_DAY = 86_400 * 10**9


def raw_columns(frame: pd.DataFrame, readers: Iterable[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The columns of a frame as a model takes them, each [n], by name; others are left out.

    Numbers, booleans (0, 1) and parts of dates are float64, where NaN is a gap; categories are
    text, where "" is a gap. What can't be read is a gap. Raises KeyError where a column is missing.
    """
    named = frame.rename(columns=lambda name: str(name).strip())
    columns: dict[str, np.ndarray] = {}
    for reader in readers:
        columns |= raw_column(named[reader["column"]], reader)
    return columns


def raw_column(values: pd.Series, reader: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What `raw_columns` makes of the values of one column: one column, or the parts of a date."""
    name = reader["column"]
    match reader["kind"]:
        case "numeric":
            return {name: numbers(values, reader)}
        case "boolean":
            return {name: booleans(values, reader["true"], reader["false"])}
        case "date":
            parts = date_parts(values, reader, reader["parts"])
            prefix = reader.get("prefix", name)
            return {f"{prefix}.{part}": number for part, number in parts.items()}
        case _:
            return {name: categories(values, reader)}


def numbers(values: pd.Series, reader: Mapping[str, Any]) -> np.ndarray:
    """Numbers, also those written as text: 1,234.5 and 12 % and $5 and (3.20), by the reader."""
    if values.dtype.kind in "biuf":
        read = finite(values.to_numpy(dtype=np.float64, na_value=np.nan))
    elif values.dtype.kind == "m":
        read = values.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan) / 3600
    else:
        return _of_distinct(values, lambda texts: numbers_of_texts(texts.tolist(), reader))
    return _measured(read, reader)


def numbers_of_texts(texts: Sequence[Any], reader: Mapping[str, Any]) -> np.ndarray:
    """What `numbers` makes of texts, and of other values that are no numbers."""
    if reader.get("form") == "clock":
        return _measured(np.array([*map(hours, map(text_of, texts))], np.float64), reader)
    return _measured(finite(_read_numbers(texts, reader)), reader)


def _measured(read: np.ndarray, reader: Mapping[str, Any]) -> np.ndarray:
    """Numbers without those that stand for gaps, from where the column's begin."""
    if gaps := numbers_among(reader.get("gaps", ())):
        read = np.where(np.isin(read, gaps), np.nan, read)
    return read - reader["offset"] if "offset" in reader else read


def numbers_among(words: Iterable[str]) -> list[float]:
    """The numbers among words."""
    return [float(word) for word in words if PLAIN_NUMBER.fullmatch(word)]


def booleans(values: pd.Series, true: Iterable[str], false: Iterable[str]) -> np.ndarray:
    """1 for the texts of `true` and 0 for those of `false`, in whatever case."""
    number_of = {text.casefold(): 1.0 for text in true} | {text.casefold(): 0.0 for text in false}

    def read(texts: np.ndarray) -> np.ndarray:
        return np.array(
            [number_of.get(as_0_1(text).casefold(), np.nan) for text in texts], np.float64
        )

    return _of_distinct(values, read)


def date_parts(
    values: pd.Series, reader: Mapping[str, Any], parts: Iterable[str]
) -> dict[str, np.ndarray]:
    """Numbers of a date: year, month, day, weekday (Monday is 0), hour, and days since 1970."""
    times = dates(values, reader)
    by_part = {}
    for part in parts:
        if part == "days":
            number = times.to_numpy().astype("datetime64[ns]").astype(np.int64)
            days = number / _NANOSECONDS_A_DAY - reader.get("offset", 0)
            by_part[part] = np.where(times.isna(), np.nan, days)
        else:
            name = "day_of_week" if part == "weekday" else part
            by_part[part] = getattr(times.dt, name).to_numpy(dtype=np.float64, na_value=np.nan)
    return by_part


def dates(values: pd.Series, reader: Mapping[str, Any]) -> pd.Series:
    """Points in time: in UTC where they name a zone, unless no training value did."""
    import pandas as pd

    is_as_written = reader.get("zone") == "none"

    if values.dtype.kind in "iuf":  # 20261123
        values = pd.Series(categories(values, {"gaps": ()}))
    if values.dtype.kind == "M" and is_as_written:
        return values.dt.tz_localize(None)
    if "formats" not in reader or values.dtype.kind == "M":
        format = reader.get("format", "ISO8601")
        times = pd.to_datetime(values, format=format, errors="coerce", utc=True)
        return times.dt.tz_localize(None)
    codes, distinct = pd.factorize(values)
    texts = [str(value).strip() for value in distinct]
    if is_as_written:
        texts = without_zones(texts)
    is_text = np.array([isinstance(value, str) for value in distinct], dtype=bool)
    read = np.append(moments(texts, reader["formats"]), np.datetime64("NaT", "ns"))
    if not is_text.all():  # Python's own dates, which are written in the one way
        others = moments([t for t, is_it in zip(texts, is_text, strict=True) if not is_it], [ISO])
        read[:-1][~is_text] = others
    return pd.Series(read[codes])


def is_no_date(text: str) -> bool:
    """Whether a text stands for a date that is not there."""
    if text[:1] != "0" and "9999" not in text:  # as of almost all dates
        return text.casefold() in GAPS
    return _NO_DATE.fullmatch(text) is not None


def categories(values: pd.Series, reader: Mapping[str, Any]) -> np.ndarray:
    """Texts as they are spelled, and numbers as one writes them: 3 for 3.0; "" is a gap."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    texts = [category(text_of(value), reader, not isinstance(value, str)) for value in distinct]
    return np.asarray(np.array([*texts, ""])[codes])  # the code of a gap is -1


def category(text: str, reader: Mapping[str, Any], is_typed: bool) -> str:
    """A text as a model takes it, "" for a gap; `is_typed` if it came as a number or a truth value.

    A reader of hpopt 0.1 makes one text of all that is the same number.
    """
    if "gaps" not in reader:
        return as_0_1(text)
    if is_typed:
        return str(reader.get("spelled", {}).get(text, text))
    return "" if text.casefold() in reader["gaps"] else text


def spelling(texts: Iterable[str]) -> dict[str, str]:
    """How a number, or a truth value, is spelled among texts, by how `text_of` writes it.

    Those that are spelled in several ways, or as `text_of` has it, are left out.
    """
    texts = set(texts)
    spelled: dict[str, str] = {}
    for text in sorted(texts):
        if text.casefold() in ("true", "false"):
            written = text.capitalize()
        elif PLAIN_NUMBER.fullmatch(text):
            written = as_0_1(text)
        else:
            continue
        if written not in texts:
            spelled[written] = "" if written in spelled else text
    return {written: text for written, text in spelled.items() if text}


def said_of_spelling(texts: Iterable[str]) -> dict[str, Any]:
    """What a reader of categories says of how numbers are spelled among the texts of a model."""
    texts = set(texts)
    several = _in_several_ways(texts)
    return {"spelled": spelling(texts), **({"several": several} if several else {})}


def _in_several_ways(texts: Collection[str]) -> list[str]:
    """The numbers of texts, as `text_of` writes them, that others of the texts are as well."""
    others = {as_0_1(t) for t in texts if PLAIN_NUMBER.fullmatch(t) and as_0_1(t) != t}
    return sorted(others.intersection(texts))


def _of_distinct(values: pd.Series, read: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `read` makes of each distinct value, for every row; NaN for a gap."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    results = np.append(read(np.asarray(distinct, dtype=object)), np.nan)
    return np.asarray(results[codes])


def _read_numbers(values: Sequence[Any], reader: Mapping[str, Any]) -> np.ndarray:
    texts = [text_of(value) for value in values]
    decimal, sign = reader["decimal"], reader.get("thousands")
    if decimal == "." and (plain := plain_numbers(texts)) is not None:
        return plain
    if sign is None:
        return _read_numbers_of_0_1(texts, decimal)
    in_hundredths = reader.get("percent") == "hundredths"
    return numbers_of(texts, decimal, sign, reader.get("unit", ""), in_hundredths)


def _read_numbers_of_0_1(texts: Sequence[str], decimal: str) -> np.ndarray:
    sign = "." if decimal == "," else ","
    grouped = re.compile(rf"[-+]?\d{{1,3}}(\{sign}\d{{3}})+(\{decimal}\d*)?", re.ASCII)
    numbers = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        text = text.removesuffix("%").strip()
        if grouped.fullmatch(text):
            text = text.replace(sign, "")
        text = text.replace(decimal, ".")
        if PLAIN_NUMBER.fullmatch(text):
            numbers[index] = float(text)
    return numbers


def text_of(value: Any) -> str:
    """A value as text: a text as it is spelled, but for spaces around it; 3.0 as 3."""
    if isinstance(value, str | bool):
        return str(value).strip()
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def as_0_1(value: Any) -> str:
    """A category as hpopt 0.1 wrote it: numbers alike, however they are spelled."""
    text = str(value).strip()
    if text.casefold() in WORDS:
        return ""
    try:
        number = float(text)
    except ValueError:
        return text
    if not np.isfinite(number) or "_" in text:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)


def finite(values: np.ndarray) -> np.ndarray:
    """The numbers, where what is infinite is a gap; the same array where nothing is."""
    is_infinite = np.isinf(values)
    return np.where(is_infinite, np.nan, values) if is_infinite.any() else values
