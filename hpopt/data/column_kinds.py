"""What each column of a table is: a verdict found by looking at its values, with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpopt.data.chunks import short_numbers
from hpopt.data.date_like import date_like_in_words
from hpopt.data.number_forms import (
    doubt_in_words,
    percent_in_words,
    two_numbers_in_words,
    version_in_words,
)
from hpopt.data.number_values import NumberValues
from hpopt.data.text_values import TextValues
from hpopt.data.verdicts import ColumnKind, Use
from hpopt.inputs import raw
from hpopt.inputs.stored import Stored, Texts, Zone


@dataclass(frozen=True)
class Column:
    """What a column is, and why; `reader` says how its raw columns are made, where it has any."""

    name: str
    kind: ColumnKind
    use: Use
    reason: str
    gaps: int
    distinct: int
    reader: Mapping[str, Any] | None = None
    words: Mapping[str, int] = field(default_factory=dict)  # what was taken for a gap, how often
    examples: Mapping[str, int] = field(default_factory=dict)  # some of its values, how often
    doubt: str = ""  # a word on values that could be read otherwise


def look(
    name: str,
    values: Stored,
    decimal: str = ".",
    asked: ColumnKind | None = None,
    gaps: Sequence[str] = (),
    words: Mapping[str, int] | None = None,
    date_format: str | None = None,
    zone: Zone = "none",
) -> Column:
    """What a column is. `asked` is what its owner says it is, which is not questioned.

    `gaps` are the words that stand for one in its file, in small letters, and `words` how often
    each of them was there. `date_format` is the one that its owner says its dates have, and `zone`
    says which of its points in time, if it came as such, named one.

    Raises ValueError, with the reason, where it can't be what was asked for.
    """
    looked = _looked_at(values, decimal, asked, zone)
    looked.date_format = date_format
    kind, reason, reader = looked.verdict(name) if asked is None else looked.as_asked(asked)
    numbers = [word for word in gaps if raw.numbers_among([word])]
    if reader is not None and kind == "categorical":
        reader = {"gaps": list(gaps), **reader}
    elif reader is not None and kind == "numeric" and numbers:
        reader = {"gaps": numbers, **reader}
    if reader is not None and kind in ("numeric", "date") and looked.has_misread:
        reader = {**reader, "misread": True}
    if reader is not None and kind == "numeric" and reader["thousands"] == "" and looked.is_whole:
        reader = {**reader, "whole": True}
    doubt = ""
    if reader is not None and kind == "numeric" and isinstance(values, Texts):
        texts = values.distinct
        doubt = doubt_in_words(texts, reader) or percent_in_words(texts, reader)
        if asked is None:
            doubt = doubt or version_in_words(texts, len(values))
    elif isinstance(looked, TextValues) and asked is None and kind in ("id", "text", "categorical"):
        doubt = date_like_in_words(looked.distinct) or two_numbers_in_words(looked.distinct)
        doubt = doubt or looked.other_than_numbers()
    elif reader is not None and reader.get("zone") == "some":
        doubt = "some of its points in time name a zone: the others are taken for UTC"
    return Column(
        name,
        kind,
        "left out" if reader is None else "feature",
        reason,
        looked.gaps,
        looked.n_distinct,
        None if reader is None else {"column": name, "kind": kind, **reader},
        dict(Counter(words or {}) + looked.words),
        looked.examples(),
        doubt,
    )


def said_words(words: Mapping[str, int]) -> str:
    """Words that were taken for gaps, and how often each: `12 "NA", 3 "?"`."""
    shown = sorted(words.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f'{count} "{word}"' for word, count in shown)


def _looked_at(
    values: Stored, decimal: str, asked: ColumnKind | None, zone: Zone
) -> NumberValues | TextValues:
    """The values, as numbers where all of them are plain ones, and none begins with a needless 0.

    What is to be a category, or a date, keeps its spelling.
    """
    if not isinstance(values, Texts):
        return NumberValues(values, zone)
    if asked in (None, "numeric") and (short := short_numbers(values, decimal)) is not None:
        return NumberValues(short)  # as of almost all numbers, in a tenth of the time
    texts = TextValues(values, decimal)
    if texts.distinct and asked in (None, "numeric", "id", "text", "constant"):
        has_codes = asked is None and (texts.code is not None or texts.has_long_codes)
        numbers = None if has_codes else texts.plain()
        if numbers is not None:
            return NumberValues(numbers)
    return texts
