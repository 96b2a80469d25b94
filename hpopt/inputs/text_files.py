"""Reads a text file for an exported model as hpopt would, and says what in a frame does not fit.

An export carries this file along with `raw.py`, so it needs NumPy and pandas alone. `columns.json`
says how columns are read (its `readers`) and what text files were like in training (its `files`):
their `encoding` where they were not in UTF-8, and the words for a gap, in small letters.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.inputs.raw import GAPS, WORDS, is_no_date, raw_columns, text_of

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = (",", ";", "\t", "|")
_OTHER_SIGN = {".": ",", ",": "."}
# A number whose one sign may be one of decimals, or one between groups of three.
_IN_THREES = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*", re.ASCII)


def read_text_file(path: str | Path, form: Mapping[str, Any]) -> pd.DataFrame:
    """The texts of a CSV file that has the columns of `columns.json`, "" for a gap.

    Its delimiter is the one by which it has them. Warns of bytes that mean nothing. Raises
    ValueError where the columns are not there, or the file is in another encoding.
    """
    files = form.get("files", {})
    names = [reader["column"] for reader in form["readers"]]
    frame = _read_in_any(path, files.get("encoding", "utf-8"), names)
    gaps = files.get("gaps", WORDS)
    return frame.apply(lambda texts: texts.mask(texts.str.strip().str.casefold().isin(gaps), ""))


def _read_in_any(path: str | Path, encoding: str, names: Sequence[str]) -> pd.DataFrame:
    """The texts of a file in UTF-8, whatever else can be read so, or as the training data were."""
    is_other = not encoding.lower().startswith("utf-8")
    reasons = []
    for each in ["utf-8-sig", encoding]:
        try:
            return _read(path, each, names)
        except ValueError as error:
            reasons.append(error)
    if not isinstance(reasons[0], UnicodeError):
        raise reasons[0]
    if _is_mostly_utf_8(path):
        frame = _read(path, "utf-8-sig", names, "replace")
        warnings.warn(f"{path} is not all in UTF-8: other bytes are read as \ufffd", stacklevel=3)
        return frame
    if is_other and not isinstance(reasons[1], UnicodeError):
        raise reasons[1]
    other = f", nor in {encoding}, as the training data were" if is_other else ""
    raise ValueError(f"{path} is not in UTF-8{other}: save it so") from None


def _is_mostly_utf_8(path: str | Path) -> bool:
    """Whether a file is UTF-8 but for a few stray bytes."""
    with Path(path).open(encoding="utf-8", errors="replace") as text:
        beyond = Counter(c for line in text if not line.isascii() for c in line if not c.isascii())
    stray = beyond["\ufffd"]
    return beyond.total() - stray > (stray if stray > 1 else 0)


def _read(
    path: str | Path, encoding: str, names: Sequence[str], errors: str = "strict"
) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {
        "encoding": encoding,
        "encoding_errors": errors,
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

    That is as it was recorded, but for the signs of numbers where a column contradicts: one that
    does not fit as it was recorded, and does in another form. If that has comma and point
    exchanged, so have the others, but for those that fit in the recorded form alone.
    """
    named = frame.rename(columns=lambda name: str(name).strip())
    missing = [reader["column"] for reader in readers if reader["column"] not in named]
    if missing:
        raise ValueError(f"there is no column {missing[0]!r}")
    others = {
        reader["column"]: form
        for reader in readers
        if "thousands" in reader and (form := _other_form(named, reader)) is not None
    }
    words = [
        f"the signs of numbers are not those of the training data, by column {name!r}"
        for name in others
    ][:1]
    is_exchange = any(
        others.get(r["column"], r).get("decimal") != r.get("decimal") for r in readers
    )
    fitting = [
        others.get(reader["column"], _beside(named, reader) if is_exchange else reader)
        for reader in readers
    ]
    misread = {reader["column"]: _misread(named, reader) for reader in fitting}
    return fitting, words + list(_words_in_doubt(named, fitting)) + list(_words(named, misread))


def _other_form(frame: pd.DataFrame, reader: Mapping[str, Any]) -> Mapping[str, Any] | None:
    texts = [value for value in frame[reader["column"]] if isinstance(value, str)]
    return form_that_fits(reader, texts, lambda form: _misread(frame, form).any())


