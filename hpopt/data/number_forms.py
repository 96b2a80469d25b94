"""How the numbers of a column are written: its decimal sign, its groups, its unit, its per cent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.inputs.written import number_of, written

# How numbers are written where nothing else is found: without any sign between groups of digits.
AS_PROGRAMS_DO = {"decimal": ".", "thousands": ""}
# A whole number that is grouped by such signs, or is too small to be, with the sign, if any.
_GROUPED = re.compile(r"[-+]?(?:[1-9]\d{0,2}(?:([.,])\d{3})?|0)", re.ASCII)
# Signs between groups of digits, besides the one of decimals elsewhere.
_GROUP_SIGNS = (" ", "'")
_PERCENT = {
    "": "",
    "all": ", in %",
    "hundredths": "; among fractions 12 % is 0.12",
    "mixed": "; 12 % is 12 as among numbers without %",
}


@dataclass(frozen=True)
class NumberForm:
    """How texts can be read as numbers: what a reader says of it, and a word for people."""

    reader: dict[str, Any]
    remark: str


def number_forms(texts: Sequence[str], decimal: str) -> Iterator[NumberForm]:
    """The forms that distinct texts [d] may have as numbers, the file's own decimal sign first.

    The first that reads them all is theirs: one without a sign between groups, before one with it.
    """
    parts = [each for each in map(written, texts) if each is not None]
    units = {each.unit for each in parts if each.unit}
    unit = units.pop() if len(units) == 1 else ""
    remark = f', "{unit}" at them is left out' if unit else ""
    if any(text.startswith("(") and written(text) is not None for text in texts):
        remark += ", those in brackets are negative"
    other = "." if decimal == "," else ","
    groups = [sign for sign in _GROUP_SIGNS if any(sign in each.body for each in parts)]
    for point, thousands in (
        (decimal, ""),
        (decimal, other),
        (other, ""),
        (other, decimal),
        *((point, sign) for sign in groups for point in (decimal, other)),
    ):
        percent = _percent(texts, point, thousands)
        reader = {"decimal": point, "thousands": thousands}
        reader |= ({"unit": unit} if unit else {}) | ({"percent": percent} if percent else {})
        yield NumberForm(
            reader, remark + _PERCENT[percent] + _example(texts, point, thousands, unit)
        )


def _example(texts: Sequence[str], decimal: str, thousands: str, unit: str) -> str:
    """A word on how a sign between groups is read, which could be one of decimals as well."""
    for text, parts in zip(texts, map(written, texts), strict=True):
        if parts is not None and thousands and thousands in parts.body:
            number = number_of(text, decimal, thousands, unit)
            return "" if np.isnan(number) else f", {text} is {number:.15g}"
    return ""


def doubt_in_words(texts: Sequence[str], reader: Mapping[str, Any]) -> str:
    """A word on distinct texts [d] which all may be decimals, or whole numbers in groups of three.

    Empty where any of them says which, as 0.644 or 12.5 or 1.234.567 does.
    """
    texts = [text for text in texts if any(map(str.isdigit, text))]  # no words for gaps
    matches = [_GROUPED.fullmatch(text) for text in texts]
    if not all(matches) or len({match[1] for match in matches if match and match[1]}) != 1:
        return ""
    text = next(text for text, match in zip(texts, matches, strict=True) if match and match[1])
    number = number_of(text, reader["decimal"], reader["thousands"])
    readings = [float(text.replace(",", ".")), float(re.sub("[.,]", "", text))]
    other = next(reading for reading in readings if reading != number)
    return f'"{text}" is read as {number:.15g}, and could be {other:.15g}: no value says which'


def several_units(texts: Sequence[str]) -> str:
    """A word on numbers of several units, which stay texts; empty where there are none."""
    units = Counter(each.unit for each in map(written, texts) if each is not None and each.unit)
    if len(units) < 2 or units.total() < len(texts) / 2:
        return ""
    shown = ", ".join(f'"{unit}"' for unit, _ in units.most_common(3))
    return f"; numbers of several units ({shown}) stay texts"


def _percent(texts: Sequence[str], decimal: str, thousands: str) -> str:
    """What a % among the texts does: nothing where all have one, or there is none."""
    has_percent = [text.rstrip().endswith("%") for text in texts]
    if not any(has_percent):
        return ""
    others = [
        number_of(text, decimal, thousands)
        for text, is_percent in zip(texts, has_percent, strict=True)
        if not is_percent
    ]
    numbers = np.array(others, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        return "all"
    return "hundredths" if np.abs(numbers).max() <= 1 else "mixed"
