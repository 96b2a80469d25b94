"""Columns and arrays as they were read, and what raw rows are made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hpopt.errors import DataError
from hpopt.inputs import raw


@dataclass(frozen=True)
class Texts:
    """Texts [n] as indices into their distinct values; -1 stands for a gap.

    Those that are `typed` did not come as texts but as numbers or truth values.
    """

    codes: np.ndarray
    distinct: tuple[str, ...]
    typed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, values: np.ndarray) -> Texts:
        """The texts of an array [n], where "" is a gap."""
        distinct, codes = np.unique(values, return_inverse=True)
        first = int(len(distinct) > 0 and distinct[0] == "")  # "" sorts first
        return cls(codes.astype(np.int32) - first, tuple(distinct[first:].tolist()))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray | slice) -> Texts:
        return Texts(self.codes[rows], self.distinct, self.typed)

    def to_array(self) -> np.ndarray:
        """The texts as an array [n], with "" for a gap."""
        return np.asarray(np.array([*self.distinct, ""])[self.codes])

    def to_objects(self) -> np.ndarray:
        """The texts as Python objects [n], with None for a gap; each text is there once."""
        return np.asarray(np.array([*self.distinct, None], dtype=object)[self.codes])


# float64 [n], datetime64 [n], or texts.
Stored = np.ndarray | Texts


# Which points in time of a column name the zone of their clocks.
Zone = Literal["none", "some", "all"]


@dataclass
class Sheet:
    """The columns of one or several files, by name, all of `rows` rows."""

    columns: dict[str, Stored]
    rows: int
    decimal: str = "."  # the decimal sign of numbers that are written as text
    repeated: tuple[str, ...] = ()  # names that stand more than once in the header
    notes: list[str] = field(default_factory=list)
    gaps: tuple[str, ...] = ()  # the words that were taken for gaps, in small letters
    words: dict[str, Counter[str]] = field(default_factory=dict)  # how often, by column and word
    encoding: str | None = None  # of a text file
    zones: dict[str, Zone] = field(default_factory=dict)  # of points in time, by column


def numbers_of(sheet: Sheet, name: str) -> np.ndarray:
    """A column of numbers [n], also where they are written as text; NaN where there is none."""
    stored = sheet.columns[name]
    if not isinstance(stored, Texts):
        return stored
    reader = {"column": name, "kind": "numeric", "decimal": sheet.decimal}
    return np.asarray(raw_values(stored, reader)[name])


def raw_values(values: Stored, reader: Mapping[str, Any]) -> dict[str, np.ndarray | Texts]:
    """The raw columns that a reader makes of stored values, as `raw.raw_columns` would."""
    import pandas as pd

    column = reader["column"]
    if reader["kind"] == "categorical":
        return {column: as_categories(values, reader)}
    if isinstance(values, Texts):  # reading the distinct ones is enough
        if reader["kind"] == "numeric":
            numbers = raw.numbers_of_texts(values.distinct, reader)
            return {column: np.append(numbers, np.nan)[values.codes]}
        columns = raw.raw_column(pd.Series(values.distinct, dtype=object), reader)
        return {name: np.append(read, np.nan)[values.codes] for name, read in columns.items()}
    return dict(raw.raw_column(pd.Series(values), reader))


# How values are spelled where no word is a gap.
AS_SPELLED: Mapping[str, Any] = {"gaps": ()}


def as_categories(values: Stored, reader: Mapping[str, Any] = AS_SPELLED) -> Texts:
    """Stored values as the texts that `raw.categories` makes of them."""
    import pandas as pd

    if not isinstance(values, Texts):
        codes, distinct = pd.factorize(pd.Series(values))
        texts = tuple(map(raw.text_of, distinct))
        values = Texts(codes.astype(np.int32), texts, frozenset(texts))
    written = [raw.category(text, reader, text in values.typed) for text in values.distinct]
    spelled = Texts.of(np.array(written or [""]))
    return Texts(np.append(spelled.codes, np.int32(-1))[values.codes], spelled.distinct)


def resolved(sheet: Sheet, name: str, folder: Path) -> Sheet:
    """The sheet with a column of paths that are seen from `folder`."""
    stored = sheet.columns[name]
    if not isinstance(stored, Texts):
        stored = Texts.of(as_texts(stored))
    distinct = tuple(str(folder / Path(text).expanduser()) for text in stored.distinct)
    return replace(sheet, columns={**sheet.columns, name: replace(stored, distinct=distinct)})


def is_gap(stored: Stored, kind: str = "") -> np.ndarray:
    """Whether each value [n] is a gap as it was written, in a column of this kind."""
    if not isinstance(stored, Texts):
        return np.isnat(stored) if stored.dtype.kind == "M" else np.isnan(stored)
    gaps = [
        raw.is_no_date(text) if kind == "date" else text.strip().casefold() in raw.GAPS
        for text in stored.distinct
    ]
    return np.asarray(np.array([*gaps, True])[stored.codes])


def as_texts(stored: Stored) -> np.ndarray:
    """Values [n] as they are written into a file."""
    if isinstance(stored, Texts):
        return stored.to_array()
    if stored.dtype.kind == "M":
        return np.where(np.isnat(stored), "", np.datetime_as_string(stored, unit="s"))
    return np.array(["" if np.isnan(value) else raw.text_of(value) for value in stored])


def array_named(name: str, arrays: Mapping[str, np.ndarray], axes: int, source: str) -> np.ndarray:
    """The array of that name, else the one without a name, or the only one of so many axes.

    Raises DataError where there is none.
    """
    for key in (name, ""):
        if key in arrays:
            return arrays[key]
    alike = [array for array in arrays.values() if array.ndim == axes]
    if len(alike) == 1:
        return alike[0]
    raise DataError(f"{source} holds no array `{name}`", help=f"it has {', '.join(arrays)}")