def _beside(frame: pd.DataFrame, reader: Mapping[str, Any]) -> Mapping[str, Any]:
    if "thousands" not in reader:
        return reader
    return exchanged_if_possible(reader, lambda form: _misread(frame, form).any())


def form_that_fits(
    reader: Mapping[str, Any], texts: Iterable[str], misreads: Callable[[Mapping[str, Any]], Any]
) -> Mapping[str, Any] | None:
    """The form of a reader of numbers in which all of a column fits that does not as recorded.

    `misreads` says whether a form does not fit some of the column's `texts`. None where it fits as
    it is, or nothing does. First comes what training had, with comma and point exchanged; where it
    had no sign between groups, numbers such as 1.234,5 show that there is one. Where it had whole
    numbers, 1,234 may be 1234 as well, and no form fits.
    """
    texts = list(texts)
    if not misreads(reader) or in_doubt(reader, texts):
        return None
    forms = [exchanged(reader)]
    if not reader["thousands"] and any(text.count(",") + text.count(".") > 1 for text in texts):
        grouped = {**reader, "thousands": _OTHER_SIGN[reader["decimal"]]}
        forms += [grouped, exchanged(grouped)]
    return next((form for form in forms if not misreads(form)), None)


def in_doubt(reader: Mapping[str, Any], texts: Iterable[str]) -> str:
    """The first of texts with a point or comma, if any of these may be whole numbers in threes.

    So it is where training had whole numbers without a sign: 1,234 may be 1234 or 1.234.
    """
    with_sign = [text for text in texts if "," in text or "." in text]
    if not reader.get("whole") or not all(map(_IN_THREES.fullmatch, with_sign)):
        return ""
    return next(iter(with_sign), "")


def exchanged(reader: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reader with comma and point exchanged."""
    signs = {n: _OTHER_SIGN.get(reader[n], reader[n]) for n in ("decimal", "thousands")}
    return {**reader, **signs}


def exchanged_if_possible(
    reader: Mapping[str, Any], misreads: Callable[[Mapping[str, Any]], Any]
) -> Mapping[str, Any]:
    """The reader with comma and point exchanged, but where a column has numbers like 0.5 alone."""
    other = exchanged(reader)
    if not misreads(other):
        return other
    grouped = {**other, "thousands": reader["decimal"]}
    return other if not misreads(grouped) else reader


def _misread(frame: pd.DataFrame, reader: Mapping[str, Any]) -> np.ndarray:
    """Whether each value [n] of a reader's column is no gap, and can't be read."""
    if reader["kind"] == "categorical":
        return np.zeros(len(frame), dtype=bool)
    # A number that stands for a gap can be read.
    values = next(iter(raw_columns(frame, [{**reader, "gaps": ()}]).values()))
    is_lost = np.isnan(values)
    is_gap = is_no_date if reader["kind"] == "date" else _is_gap
    for row in np.flatnonzero(is_lost & frame[reader["column"]].notna().to_numpy()):
        is_lost[row] = not is_gap(text_of(frame[reader["column"]].iloc[row]))
    return np.asarray(is_lost & frame[reader["column"]].notna().to_numpy())


def _is_gap(text: str) -> bool:
    return text.casefold() in GAPS


def _words_in_doubt(frame: pd.DataFrame, readers: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    for reader in readers:
        values = frame[reader["column"]]
        if text := in_doubt(reader, (value for value in values if isinstance(value, str))):
            yield (
                f"column {reader['column']!r}: {text!r} may have thousands, or decimals: "
                "training had whole numbers without a sign"
            )
        typed = (text_of(value) for value in values.dropna().unique() if not isinstance(value, str))
        if several := [text for text in typed if text in reader.get("several", ())]:
            yield (
                f"column {reader['column']!r}: the number {several[0]} is spelled in several ways "
                f"in the training data, and taken for {several[0]!r}"
            )


def _words(frame: pd.DataFrame, misread: Mapping[str, np.ndarray]) -> Iterable[str]:
    for name, rows in misread.items():
        if rows.any():
            first = int(rows.argmax())
            yield (
                f"column {name!r}: {int(rows.sum())} of {len(rows)} values do not fit and count as "
                f"gaps, first {str(frame[name].iloc[first])!r} in row {first + 1}"
            )
