"""Columns as their chunks come in: those of a text file as texts, those of a frame as they are.

A column of a text file is kept by its distinct texts. One of numbers that has too many of them is
kept as numbers, so that memory is bounded; `is_lost` says that this has turned out wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from hpopt.inputs import raw
from hpopt.inputs.stored import Stored, Texts, Zone
from hpopt.inputs.written import plain_numbers

if TYPE_CHECKING:
    import pandas as pd

# A column of numbers of more distinct texts than this is no column of classes.
_MOST_TEXTS = 20_000
# A column is many numbers if so many of its first rows are different ones.
_MANY = 1_000
# All whole numbers of so many digits are their own in float64.
_SURE_DIGITS = 15
LONG = re.compile(rf"([-+]?\d{{{_SURE_DIGITS + 1},}})(?:[.,]0*)?", re.ASCII)


class TextColumn:
    """A column of a text file; `gaps` are words for one, counted in `words` as they are spelled.

    One that is `kept` is kept as texts however many there are.
    """

    def __init__(self, gaps: Collection[str], kept: bool = False, decimal: str = ".") -> None:
        self.words: Counter[str] = Counter()
        self.is_lost = False
        self._gaps = frozenset(gaps)
        self._kept = kept
        self._decimal = decimal
        self._code_of: dict[str, int] = {}
        self._codes: list[np.ndarray] = []
        self._numbers: list[np.ndarray] | None = None  # once there were too many texts

    def add(self, values: np.ndarray) -> None:
        """Texts [n], as Python objects, or as bytes of a fixed width where they look like numbers.

        What bytes can't be read as numbers is lost.
        """
        import pandas as pd

        if values.dtype.kind == "S":
            self._add_numbers(_numbers_of_bytes(values, self._decimal))
            return
        codes, distinct = pd.factorize(values)
        texts = [text.strip() for text in distinct]
        words = [index for index, text in enumerate(texts) if text.casefold() in self._gaps]
        if words:
            self._count_words(words, texts, codes)
        if self._numbers is None:
            self._add_texts(texts, codes)
        else:
            numbers = _short_or_gap(texts, self._gaps, self._decimal)
            self._add_numbers(None if numbers is None else numbers[codes])

    def finish(self) -> Stored:
        """The whole column."""
        if self._numbers is not None:
            return np.concatenate(self._numbers)
        codes, self._codes = self._codes, []
        code_of, self._code_of = self._code_of, {}  # which is as large as the texts
        return Texts(np.concatenate(codes), tuple(code_of))

    def _add_numbers(self, numbers: np.ndarray | None) -> None:
        self._numbers = self._numbers or []
        if numbers is None:
            self.is_lost = True
        else:
            self._numbers.append(numbers)

    def _count_words(self, words: Sequence[int], texts: list[str], codes: np.ndarray) -> None:
        counts = np.bincount(codes, minlength=len(texts))
        for index in words:
            if texts[index]:
                self.words[texts[index]] += int(counts[index])
            texts[index] = ""

    def _add_texts(self, texts: Sequence[str], codes: np.ndarray) -> None:
        code_of = self._code_of
        places = [code_of.setdefault(text, len(code_of)) if text else -1 for text in texts]
        self._codes.append(np.array(places, dtype=np.int32)[codes])
        if len(code_of) > _MOST_TEXTS and not self._kept:
            self._keep_numbers()

    def _keep_numbers(self) -> None:
        numbers = _short_or_gap(list(self._code_of), (), self._decimal)
        if numbers is None:
            self._kept = True
            return
        numbers = np.append(numbers, np.nan)
        self._numbers = [numbers[codes] for codes in self._codes]
        self._codes, self._code_of = [], {}


def plain_or_gap(
    texts: Sequence[str], gaps: Collection[str] = (), decimal: str = "."
) -> np.ndarray | None:
    """Texts [n] as numbers, NaN for a gap; None where one is a code, or anything else.

    Where the decimal sign is a comma, a point is something else.
    """
    if decimal != "." and any("." in text for text in texts):
        return None
    if any(map(raw.LEADING_ZERO.fullmatch, texts)):
        return None
    is_gap = np.array([not text or text.casefold() in gaps for text in texts], dtype=bool)
    plain = plain_numbers([text for text, gap in zip(texts, is_gap, strict=True) if not gap])
    if plain is None:
        return None
    numbers = np.full(len(texts), np.nan)
    numbers[~is_gap] = plain
    return numbers


def one_zone(zones: Collection[Zone]) -> Zone:
    """What is so of all together, of which each has one of these."""
    return next(iter(zones), "none") if len(zones) < 2 else "some"


def has_long(texts: Sequence[str]) -> bool:
    """Whether any is a whole number of more digits than float64 is sure to keep apart."""
    return any(len(text) > _SURE_DIGITS and LONG.fullmatch(text) for text in texts)


def short_numbers(texts: Texts, decimal: str) -> np.ndarray | None:
    """A column [n] as numbers where all of its texts are plain ones; None where one is not.

    A number of needless zeros, or of so many digits that it may be a code, is none.
    """
    numbers = _short_or_gap(texts.distinct, (), decimal) if texts.distinct else None
    return None if numbers is None else np.append(numbers, np.nan)[texts.codes]


def _short_or_gap(texts: Sequence[str], gaps: Collection[str], decimal: str) -> np.ndarray | None:
    """As `plain_or_gap`, but None also where a number may be a long code."""
    return None if has_long(texts) else plain_or_gap(texts, gaps, decimal)


_IS_IN_NUMBERS = np.isin(np.arange(256), list(b"0123456789+-.eE\0"))


def _numbers_of_bytes(values: np.ndarray, decimal: str) -> np.ndarray | None:
    """As `plain_or_gap`, of bytes [n] of a fixed width, where no word is a gap; much faster."""
    characters = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    if characters[:, -1].any() or not _IS_IN_NUMBERS[characters].all():  # cut off, or no number
        return None
    if decimal != "." and (characters == ord(".")).any():
        return None
    has_sign = np.isin(characters[:, 0], list(b"+-"))
    first, second = np.where(has_sign, characters[:, 1:3].T, characters[:, 0:2].T)
    if ((first == ord("0")) & (second >= ord("0")) & (second <= ord("9"))).any():
        return None
    try:
        numbers = np.where(characters[:, 0] == 0, b"nan", values).astype(np.float64)
    except ValueError:
        return None
    large = values[np.abs(numbers) >= 10**_SURE_DIGITS]  # also false of NaN
    return None if has_long([text.decode() for text in large]) else numbers


def is_many_numbers(values: Sequence[str], decimal: str) -> bool:
    """Whether the first rows' texts look like the numbers of a column that has many of them."""
    texts = {text.strip() for text in values}
    return len(texts) > _MANY and _short_or_gap(list(texts), (), decimal) is not None


