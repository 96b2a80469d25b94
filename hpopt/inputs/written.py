"""Numbers as people write them.

An export carries this file along, as `raw.py` beside it, so it needs NumPy alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

# A number as programs write it.
_INFINITE = r"[-+]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"
PLAIN_NUMBER = re.compile(rf"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|{_INFINITE}", re.ASCII)


def plain_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """The numbers of texts [n] that are all plain ones; None where any is something else."""
    if not all(map(PLAIN_NUMBER.fullmatch, texts)):
        return None
    return np.array(texts, dtype=object).astype(np.float64)


_SIGNS = ("$", "€", "£", "¥", "₹")
# Signs that look alike, as those who write them think: spaces, apostrophes, minus, wide ones.
_WIDE = "０１２３４５６７８９．，－＋％（）：／￥"
ALIKE = str.maketrans(f"\u00a0\u202f\u2009\u3000\u2019\u2212{_WIDE}", "    '-0123456789.,-+%():/¥")
_MONEY = frozenset(
    [
        "usd",
        "eur",
        "gbp",
        "chf",
        "jpy",
        "cny",
        "inr",
        "aud",
        "cad",
        "nzd",
        "sek",
        "nok",
        "dkk",
        "pln",
        "czk",
        "huf",
        "brl",
        "zar",
        "mxn",
        "krw",
        "sgd",
        "hkd",
        "rub",
        "try",
        "kr",
        "kč",
        "zł",
        "ft",
        "rs",
        "lei",
        "us$",
        "r$",
        "a$",
        "c$",
        "ca$",
        "au$",
        "nz$",
        "hk$",
        "s$",
        "rp",
        "rm",
        "idr",
        "thb",
        "php",
        "vnd",
        "twd",
        "nt$",
        "ron",
        "bgn",
        "isk",
        "uah",
        "ils",
        "aed",
        "sar",
        "ars",
        "clp",
        "cop",
    ]
)
_WRITTEN = re.compile(
    r"([-+]?) ?([^\W\d_]{0,3}[^\w\s.,'+()%-]?) ?([-+]?)"
    r"((?:[0-9][0-9.,' ]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?) ?([^0-9\s.,'+()-][^0-9+()]{0,15})?"
)


# A dash in place of decimals: 1.040,- is a whole price, and no negative one.
_NO_CENTS = re.compile(r"(?<=[0-9])([.,])[-\u2013\u2014]{1,2}(?![0-9])")


class Written(NamedTuple):
    """A number as it is written: its digits and signs, and what stands around them."""

    body: str
    unit: str
    is_negative: bool
    is_percent: bool


def written(text: str) -> Written | None:
    """A text as a number with what stands at it, as in $5, (3.20), 12 % and 7 kg; else None."""
    text = _NO_CENTS.sub(r"\g<1>0", text.translate(ALIKE).strip(), count=1)
    is_negative = len(text) > 2 and text[0] == "(" and text[-1] == ")"  # as accountants write
    if is_negative:
        text = text[1:-1].strip()
    elif text[-1:] == "-":
        text, is_negative = text[:-1].rstrip(), True
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    first, before, second, body, after = (part or "" for part in match.groups())
    signs = first + second
    if len(signs) > 1 or (signs and is_negative):
        return None
    before, after = before.casefold(), after.casefold().strip()
    is_sign = len(before) == 1 and unicodedata.category(before) == "Sc"
    if before and not is_sign and before not in _MONEY:
        return None  # Q1, v2: codes
    is_percent = after == "%"
    unit = " ".join(filter(None, (before, "" if is_percent else _one_of_many(after))))
    return Written(body.strip(), unit, is_negative or signs == "-", is_percent)


def has_percent(text: str) -> bool:
    """Whether a % stands behind a number."""
    return text.rstrip().endswith(("%", "％"))


def _one_of_many(unit: str) -> str:
    """A unit without the s of several."""
    return unit[:-1] if len(unit) > 2 and unit[-1] == "s" else unit


def number_of(
    text: str, decimal: str, thousands: str, unit: str = "", in_hundredths: bool = False
) -> float:
    """The number that a text is, which may have this unit at it; NaN where it is none.

    12 % is 12, or 0.12 `in_hundredths`. Where `thousands` is "", no sign may stand between digits.
    """
    # Nearly all numbers are digits and signs, and at most a $ before or a unit behind: a short way.
    digits = _without(unit, text)
    if _digits(decimal, thousands).fullmatch(digits):
        return float((digits.replace(thousands, "") if thousands else digits).replace(decimal, "."))
    parts = written(text)
    if parts is None or parts.unit not in ("", unit):
        return np.nan
    number = _of_body(parts.body, decimal, thousands)
    if number is None:
        return np.nan
    number = -number if parts.is_negative else number
    return number / 100 if parts.is_percent and in_hundredths else number


# Digits but 0, which is not everywhere alike: nobody groups 0.644.
TO_9 = str.maketrans("12345678", "9" * 8)


def shapes_of(texts: Sequence[str]) -> list[str]:
    """Texts [n] with 9 for any digit but 0: of those a million numbers have but a few hundred."""
    shapes = "\n".join(texts).translate(TO_9).split("\n")  # in one piece, which is much faster
    return shapes if len(shapes) == len(texts) else [text.translate(TO_9) for text in texts]


def numbers_of(
    texts: Sequence[str], decimal: str, thousands: str, unit: str = "", in_hundredths: bool = False
) -> np.ndarray:
    """What `number_of` makes of each text [n], much faster where they are alike."""
    alike = _digits(decimal, thousands)
    shapes = shapes_of(texts)
    is_short = {shape: alike.fullmatch(_without(unit, shape)) is not None for shape in set(shapes)}
    if texts and all(is_short.values()):
        digits = "\n".join(texts)
        for sign in filter(None, (unit, thousands)):
            digits = digits.replace(sign, "")
        plain = digits.replace(decimal, ".").split("\n")
        return np.array(plain, dtype=object).astype(np.float64)
    numbers = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        numbers[index] = number_of(text, decimal, thousands, unit, in_hundredths)
    return numbers


def _without(unit: str, text: str) -> str:
    """A number without the $ before it, or the unit behind it."""
    return text.removeprefix(unit) if unit[:1] in _SIGNS else text.removesuffix(unit)


@lru_cache
def _digits(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers with these signs, none of them at either end."""
    point, groups = re.escape(decimal), ""
    if thousands:
        groups = rf"[1-9][0-9]{{0,2}}(?:{re.escape(thousands)}[0-9]{{3}})+|"
    return re.compile(rf"-?(?:{groups}[0-9]+)(?:{point}[0-9]+)?")


def _of_body(body: str, decimal: str, thousands: str) -> float | None:
    if thousands and thousands in body:
        sign, point = re.escape(thousands), re.escape(decimal)
        # In groups of three, or, as in India, of two before the last; nobody groups 0.644.
        groups = rf"[1-9]\d{{0,2}}(?:{sign}\d{{2,3}})*{sign}\d{{3}}"
        if not re.fullmatch(rf"{groups}(?:{point}\d*)?", body):
            return None
        body = body.replace(thousands, "")
    if decimal != "." and "." in body:
        return None
    body = body.replace(decimal, ".")
    return float(body) if PLAIN_NUMBER.fullmatch(body) else None
