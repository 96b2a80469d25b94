"""Reads new rows of a table as the training data were read, and says where they don't fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpopt.errors import DataError
from hpopt.inputs.stored import Sheet, Stored, Texts, as_categories, as_texts, is_gap, raw_values
from hpopt.inputs.table.columns import CategoricalColumn
from hpopt.inputs.text_files import exchanged, exchanged_if_possible, form_that_fits, in_doubt
from hpopt.inputs.times import names_zone
from hpopt.inputs.written import has_percent

_KINDS = {"numeric": "numbers", "boolean": "yes or no as they were", "date": "dates as they were"}


def readers_for(
    sheet: Sheet, source: str, readers: Sequence[Mapping[str, Any]], notes: list[str]
) -> list[Mapping[str, Any]]:
    """The readers as they were recorded, but for the signs of numbers where a column contradicts.

    That is one which does not fit as it was recorded, and does in another form. If that has comma
    and point exchanged, so have the others, but for those that fit in the recorded form alone.
    """
    others = {
        reader["column"]: other
        for reader in readers
        if "thousands" in reader and (other := other_form(sheet.columns[reader["column"]], reader))
    }
    has_exchange = False
    for reader in readers:
        name = reader["column"]
        if name not in others:
            continue
        is_exchange = others[name]["decimal"] != reader["decimal"]
        if not is_exchange or not has_exchange:
            notes.append(word_on_form(sheet.columns[name], source, reader, others[name]))
        has_exchange = has_exchange or is_exchange
    if not has_exchange:
        return [others.get(reader["column"], reader) for reader in readers]
    return [
        others.get(reader["column"], _unless_impossible(sheet, reader))
        if "thousands" in reader
        else reader
        for reader in readers
    ]


def other_form(stored: Stored, reader: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The reader in the form in which all of a column fits that does not as it was recorded."""
    if not isinstance(stored, Texts):
        return None
    return form_that_fits(reader, stored.distinct, lambda form: _misread(stored, form).any())


