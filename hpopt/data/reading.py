"""Reads tables into columns, a chunk of rows at a time.

Numbers are kept as float64 and all else by its distinct texts, so that a million rows never stand
in memory as Python's objects.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.data.csv_text import CsvText, check_file, look_at
from hpopt.errors import DataError, Location, MissingDependency, in_words
from hpopt.inputs import raw
from hpopt.inputs.stored import Sheet, Stored, Texts

if TYPE_CHECKING:
    import pandas as pd

_CELLS_AT_ONCE = 4_000_000
_QUOTES = 'a quotation mark inside a field is written twice: ""'


def read_csv(path: Path) -> Sheet:
    """The columns of a CSV file. Raises DataError, with the line where one is at fault."""
    text = look_at(path)
    builders: dict[str, _Builder] = {}
    rows = 0
    for chunk in _chunks(text):
        chunk.columns = _names(path, chunk.columns)
        if _may_be_short(chunk):
            _check_lengths(text)
        rows += len(chunk)
        for name in chunk.columns:
            builders.setdefault(name, _Builder()).add(chunk[name])
    if rows == 0:
        raise DataError(f"{path} holds a header and no rows", location=text.location(1), help=None)
    columns = {name: builder.finish() for name, builder in builders.items()}
    times = Counter(name for name in text.header if name)
    repeated = tuple(name for name, count in times.items() if count > 1)
    return Sheet(columns, rows, text.decimal, repeated, _word_on(repeated, path))


def read_parquet(path: Path) -> Sheet:
    """The columns of a Parquet file."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("pyarrow", "parquet") from None
    check_file(path)
    builders: dict[str, _Builder] = {}
    rows = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            size = max(_CELLS_AT_ONCE // max(len(file.schema_arrow.names), 1), 1000)
            for batch in file.iter_batches(batch_size=size):
                frame = batch.to_pandas()
                rows += len(frame)
                _add(builders, frame, path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} can't be read as Parquet: {in_words(error)}") from None
    if rows == 0:
        raise DataError(f"{path} holds no rows")
    return Sheet({name: builder.finish() for name, builder in builders.items()}, rows)


def of_frame(frame: pd.DataFrame, source: str) -> Sheet:
    """The columns of a DataFrame. Raises DataError where one holds what is no single value."""
    if not len(frame):
        raise DataError(f"{source} gives no rows")
    builders: dict[str, _Builder] = {}
    _add(builders, frame, source)
    return Sheet({name: builder.finish() for name, builder in builders.items()}, len(frame))


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """The rows of several sheets, one below the other, with the columns of the first."""
    import pandas as pd

    builders: dict[str, _Builder] = {}
    for sheet in sheets:
        for name in sheets[0].columns:
            stored = sheet.columns[name]
            values = stored.to_objects() if isinstance(stored, Texts) else stored
            builders.setdefault(name, _Builder()).add(pd.Series(values))
    first = sheets[0]
    columns = {name: builder.finish() for name, builder in builders.items()}
    notes = list(dict.fromkeys(note for sheet in sheets for note in sheet.notes))
    return Sheet(columns, sum(s.rows for s in sheets), first.decimal, first.repeated, notes)


def _add(builders: dict[str, _Builder], frame: pd.DataFrame, source: Path | str) -> None:
    frame = frame.set_axis(_names(source, [str(name) for name in frame.columns]), axis=1)
    for name in frame.columns:
        try:
            builders.setdefault(name, _Builder()).add(frame[name])
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the column `{name}` of {source} can't be used: {in_words(error)}",
                help="its values must be numbers, texts, dates or gaps",
            ) from None


