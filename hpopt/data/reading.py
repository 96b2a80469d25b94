"""Reads tables into columns, a chunk of rows at a time.

A text file is read as text: what its columns are is decided once all of their values are there.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.data.chunks import (
    FrameColumn,
    TextColumn,
    is_many_numbers,
    one_zone,
    short_numbers,
)
from hpopt.data.csv_text import CsvText, check_file, look_at
from hpopt.errors import DataError, Location, MissingDependency, in_words
from hpopt.inputs import raw
from hpopt.inputs.stored import Sheet, Stored, Texts

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")  # by its ending a file is such a one

_CELLS_AT_ONCE = 4_000_000
_TEXTS_AT_ONCE = 1_000_000
_FIRST_ROWS = 2_000
_WIDTH = 32  # of a number in bytes, and one more
_QUOTES = 'a quotation mark inside a field is written twice: ""'


def read_csv(
    path: Path,
    *,
    gaps: Collection[str] | None = None,
    spelled: Collection[str] = (),
    encoding: str | None = None,
    expected: str | None = None,
) -> Sheet:
    """The columns of a CSV file, as texts; those of many different numbers are numbers.

    `gaps` are the words for a gap, in small letters, if other than `raw.WORDS`. Columns that are
    `spelled` are kept as texts, however many these are. The file is in this `encoding` if one is
    given, and likely in the `expected` one. Raises DataError, with the line where one
    is at fault.
    """
    text = look_at(path, encoding, expected)
    gaps = tuple(raw.WORDS if gaps is None else gaps)
    with closing(_chunks(text, rows=_FIRST_ROWS)) as chunks:
        first = next(chunks, None)
    if first is not None and len(first) < _FIRST_ROWS:  # they are all rows
        columns = _text_columns(text, gaps, spelled, chunks=[first])
    else:
        columns = _text_columns(text, gaps, spelled, _dtypes(text, spelled, first))
    if lost := [name for name, column in columns.items() if column.is_lost]:
        columns |= _text_columns(text, gaps, spelled, only=lost)
    if lost := [name for name, column in columns.items() if column.is_lost]:
        columns |= _text_columns(text, gaps, lost, only=lost)
    stored = {name: column.finish() for name, column in columns.items()}
    rows = len(next(iter(stored.values())))
    times = Counter(name for name in text.header if name)
    repeated = tuple(name for name, count in times.items() if count > 1)
    words = {name: column.words for name, column in columns.items() if column.words}
    notes = [*text.notes, *_word_on(repeated, path)]
    return Sheet(stored, rows, text.decimal, repeated, notes, gaps, words, text.encoding)


def _text_columns(
    text: CsvText,
    gaps: Collection[str],
    spelled: Collection[str],
    dtypes: Any = object,
    only: Collection[str] = (),
    chunks: Iterable[pd.DataFrame] | None = None,
) -> dict[str, TextColumn]:
    """The columns, or some `only`; `dtypes` are those of `_dtypes`, `chunks` rows read before."""
    columns: dict[str, TextColumn] = {}
    for chunk in _chunks(text, dtypes) if chunks is None else chunks:
        names = _names(text.path, chunk.columns)
        if _may_be_short(chunk):
            _check_lengths(text)
        for place, name in enumerate(names):
            if only and name not in only:
                continue
            if name not in columns:
                columns[name] = TextColumn(gaps, name in spelled, text.decimal)
            columns[name].add(chunk.iloc[:, place].to_numpy())
    if not columns or not len(chunk):
        raise DataError(
            f"{text.path} holds a header and no rows", location=text.location(1), help=None
        )
    return columns


def _dtypes(text: CsvText, spelled: Collection[str], first: pd.DataFrame | None) -> Any:
    """Objects for texts; bytes for columns whose `first` rows hold many different numbers."""
    if first is None or len(set(text.header)) < len(text.header):
        return object
    return {
        name: f"S{_WIDTH}"
        if name.strip() not in spelled and is_many_numbers(first[name].tolist(), text.decimal)
        else object
        for name in first.columns
    }


def read_parquet(path: Path, as_written: Collection[str] = ()) -> Sheet:
    """The columns of a Parquet file; clocks of some are taken `as_written`, without their zone."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("pyarrow", "parquet") from None
    check_file(path)
    import pandas as pd

    whole = {pyarrow.int64(): pd.Int64Dtype(), pyarrow.uint64(): pd.UInt64Dtype()}
    columns: dict[str, FrameColumn] = {}
    rows = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            size = max(_CELLS_AT_ONCE // max(len(file.schema_arrow.names), 1), 1000)
            for batch in file.iter_batches(batch_size=size):
                # Gaps would make float64 of whole numbers, and merge long ones; by the metadata of
                # pandas an index would be no column.
                frame = batch.to_pandas(types_mapper=whole.get, ignore_metadata=True)
                rows += len(frame)
                _add(columns, frame, path, as_written)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} can't be read as Parquet: {in_words(error)}") from None
    if rows == 0:
        raise DataError(f"{path} holds no rows")
    return _finished(columns, rows)


