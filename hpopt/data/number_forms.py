"""How the numbers of a column are written: its decimal sign, its groups, its unit, its per cent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.inputs import raw
from hpopt.inputs.written import has_percent, number_of, numbers_of, shapes_of, written

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


@dataclass(frozen=True)
class Shapes:
    """Distinct texts [d] by what they look like: `distinct` shapes, and the code [d] of each.

    In a shape 9 stands for any digit but a first 0. Whether a form can read a number, and what
    stands at it, is the same for all texts of a shape, of which a million have but a few dozen.
    """

    texts: Sequence[str]
    codes: np.ndarray
    distinct: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Shapes:
        """The shapes of texts."""
        import pandas as pd

        codes, rough = pd.factorize(np.array(shapes_of(texts), dtype=object))
        if any(map(_EXPONENT.search, rough)):  # 1e300 is a number, and 9e999 is none
            shapes = [text if _EXPONENT.search(text) else _shape(text) for text in texts]
            codes, rough = pd.factorize(np.array(shapes, dtype=object))
        of_rough, distinct = pd.factorize(np.array(list(map(_shape, rough)), dtype=object))
        return cls(texts, of_rough[codes].astype(np.int32), tuple(distinct))

    def first_of(self, shape: int) -> str:
        """The first text of a shape."""
        return self.texts[int((self.codes == shape).argmax())]

    def misread(self, reader: Mapping[str, Any]) -> np.ndarray:
        """Whether each text [d] is no finite number to this reader."""
        import pandas as pd

        numbers = raw.numbers(pd.Series(self.distinct, dtype=object), reader)
        return np.asarray(np.isnan(numbers)[self.codes])


_TO_9 = str.maketrans("012345678", "9" * 9)
_FIRST_0 = re.compile(r"\D*0", re.ASCII)
_EXPONENT = re.compile(r"\d[eE][-+]?\d", re.ASCII)


def _shape(text: str) -> str:
    if _EXPONENT.search(text):
        return text
    shape = text.translate(_TO_9)
    match = _FIRST_0.match(text)
    return shape if match is None else f"{text[: match.end()]}{shape[match.end() :]}"


def number_forms(shapes: Shapes, decimal: str) -> Iterator[NumberForm]:
    """The forms that distinct texts may have as numbers, the file's own decimal sign first.

    The first that reads them all is theirs: one without a sign between groups, before one with it.
    """
    parts = [each for each in map(written, shapes.distinct) if each is not None]
    units = {each.unit for each in parts if each.unit}
    unit = units.pop() if len(units) == 1 else ""
    remark = f', "{unit}" at them is left out' if unit else ""
    if any(shape.startswith("(") and written(shape) is not None for shape in shapes.distinct):
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
        percent = _percent(shapes, point, thousands)
        reader = {"decimal": point, "thousands": thousands}
        reader |= ({"unit": unit} if unit else {}) | ({"percent": percent} if percent else {})
        yield NumberForm(
            reader, remark + _PERCENT[percent] + _example(shapes, point, thousands, unit)
        )


def _example(shapes: Shapes, decimal: str, thousands: str, unit: str) -> str:
    """A word on how a sign between groups is read, which could be one of decimals as well."""
    if not thousands:
        return ""
    for place, shape in enumerate(shapes.distinct):
        parts = written(shape)
        if parts is not None and thousands in parts.body:
            text = shapes.first_of(place)
            number = number_of(text, decimal, thousands, unit)
            return "" if np.isnan(number) else f", {text} is {number:.15g}"
    return ""


def doubt_in_words(texts: Sequence[str], reader: Mapping[str, Any]) -> str:
    """A word on distinct texts [d] which all may be decimals, or whole numbers in groups of three.

    Empty where any of them says which, as 0.644 or 12.5 or 1.234.567 does.
    """
    first_of: dict[str, str] = {}  # by the sign between its groups
    for text in texts:
        if not any(map(str.isdigit, text)):  # a word for a gap
            continue
        match = _GROUPED.fullmatch(text)
        if match is None:
            return ""
        if match[1]:
            first_of.setdefault(match[1], text)
    if len(first_of) != 1:
        return ""
    [text] = first_of.values()
    number = number_of(text, reader["decimal"], reader["thousands"])
    readings = [float(text.replace(",", ".")), float(re.sub("[.,]", "", text))]
    other = next(reading for reading in readings if reading != number)
    return f'"{text}" is read as {number:.15g}, and could be {other:.15g}: no value says which'


def percent_in_words(texts: Sequence[str], reader: Mapping[str, Any]) -> str:
    """A word on 12 % as 12 where most of the numbers [d] without a % are fractions, as 0.5 is."""
    if reader.get("percent") != "mixed":
        return ""
    percent = next(text for text in texts if has_percent(text))
    others = {
        number_of(text, reader["decimal"], reader["thousands"], reader.get("unit", "")): text
        for text in texts
        if not has_percent(text)
    }
    fractions = [text for number, text in others.items() if 0 < abs(number) < 1]
    large = [text for number, text in others.items() if abs(number) > 1]
    if len(fractions) <= len(large):
        return ""
    hundredth = number_of(percent, reader["decimal"], reader["thousands"])
    return (
        f'"{percent}" is read as {hundredth:.15g} beside "{fractions[0]}", for "{large[0]}" '
        "stands there without a %"
    )


# A number with decimals of which the last says nothing, and is not the only one.
_NEEDLESS_ZERO = re.compile(r"[-+]?\d+\.\d+0", re.ASCII)
_FEW_CODES = 20
_MOST_CODES = 1000
_CODE_WITH_E = re.compile(r"\d{1,4}[eE]\d{1,3}", re.ASCII)
_TWO_NUMBERS = re.compile(r"\d+(?:[.,]\d+)? ?[/x×–-] ?\d+(?:[.,]\d+)?")


def version_among(texts: Sequence[str], rows: int) -> str:
    """One of distinct texts [d] that are spelled as versions are: 1.1, 1.10 and 2; or empty.

    Programs write all numbers with the same decimals, or none with a needless last 0 but in 2.0;
    and none as 1E5, all of them without decimals or a sign.
    """
    if len(texts) > min(max(_FEW_CODES, rows // 20), _MOST_CODES):
        return ""
    texts = [text for text in texts if text[-1:].isdigit()]
    if texts and all(map(_CODE_WITH_E.fullmatch, texts)):
        return texts[0]
    needless = next((text for text in texts if _NEEDLESS_ZERO.fullmatch(text)), "")
    return needless if len({len(text.partition(".")[2]) for text in texts}) > 1 else ""


def version_in_words(texts: Sequence[str], rows: int) -> str:
    """A word on a column of distinct texts [d] that are taken for numbers, and may be versions."""
    text = version_among(texts, rows)
    return (
        f'"{text}" is read as {float(text):.15g}: if its values are codes, such as versions, '
        "`categorical` in `types` keeps their spelling"
        if text
        else ""
    )


def two_numbers_in_words(texts: Sequence[str]) -> str:
    """A word on many distinct texts [d] that hold two numbers each, as 135/80 does."""
    if len(texts) < _FEW_CODES:
        return ""
    sample = texts[:: -(-len(texts) // _MOST_CODES)]
    alike = [text for text in sample if _TWO_NUMBERS.fullmatch(text)]
    if len(alike) < 0.9 * len(sample):
        return ""
    return f'"{alike[0]}" holds two numbers: a column for each would be read as such'


def several_units(shapes: Shapes) -> str:
    """A word on numbers of several units, which stay texts; empty where there are none."""
    counts = np.bincount(shapes.codes, minlength=len(shapes.distinct)).tolist()
    units = Counter[str]()
    for each, count in zip(map(written, shapes.distinct), counts, strict=True):
        if each is not None and each.unit:
            units[each.unit] += count
    if len(units) < 2 or units.total() < len(shapes.texts) / 2:
        return ""
    shown = ", ".join(f'"{unit}"' for unit, _ in units.most_common(3))
    return f"; numbers of several units ({shown}) stay texts"


def _percent(shapes: Shapes, decimal: str, thousands: str) -> str:
    """What a % among the texts does: nothing where all have one, or there is none."""
    is_percent = np.array(list(map(has_percent, shapes.distinct)))
    if not is_percent.any():
        return ""
    places = np.flatnonzero(~is_percent[shapes.codes])
    numbers = numbers_of([shapes.texts[place] for place in places.tolist()], decimal, thousands)
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        return "all"
    return "hundredths" if np.abs(numbers).max() <= 1 else "mixed"