class FrameColumn:
    """A column of a frame: numbers as float64, points in time, and all else as texts.

    Points in time that name a zone are in UTC, or their clocks are taken `as_written`.
    """

    def __init__(self, as_written: bool = False) -> None:
        self._as_written = as_written
        self._zones: set[Zone] = set()
        self._pieces: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self._code_of: dict[str, int] | None = None  # once there was a text
        self._typed: set[str] = set()

    @property
    def zone(self) -> Zone:
        """Which points in time name a zone; of texts it is not asked."""
        return one_zone(self._zones)

    def add(self, values: pd.Series) -> None:
        """A chunk. Raises TypeError or ValueError where values are no single ones."""
        typed = _of_one_type(values)
        kind = typed.dtype.kind
        if kind == "M":
            self._zones.add(_zone_of(values if values.dtype.kind == "O" else typed))
            clocks = _clocks(values, typed) if self._as_written else _in_utc(typed)
            self._pieces.append(clocks.to_numpy().astype("datetime64[ns]"))
        elif kind in "iuf" and self._code_of is None and not _is_too_long(typed):
            self._pieces.append(typed.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            self._add_texts(typed)

    def add_stored(self, stored: Stored) -> None:
        """A column that was read before."""
        import pandas as pd

        if isinstance(stored, Texts):
            self._add_texts(pd.Series(stored.to_objects(), dtype=object))
            self._typed |= stored.typed
        else:
            self.add(pd.Series(stored))

    def _add_texts(self, values: pd.Series) -> None:
        import pandas as pd

        if self._code_of is None:
            self._code_of = {}
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                self._add_texts(pd.Series(piece))
        codes, distinct = pd.factorize(values)
        places = []
        for value in distinct:
            text = raw.text_of(value)
            if not isinstance(value, str):
                self._typed.add(text)
            places.append(self._code_of.setdefault(text, len(self._code_of)) if text else -1)
        self._codes.append(np.array([*places, -1], dtype=np.int32)[codes])

    def finish(self) -> Stored:
        """The whole column."""
        if self._code_of is not None:
            codes = np.concatenate(self._codes)
            return Texts(codes, tuple(self._code_of), frozenset(self._typed))
        if any(piece.dtype.kind == "M" for piece in self._pieces):
            return np.concatenate(list(map(_as_times, self._pieces)))
        return np.concatenate(self._pieces)


def _of_one_type(values: pd.Series) -> pd.Series:
    """The values, as numbers or points in time where all of them are, whatever holds them.

    Python's own points in time are in UTC where any of them names a zone.
    """
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = values.cat.categories.dtype
        has_gaps = categories.kind in "iub" and values.isna().any()
        values = values.astype(object if has_gaps else categories.name)
    if values.dtype.kind != "O" or isinstance(values.dtype, pd.StringDtype):
        return values
    match pd.api.types.infer_dtype(values, skipna=True):
        case "integer" | "floating" | "mixed-integer-float":
            try:
                return pd.Series(pd.array(values.tolist()))
            except OverflowError:
                return values
        case "decimal":
            return values.astype(np.float64)
        case "date" | "datetime" | "datetime64":
            try:
                return pd.to_datetime(values, utc=_zone_of(values) != "none")
            except (ValueError, OverflowError):  # years beyond pandas
                return values
        case "empty":
            return pd.Series(np.full(len(values), np.nan))
    return values


def _zone_of(values: pd.Series) -> Zone:
    """Which points in time, of a column of them or of objects, name a zone."""
    if values.dtype.kind == "M":
        return "none" if values.dt.tz is None else "all"
    has_zone = {value.tzinfo is not None for value in values if isinstance(value, datetime)}
    return "some" if len(has_zone) == 2 else "all" if True in has_zone else "none"


def _clocks(values: pd.Series, typed: pd.Series) -> pd.Series:
    """Points in time as the clocks at their places show them."""
    import pandas as pd

    if values.dtype.kind != "O" or _zone_of(values) == "none":
        return typed.dt.tz_localize(None)
    return pd.to_datetime(values.map(lambda time: time.replace(tzinfo=None), na_action="ignore"))


def _in_utc(values: pd.Series) -> pd.Series:
    return values if values.dt.tz is None else values.dt.tz_convert("UTC").dt.tz_localize(None)


def _is_too_long(values: pd.Series) -> bool:
    """Whether whole numbers have more digits than float64 keeps apart."""
    if values.dtype.kind not in "iu" or not values.notna().any():
        return False
    return bool(values.max() > 2**53 or values.min() < -(2**53))


def _as_times(piece: np.ndarray) -> np.ndarray:
    if piece.dtype.kind != "M" and not np.isnan(piece).all():
        raise ValueError("some values are points in time, others are numbers")
    if piece.dtype.kind == "M":
        return piece
    return np.full(len(piece), np.datetime64("NaT", "ns"))