def _unless_impossible(sheet: Sheet, reader: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reader with comma and point exchanged, but where a column has numbers like 0.5 alone."""
    stored = sheet.columns[reader["column"]]
    if not isinstance(stored, Texts):
        return exchanged(reader)
    return exchanged_if_possible(reader, lambda form: _misread(stored, form).any())


def word_on_form(
    stored: Stored, source: str, reader: Mapping[str, Any], other: Mapping[str, Any]
) -> str:
    """A word on numbers that are not written as in training, with one of them."""
    row = int(_misread(stored, reader).argmax())
    number = float(np.asarray(raw_values(stored[row : row + 1], other)[reader["column"]])[0])
    number += other.get("offset", 0)
    is_exchange = other["decimal"] != reader["decimal"]
    what = "decimal sign" if is_exchange else "sign between groups of digits"
    text = as_texts(stored[row : row + 1])[0]
    return (
        f"the {what} of {source} is not the one of the training data, by "
        f'`{reader["column"]}`: "{text}" is read as {number:.15g}'
    )


def _misread(stored: Stored, reader: Mapping[str, Any]) -> np.ndarray:
    """Whether each value [n] is neither a gap nor a number."""
    numbers = np.asarray(raw_values(stored, {**reader, "gaps": ()})[reader["column"]])
    return np.asarray(np.isnan(numbers) & ~is_gap(stored))


def read_column(
    sheet: Sheet, source: str, reader: Mapping[str, Any], notes: list[str]
) -> dict[str, np.ndarray]:
    """The raw columns of one column. Raises DataError where none of its values can be read.

    Where training had values that could not, rows of nothing else are as they were there: gaps.
    """
    name, stored = reader["column"], sheet.columns[reader["column"]]
    if "decimal" in reader and "thousands" not in reader:  # hpopt 0.1: each file's own
        reader = {**reader, "decimal": sheet.decimal}
    try:
        raw = raw_values(stored, reader)
    except (TypeError, ValueError):
        raise DataError(
            f"the column `{name}` of {source} can't be read as {_KINDS[reader['kind']]}"
        ) from None
    arrays = {
        part: values.to_array() if isinstance(values, Texts) else values
        for part, values in raw.items()
    }
    if reader["kind"] == "categorical":
        notes += word_on_spelling(name, stored, reader)
        return arrays
    in_groups = word_on_groups(name, stored, reader)
    notes += in_groups + word_on_percent(name, stored, reader)
    if reader["kind"] == "date":
        notes += word_on_zones(sheet, reader)
    numbers = next(iter(arrays.values()))
    misread = np.isnan(numbers) & ~is_gap(stored, reader["kind"])
    if reader.get("gaps"):
        misread &= np.isnan(np.asarray(raw_values(stored, {**reader, "gaps": ()})[name]))
    if misread.any():
        row, count = int(misread.argmax()), int(misread.sum())
        first = f'"{as_texts(stored[row : row + 1])[0]}" in row {row + 1}'
        if np.isnan(numbers).all() and not reader.get("misread"):
            raise DataError(
                f"the column `{name}` of {source} can't be read as {_KINDS[reader['kind']]}: "
                f"the first value is {first}",
                help=next(iter(in_groups), "rows are counted from 1, without the header"),
            )
        gaps = "value is" if count == 1 else "values are"
        notes.append(
            f"column `{name}`: {count} {gaps} taken for a gap, not being "
            f"{_KINDS[reader['kind']]}: {first}" + (" is the first" if count > 1 else "")
        )
    return arrays


def word_on_groups(name: str, stored: Stored, reader: Mapping[str, Any]) -> list[str]:
    """A word on 1,234, where training had whole numbers without a sign."""
    text = in_doubt(reader, stored.distinct) if isinstance(stored, Texts) else ""
    if not text:
        return []
    read = float(np.asarray(raw_values(Texts.of(np.array([text])), reader)[reader["column"]])[0])
    what = "a gap" if np.isnan(read) else f"{read + reader.get('offset', 0):.15g}"
    return [
        f'column `{name}`: "{text}" is taken for {what}: it may have thousands, or decimals, and '
        "training had whole numbers without a sign"
    ]


def word_on_spelling(name: str, stored: Stored, reader: Mapping[str, Any]) -> list[str]:
    """A word on numbers that came as such, and were spelled in several ways in training."""
    if not reader.get("several"):
        return []
    if isinstance(stored, Texts):
        found = tuple(text for text in stored.distinct if text in stored.typed)
    else:
        found = as_categories(stored).distinct
    first = next((text for text in found if text in reader["several"]), None)
    if first is None:
        return []
    return [
        f"column `{name}`: the number {first} is spelled in several ways in the training data, and "
        f'taken for "{first}": give its values as texts'
    ]


def word_on_zones(sheet: Sheet, reader: Mapping[str, Any]) -> list[str]:
    """A word on points in time that name a zone where none did in training, or the reverse."""
    name, trained = reader["column"], reader.get("zone", "some")
    stored = sheet.columns[name]
    if isinstance(stored, Texts):
        names = [names_zone(text) for text in stored.distinct]
        is_other = np.array([*(named != (trained == "all") for named in names), False])[
            stored.codes
        ]
    elif stored.dtype.kind != "M":  # years, or 20261123, as numbers
        return []
    else:
        is_other = ~np.isnat(stored) & (sheet.zones.get(name, "none") != trained)
    count = int(is_other.sum())
    if trained == "some" or not count:
        return []
    if trained == "none":
        what = "names a zone, which no value did in training: clocks are taken as they are written"
    else:
        what = "names no zone, which all values did in training: it is taken for UTC"
    first = int(is_other.argmax()) + 1
    where = f"row {first}" if count == 1 else f"{count:,} rows, the first of them row {first}"
    return [f"column `{name}` {what} ({where})"]


def word_on_percent(name: str, stored: Stored, reader: Mapping[str, Any]) -> list[str]:
    """A word on numbers without a % where all had one in training, or with one where none had.

    And on 50 without one where 12 % and 0.5 stood side by side.
    """
    trained = reader.get("percent")
    is_percent = _is_percent(stored)
    if trained == "all" and (count := int((~is_percent & ~is_gap(stored)).sum())):
        return [f"column `{name}`: 12 is read as 12 %, in {count} rows: all had a % in training"]
    if trained == "hundredths":
        numbers = np.asarray(raw_values(stored, reader)[reader["column"]])
        is_large = ~is_percent & (np.abs(numbers + reader.get("offset", 0)) > 1)
        if count := int(is_large.sum()):
            first = as_texts(stored[is_large.argmax() : is_large.argmax() + 1])[0]
            return [
                f"column `{name}`: {first} is read as {first}, not as {first} %, in {count} "
                f"{'row' if count == 1 else 'rows'}: in training numbers without a % were fractions"
            ]
    if "thousands" in reader and trained is None and (count := int(is_percent.sum())):
        return [f"column `{name}`: 12 % is read as 12, in {count} rows: none had a % in training"]
    return []


def _is_percent(stored: Stored) -> np.ndarray:
    """Whether each value [n] has a % at it."""
    if not isinstance(stored, Texts):
        return np.zeros(len(stored), dtype=bool)
    return np.asarray(np.array([*map(has_percent, stored.distinct), False])[stored.codes])


def unseen(column: CategoricalColumn, texts: np.ndarray) -> list[str]:
    """A word on texts [n] that the model has not learned from.

    Where rare ones were left out in training, a few are as they were there.
    """
    is_new = ~np.isin(texts, ["", *column.vocabulary])
    count = int(is_new.sum())
    if not count or (column.has_other and count <= len(texts) / 2):
        return []
    first = f'"{texts[int(is_new.argmax())]}" in row {int(is_new.argmax()) + 1}'
    what = "text is" if count == 1 else "texts are"
    return [
        f"column `{column.name}`: {count} {what} none that the model has learned from: {first}"
        + (" is the first" if count > 1 else "")
    ]
