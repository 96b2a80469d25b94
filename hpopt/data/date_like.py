"""A word on texts that look like points in time, of a form that is not known."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from hpopt.data.date_forms import FORMATS
from hpopt.inputs.times import moments

_SAMPLE = 60
_MOST_OTHERS = 0.1
_LONGEST = 50  # of a text; a sentence may name a date as well
# How months begin in English and its neighbours.
_MONTHS = (
    "jan|fév|feb|mär|mar|mrt|apr|abr|avr|mai|may|maj|mag|mei|jun|jui|giu|jul|lug|aug|ago|aoû|"
    "sep|set|okt|oct|ott|out|nov|dez|dec|déc|dic|gen|ene"
)
_LIKE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # a month by its name, and a year or day: 26. Oktober 2020, Oct 26th, 26Oct2020
        rf".*(?<![^\W\d_])(?:{_MONTHS})[^\W\d_]{{0,7}}\b.*(?:19|20)\d\d(?!\d).*",
        rf".*\d[. -]?(?:{_MONTHS})[^\W\d_]{{0,7}}[. -]?(?:(?:19|20)\d\d|'\d\d)(?!\d).*",
        # three groups of digits, one of them a year: 2020-10-26_04-40, le 1/2/2020
        r"(?:.*[^\w.])?(?:19|20)\d\d([-/. ])[01]?\d\1[0-3]?\d(?![\d.]\d).*",
        r"(?:.*[^\w.])?[0-3]?\d([-/. ])[0-3]?\d\1(?:19|20)\d\d(?![\d.]\d).*",
        # years of two digits: 26-10-20
        r"\d\d([-/.])[0-3]\d\1\d\d(?:[ T].*)?",
        # the day of a year, CJK, time stamps of JSON
        r"(?:19|20)\d\d-[0-3]\d\d",
        r"\d{4}\s*[年년].*\d.*[月월].*",
        r"/Date\(-?\d{12,14}.*\)/",
    )
)
# What stands behind a point in time: the name of a zone, or a word.
_BEHIND = re.compile(r"(.*\d(?:\s*[ap]\.?m\.?)?)\s*(\[?[^\W\d_][^\d]*)", re.IGNORECASE)


def date_like_in_words(texts: Sequence[str]) -> str:
    """A word on distinct texts [d] that look like dates; empty where they don't."""
    sample = texts[:: max(len(texts) // _SAMPLE, 1)]
    alike = [text for text in sample if len(text) <= _LONGEST and _is_like(text)]
    if not alike or len(sample) - len(alike) > _MOST_OTHERS * len(sample):
        return ""
    unread = next((text for text in alike if not _is_read(text)), None)
    if unread is not None:
        return f"{_named(unread)}: `{{date: ...}}` in `types` names the form of a date"
    other = next((text for text in texts if not _is_like(text)), None)
    if other is None:
        return ""
    return f'"{other}" is no date, and the other texts are: `gaps` makes a gap of it'


def _is_like(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in _LIKE)


def _is_read(text: str) -> bool:
    return any(not np.isnat(moments([text], [format]))[0] for format in FORMATS)


def _named(text: str) -> str:
    """What of a text is not understood."""
    match = _BEHIND.fullmatch(text)
    if match is not None and _is_read(match[1]):
        return f'"{text}" looks like a date, at which "{match[2]}" is not understood'
    return f'"{text}" looks like a date, of a form that is not known'