def of_frame(frame: pd.DataFrame, source: str, as_written: Collection[str] = ()) -> Sheet:
    """The columns of a DataFrame, and of an index that has a name.

    Clocks of some columns are taken `as_written`, without their zone.

    Raises DataError where one holds what is no single value.
    """
    if not len(frame):
        raise DataError(f"{source} gives no rows")
    columns: dict[str, FrameColumn] = {}
    _add(columns, with_named_index(frame), source, as_written)
    return _finished(columns, len(frame))


def _finished(columns: Mapping[str, FrameColumn], rows: int) -> Sheet:
    stored = {name: column.finish() for name, column in columns.items()}
    zones = {name: column.zone for name, column in columns.items()}
    return Sheet(stored, rows, zones=zones)


def with_named_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its index as columns where that has names, and without it elsewhere."""
    names = [name for name in frame.index.names if name is not None and name not in frame.columns]
    return frame.reset_index(level=names).reset_index(drop=True) if names else frame


def with_gaps(sheet: Sheet, gaps: Sequence[str]) -> Sheet:
    """The sheet of a frame, in which these words, in whatever case, and numbers stand for gaps."""
    columns, words = dict(sheet.columns), dict(sheet.words)
    numbers = raw.numbers_among(gaps)
    for name, stored in sheet.columns.items():
        if isinstance(stored, Texts):
            columns[name], counts = _without_words(stored, gaps)
        elif stored.dtype.kind == "f" and np.isin(stored, numbers).any():
            counts = Counter({raw.text_of(n): int((stored == n).sum()) for n in numbers})
            columns[name] = np.where(np.isin(stored, numbers), np.nan, stored)
        else:
            continue
        if found := +counts:
            words[name] = found
    return replace(sheet, columns=columns, words=words, gaps=tuple(gaps))


def _without_words(stored: Texts, gaps: Sequence[str]) -> tuple[Texts, Counter[str]]:
    """Texts without these words, and how often each was there; other types are no words."""
    is_gap = np.array(
        [t.casefold() in gaps and t not in stored.typed for t in stored.distinct] + [True]
    )
    counts = np.bincount(stored.codes + 1, minlength=len(stored.distinct) + 1)[1:]
    counted = zip(stored.distinct, counts, is_gap[:-1], strict=True)
    codes = np.where(is_gap[stored.codes], -1, stored.codes).astype(np.int32)
    return replace(stored, codes=codes), Counter({t: int(n) for t, n, gap in counted if gap})


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """The rows of several sheets, one below the other, with the columns of the first."""
    first = sheets[0]
    columns = {
        name: below([sheet.columns[name] for sheet in sheets], first.decimal)
        for name in first.columns
    }
    words: dict[str, Counter[str]] = {}
    for sheet in sheets:
        for name in sheet.words:
            words.setdefault(name, Counter()).update(sheet.words[name])
    notes = list(dict.fromkeys(note for sheet in sheets for note in sheet.notes))
    zones = {
        name: one_zone({sheet.zones.get(name, "none") for sheet in sheets}) for name in columns
    }
    return replace(
        first,
        columns=columns,
        rows=sum(sheet.rows for sheet in sheets),
        notes=notes,
        words=words,
        zones=zones,
    )


def below(pieces: Sequence[Stored], decimal: str) -> Stored:
    """One column of several, one below the other; numbers only where all can be numbers."""
    if not all(isinstance(piece, Texts) for piece in pieces):
        numbers = [
            short_numbers(piece, decimal) if isinstance(piece, Texts) else piece for piece in pieces
        ]
        pieces = pieces if any(piece is None for piece in numbers) else numbers  # type: ignore[assignment]
    column = FrameColumn()
    for piece in pieces:
        column.add_stored(piece)
    return column.finish()


def _add(
    columns: dict[str, FrameColumn],
    frame: pd.DataFrame,
    source: Path | str,
    as_written: Collection[str],
) -> None:
    frame = frame.set_axis(_names(source, [str(name) for name in frame.columns]), axis=1)
    for name in frame.columns:
        try:
            columns.setdefault(name, FrameColumn(name in as_written)).add(frame[name])
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the column `{name}` of {source} can't be used: {in_words(error)}",
                help="its values must be numbers, texts, dates or gaps",
            ) from None


def _chunks(
    text: CsvText, dtypes: Any = object, rows: int | None = None
) -> Generator[pd.DataFrame]:
    """Rows as texts, of these dtypes, so many at once if it is said."""
    import pandas as pd

    width = len(text.header)
    options: dict[str, Any] = {
        "sep": text.delimiter,
        "dtype": dtypes,
        "na_filter": False,
        "encoding": text.encoding,
        "encoding_errors": text.errors,
        "compression": "gzip" if text.is_gzip else None,
        "chunksize": rows or min(max(_TEXTS_AT_ONCE // width, 1000), 200_000),
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
    return bool(len(chunk)) and not all(chunk.iloc[:, -1])


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