class _Builder:
    """One column, as its chunks come in."""

    def __init__(self) -> None:
        self._numbers: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self._code_of: dict[str, int] | None = None  # once there was a text

    def add(self, values: pd.Series) -> None:
        kind = values.dtype.kind
        if kind == "M":
            times = (
                values.dt.tz_convert("UTC").dt.tz_localize(None) if _has_zone(values) else values
            )
            self._numbers.append(times.to_numpy().astype("datetime64[ns]"))
        elif kind in "iuf" and self._code_of is None:
            self._numbers.append(values.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            self._add_texts(values)

    def _add_texts(self, values: pd.Series) -> None:
        import pandas as pd

        if self._code_of is None:
            self._code_of = {}
            numbers, self._numbers = self._numbers, []
            for piece in numbers:
                self._add_texts(pd.Series(piece))
        codes, distinct = pd.factorize(values)
        are_texts = values.dtype.kind not in "biuf"
        code_of = self._code_of
        column_codes = np.array(
            [
                code_of.setdefault(
                    value.strip() if are_texts and isinstance(value, str) else raw.text_of(value),
                    len(code_of),
                )
                for value in distinct
            ]
            + [-1],
            dtype=np.int32,
        )
        self._codes.append(column_codes[codes])

    def finish(self) -> Stored:
        if self._code_of is None:
            return np.concatenate(self._numbers)
        texts = Texts(np.concatenate(self._codes), tuple(self._code_of))
        if "" not in self._code_of:
            return texts
        gap = self._code_of[""]  # a text of spaces
        codes = np.where(texts.codes == gap, -1, texts.codes - (texts.codes > gap))
        return Texts(codes.astype(np.int32), tuple(t for t in texts.distinct if t))


def _has_zone(values: pd.Series) -> bool:
    return values.dt.tz is not None


def _chunks(text: CsvText) -> Iterator[pd.DataFrame]:
    import pandas as pd

    width = len(text.header)
    options: dict[str, Any] = {
        "sep": text.delimiter,
        "decimal": text.decimal,
        "encoding": text.encoding,
        "compression": "gzip" if text.is_gzip else None,
        "chunksize": min(max(_CELLS_AT_ONCE // width, 1000), 200_000),
        "index_col": False,
        "skipinitialspace": True,
        "low_memory": False,
    }
    try:
        with warnings.catch_warnings():
            # Rows longer than the header, one and all, are no more than a warning to pandas.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            with pd.read_csv(text.path, **options) as reader:
                yield from reader
    except pd.errors.EmptyDataError:
        raise DataError(f"{text.path} is empty") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        _check_lengths(text)
        raise _unreadable(text, str(error)) from None
    except (UnicodeError, OSError, EOFError) as error:
        raise DataError(f"{text.path} can't be read: {in_words(error)}") from None


def _unreadable(text: CsvText, message: str) -> DataError:
    if "inside string" in message:
        return DataError(
            f"{text.path}: a quotation mark that opens a field is never closed",
            location=_open_quote(text),
            help=_QUOTES,
        )
    return DataError(f"{text.path} is no table: {message.strip()}")


def _open_quote(text: CsvText) -> Location:
    last = 1
    for line, _ in text.records():
        last = line
    return text.location(last)


def _may_be_short(chunk: pd.DataFrame) -> bool:
    """Whether a row may have too few fields, which pandas fills up: its last would be a gap."""
    return bool(len(chunk) and chunk.iloc[:, -1].isna().any())


def _check_lengths(text: CsvText) -> None:
    """Raise DataError where a record has not as many fields as the header."""
    import csv

    width = len(text.header)
    wrong, first = 0, None
    try:
        for line, fields in text.records():
            if len(fields) != width and len(fields) > 0:
                wrong += 1
                first = first or (line, len(fields))
    except csv.Error:
        return
    if first is None:
        return
    line, field_count = first
    place = text.location(line)
    if field_count < width and (place.text or "").count('"') % 2:
        raise DataError(
            f"{text.path}: a quotation mark that opens a field is never closed",
            location=place,
            help=_QUOTES,
        )
    fields_word = "field" if field_count == 1 else "fields"
    more = f"; so it is with {wrong} rows" if wrong > 1 else ""
    raise DataError(
        f"the header has {width} columns, but this row has {field_count} {fields_word}{more}",
        location=place,
        help="a text with the delimiter in it wants quotation marks"
        if field_count > width
        else "is the file whole? a gap at the end of a row still needs its delimiter",
    )


def _names(source: Path | str, names: Iterable[str]) -> list[str]:
    stripped = [str(name).strip() for name in names]
    [(name, count)] = Counter(stripped).most_common(1)
    if count > 1:
        raise DataError(f"two columns of {source} are named `{name}`", help="rename one of them")
    return stripped


def _word_on(repeated: Iterable[str], path: Path) -> list[str]:
    return [
        f"the header of {path.name} names `{name}` more than once: the later ones are called "
        f"`{name}.1` and so on"
        for name in repeated
    ][:5]
