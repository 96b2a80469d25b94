"""Reads a text file for an exported model as hpopt would, and says what in a frame does not fit.

An export carries this file along with `raw.py`, so it needs NumPy and pandas alone. `columns.json`
says how columns are read (its `readers`) and what text files were like in training (its `files`):
their `encoding` where they were not in UTF-8, and the words for a gap, in small letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.inputs.raw import GAPS, WORDS, is_no_date, raw_columns, text_of

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = (",", ";", "\t", "|")
_OTHER_SIGN = {".": ",", ",": "."}


def read_text_file(path: str | Path, form: Mapping[str, Any]) -> pd.DataFrame:
    """The texts of a CSV file that has the columns of `columns.json`, "" for a gap.

    Its delimiter is the one by which it has them. Raises ValueError where there is none.
    """
    files = form.get("files", {})
    names = [reader["column"] for reader in form["readers"]]
    try:
        frame = _read(path, "utf-8-sig", names)  # whatever else can be read so
    except UnicodeError:
        frame = _read_as_recorded(path, files.get("encoding", "utf-8"), names)
    gaps = files.get("gaps", WORDS)
    return frame.apply(lambda texts: texts.mask(texts.str.strip().str.casefold().isin(gaps), ""))


def _read_as_recorded(path: str | Path, encoding: str, names: Sequence[str]) -> pd.DataFrame:
    is_other = not encoding.lower().startswith("utf-8")
    try:
        return _read(path, encoding, names)
    except UnicodeError:
        other = f", nor in {encoding}, as the training data were" if is_other else ""
        raise ValueError(f"{path} is not in UTF-8{other}: save it so") from None


def _read(path: str | Path, encoding: str, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {
        "encoding": encoding,
        "dtype": str,
        "na_filter": False,
        "skipinitialspace": True,
        "index_col": False,
    }
    missing = list(names)
    for delimiter in _DELIMITERS:
        header = pd.read_csv(path, sep=delimiter, nrows=0, **options)
        without = [name for name in names if name not in {str(c).strip() for c in header.columns}]
        if not without:
            return pd.read_csv(path, sep=delimiter, **options)
        missing = min(missing, without, key=len)
    raise ValueError(f"{path} has no column {missing[0]!r}")


def readers_that_fit(
    frame: pd.DataFrame, readers: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """How a frame's columns are read, and a word on each whose values do not all fit.

    That is as it was recorded. Where a column contradicts, and all of it fits with comma and point
    exchanged, so are numbers that are texts read in all of the frame.
    """
    named = frame.rename(columns=lambda name: str(name).strip())
    missing = [reader["column"] for reader in readers if reader["column"] not in named]
    if missing:
        raise ValueError(f"there is no column {missing[0]!r}")
    misread = {reader["column"]: _misread(named, reader) for reader in readers}
    exchanged = [_exchanged(reader) for reader in readers]
    contradicts = [
        other["column"]
        for reader, other in zip(readers, exchanged, strict=True)
        if other is not reader
        and misread[other["column"]].any()
        and not _misread(named, other).any()
    ]
    words = []
    if contradicts:
        words.append(f"comma and point are exchanged in the numbers, by column {contradicts[0]!r}")
        readers = exchanged
        misread = {reader["column"]: _misread(named, reader) for reader in readers}
    return list(readers), words + list(_words(named, misread))


def _exchanged(reader: Mapping[str, Any]) -> Mapping[str, Any]:
    if "thousands" not in reader:
        return reader
    signs = {n: _OTHER_SIGN.get(reader[n], reader[n]) for n in ("decimal", "thousands")}
    return {**reader, **signs}


def _misread(frame: pd.DataFrame, reader: Mapping[str, Any]) -> np.ndarray:
    """Whether each value [n] of a reader's column is no gap, and can't be read."""
    values = next(iter(raw_columns(frame, [reader]).values()))
    if reader["kind"] == "categorical":
        return np.zeros(len(values), dtype=bool)
    is_lost = np.isnan(values)
    is_gap = is_no_date if reader["kind"] == "date" else _is_gap
    for row in np.flatnonzero(is_lost & frame[reader["column"]].notna().to_numpy()):
        is_lost[row] = not is_gap(text_of(frame[reader["column"]].iloc[row]))
    return np.asarray(is_lost & frame[reader["column"]].notna().to_numpy())


def _is_gap(text: str) -> bool:
    return text.casefold() in GAPS


def _words(frame: pd.DataFrame, misread: Mapping[str, np.ndarray]) -> Iterable[str]:
    for name, rows in misread.items():
        if rows.any():
            first = int(rows.argmax())
            yield (
                f"column {name!r}: {int(rows.sum())} of {len(rows)} values do not fit and count as "
                f"gaps, first {str(frame[name].iloc[first])!r} in row {first + 1}"
            )
