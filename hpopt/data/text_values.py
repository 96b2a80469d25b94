"""What a column of texts is: numbers, dates or clock times as people write them, or categories."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property

import numpy as np

from hpopt.data.chunks import LONG
from hpopt.data.column_names import is_id_name
from hpopt.data.date_forms import (
    DateForm,
    date_form,
    form_as_asked,
    form_of_numbers,
    varying_parts,
)
from hpopt.data.date_like import date_like_in_words
from hpopt.data.number_forms import (
    AS_PROGRAMS_DO,
    NumberForm,
    Shapes,
    number_forms,
    several_units,
)
from hpopt.data.verdicts import LEFT_OUT, MOST_EXAMPLES, ColumnKind, Verdict, one_value, truth
from hpopt.inputs import raw
from hpopt.inputs.stored import Texts, as_categories
from hpopt.inputs.table.columns import rarest_kept
from hpopt.inputs.times import hours as hours_of
from hpopt.inputs.written import PLAIN_NUMBER, plain_numbers, written

# A column is numbers, or dates, if all but this share of its rows can be read so.
_MISREAD = 0.05
# Where it would be left out, so many different words may stand for up to half of it.
_MOST_WORDS = 3
_HALF = 0.5
_MANY_NUMBERS = 20  # different ones
_WORDS_OF_TEXT = 4
_MOST_SPELLINGS = 100  # of yes and no
# Of so many different texts some are looked at before all are, which takes long.
_MANY = 5_000
_SAMPLE = 500
_FEW = 0.35  # of these rows are too few, where half would do
_WITH_EXPONENT = re.compile(r"\d+(?:\.\d*)?[eE]\+?\d{1,6}", re.ASCII)
_BOOLEANS = (
    ("no", "yes"),
    ("false", "true"),
    ("n", "y"),
    ("f", "t"),
    ("off", "on"),
    ("0", "1"),
)


class TextValues:
    """A column of texts."""

    def __init__(self, values: Texts, decimal: str) -> None:
        self.decimal = decimal
        is_alike = len(values.distinct) > _MANY and not values.typed
        spelled = values if is_alike else as_categories(values)  # in the order of the alphabet
        self.codes = spelled.codes
        self.counts_of_codes = np.bincount(self.codes + 1, minlength=len(spelled.distinct) + 1)[1:]
        present = np.flatnonzero(self.counts_of_codes)
        self._place_of = np.cumsum(self.counts_of_codes > 0) - 1  # in what is present, by code
        self.counts = self.counts_of_codes[present]
        self.distinct = [spelled.distinct[index] for index in present]
        self.rows = len(values)
        self.n_present = int(self.counts.sum())
        self.gaps = self.rows - self.n_present
        self.n_distinct = len(self.distinct)
        self.words = Counter[str]()
        self._has_words = False
        self.has_misread = False  # whether values were taken for gaps that are none
        self.code = next(filter(raw.LEADING_ZERO.fullmatch, self.distinct), None)
        self.has_long_codes = _are_merged(self.distinct)
        self.date_format: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no number of the texts has decimals."""
        return not any("." in text or "," in text for text in self.distinct)

    def examples(self) -> dict[str, int]:
        """The most frequent values, and in how many rows each stands."""
        most = np.argsort(-self.counts, kind="stable")[:MOST_EXAMPLES]
        return {self.distinct[index]: int(self.counts[index]) for index in most.tolist()}

    def verdict(self, name: str) -> Verdict:
        if not self.distinct or (self.n_distinct == 1 and not self.gaps):
            return "constant", one_value(self.distinct), None
        folded = {text.casefold() for text in self.distinct[:_MOST_SPELLINGS]}
        for false, true in _BOOLEANS:
            if folded == {false, true} and self.n_distinct < _MOST_SPELLINGS:
                return "boolean", f"{false} and {true}", truth(false, true)
        return (
            (None if self._are_codes() else self._numeric())
            or self._date()
            or self._clock()
            or self._left_out(name)
            or self._categorical(f"{self.n_distinct:,} different texts{self._of_code()}")
        )

    def as_asked(self, asked: ColumnKind) -> Verdict:
        reason = "as the config says"
        if asked in LEFT_OUT:
            return asked, reason, None
        if asked == "categorical":
            return self._categorical(reason)
        if asked == "boolean":
            if self.n_distinct > 2:
                raise ValueError(f"it has {self.n_distinct} different values")
            return asked, reason, {"true": self.distinct[1:], "false": self.distinct[:1]}
        if asked == "date":
            verdict = self._date_as_asked()
        else:
            verdict = self._numeric(_HALF) or self._clock()
        if verdict is None:
            what = "numbers" if asked == "numeric" else "dates"
            examples = ", ".join(f'"{text}"' for text in self.distinct[:3])
            doubt = date_like_in_words(self.distinct) if asked == "date" else ""
            reason = f"its values can't be read as {what}: {examples}"
            raise ValueError(f"{reason}; {doubt}" if doubt else reason)
        if asked == "date" or self.has_misread:
            reason = f"{reason}: {verdict[1]}"
        return asked, reason, verdict[2]

    def plain(self) -> np.ndarray | None:
        """The column [n] as numbers, where all of it are plain ones."""
        if self.decimal != "." and any("." in text for text in self.distinct):
            return None
        numbers = plain_numbers(self.distinct)
        if numbers is None:
            return None
        by_code = np.full(len(self.counts_of_codes) + 1, np.nan)
        by_code[np.flatnonzero(self.counts_of_codes)] = numbers
        return np.asarray(by_code[self.codes])

    def _are_codes(self) -> bool:
        return self.code is not None or self.has_long_codes

    def _of_code(self) -> str:
        if self.code is not None:
            return f', codes: "{self.code}" begins with 0'
        if self.has_long_codes:
            return ", codes: as numbers some of them would be the same"
        return self._of_units()

    def _of_units(self) -> str:
        return several_units(self._shapes) if self._may_be(_is_written) else ""

    @cached_property
    def _shapes(self) -> Shapes:
        return Shapes.of(self.distinct)

    def _may_be(self, is_it: Callable[[str], bool]) -> bool:
        """Whether about half of the rows can be so, of many by looking at some."""
        if self.n_distinct <= _MANY:
            return True
        rows = self.codes[self.codes >= 0]
        some = [self.distinct[self._place_of[code]] for code in rows[:: -(-len(rows) // _SAMPLE)]]
        return sum(text.casefold() in raw.GAPS or is_it(text) for text in some) >= _FEW * len(some)

    def _numeric(self, most: float | None = None) -> Verdict | None:
        """The form as numbers by which the fewest rows are misread, if these are few enough."""
        if self._as_numbers is None:
            return None
        form, is_misread = self._as_numbers
        misread = self._misread(is_misread, most)
        if misread is None:
            return None
        words = "".join(f', "{text}" is a gap' for text in np.array(self.distinct)[self._is_gap])
        self._count_gaps(self._is_gap)
        reason = f"numbers written as text{form.remark}{words}{misread}"
        return "numeric", reason, form.reader

    @cached_property
    def _as_numbers(self) -> tuple[NumberForm, np.ndarray] | None:
        """The form that reads the most rows as numbers, and which texts [d] are none by it."""
        if not self._may_be(_is_written):
            return None
        shapes, best, fewest = self._shapes, None, np.inf
        for form in number_forms(shapes, self.decimal):
            is_other = shapes.misread(form.reader)
            is_misread = is_other & ~self._is_gap
            rows = int(self.counts[is_misread].sum())
            if rows < fewest and not is_other.all():
                best, fewest = (form, is_misread), rows
            if rows == 0 and best is not None:
                break
        return best

    def other_than_numbers(self) -> str:
        """A word on what keeps a column from being numbers, which the most of its rows hold."""
        if self._are_codes() or self._as_numbers is None:
            return ""
        _, is_misread = self._as_numbers
        is_number = ~is_misread & ~self._is_gap
        if self.counts[is_number].sum() < _HALF * self.n_present or is_number.sum() < _MANY_NUMBERS:
            return ""
        rows, others = int(self.counts[is_misread].sum()), self._named(is_misread)
        return (
            f"{rows:,} values are no numbers{others}, so that all are texts: `numeric` in `types` "
            "makes gaps of them"
        )

    def _named(self, is_it: np.ndarray) -> str:
        """The first of texts [d], in brackets."""
        places = np.flatnonzero(is_it)
        if not len(places):
            return ""
        more = ", ..." if self.counts[places].sum() > 1 else ""
        return f' ("{self.distinct[int(places[0])][:20]}"{more})'

    @cached_property
    def _is_gap(self) -> np.ndarray:
        words = frozenset(raw.GAPS)
        return np.array([text.casefold() in words for text in self.distinct], dtype=bool)

    def _count_gaps(self, is_gap: np.ndarray) -> None:
        self.gaps += int(self.counts[is_gap].sum())
        for index in np.flatnonzero(is_gap):
            self.words[self.distinct[index]] = int(self.counts[index])

    def _date(self) -> Verdict | None:
        sample = self.distinct[:: max(len(self.distinct) // 30, 1)]
        if sum(any(c.isdigit() for c in text) for text in sample) < len(sample) / 2:
            return None
        form = date_form(self.distinct, self.counts)
        if form is None or (misread := self._misread(form.is_misread)) is None:
            return None
        return self._of_dates(form, misread)

    def _date_as_asked(self) -> Verdict | None:
        """Dates, of which any may be misread as long as not all are."""
        numbers = sum(map(bool, map(PLAIN_NUMBER.fullmatch, self.distinct)))
        if self.date_format is not None:
            form: DateForm | None = form_as_asked(self.distinct, self.date_format)
        elif numbers > self.n_distinct / 2:
            form = form_of_numbers(self.distinct)
        else:
            form = date_form(self.distinct, self.counts)
        if form is None or np.isnat(form.times).all():
            return None
        return self._of_dates(form, self._misread(form.is_misread, 1.0) or "")

    def _of_dates(self, form: DateForm, misread: str) -> Verdict:
        parts = varying_parts(form.times) or ["days"]
        self._count_gaps(np.array(list(map(raw.is_no_date, self.distinct)), dtype=bool))
        formats = ", ".join(form.reader["formats"])
        remark = form.remark + ("" if form.zone == "none" else ", in UTC")
        reason = f"dates ({formats}){misread}{remark}: {', '.join(parts)}"
        return "date", reason, {**form.reader, "zone": form.zone, "parts": parts}

    def _clock(self) -> Verdict | None:
        """Times of day and durations, as hours."""
        if not self._may_be(lambda text: not np.isnan(hours_of(text))):
            return None
        hours = np.array([hours_of(text) for text in self.distinct], dtype=np.float64)
        is_gap = self._is_gap
        misread = self._misread(np.isnan(hours) & ~is_gap)
        if misread is None or np.isnan(hours).all():
            return None
        self._count_gaps(is_gap)
        reason = f"times of day or durations, in hours{misread}"
        return "numeric", reason, {**AS_PROGRAMS_DO, "form": "clock"}

    def _misread(self, is_misread: np.ndarray, most: float | None = None) -> str | None:
        """A word on the values that can't be read as one reads the others; None if too many.

        That is more than a share of the rows: `most`, or else what values that are seen allow.
        """
        rows = int(self.counts[is_misread].sum())
        few_words = self._has_words and int(is_misread.sum()) <= _MOST_WORDS
        most = most or (_HALF if few_words else _MISREAD)
        if rows > most * self.n_present:
            return None
        if not rows:
            return ""
        self.has_misread = True
        return f", {rows} others count as gaps{self._named(is_misread)}"

    def _left_out(self, name: str) -> Verdict | None:
        """What would be left out, but for numbers and dates beside a few words."""
        verdict = self._id_or_text(name)
        if verdict is None or verdict[2] is not None:
            return verdict
        self._has_words = True
        kind, reason, _ = verdict
        verdict = kind, reason + self._of_units(), None
        return (None if self._are_codes() else self._numeric()) or self._date() or verdict

    def _id_or_text(self, name: str) -> Verdict | None:
        """Texts that hardly ever come twice: who a row is, or what somebody wrote."""
        is_kept = self.counts >= rarest_kept(self.rows)
        if self.counts[is_kept].sum() >= 0.5 * self.n_present or self.n_distinct < 20:
            return None
        words = sum(text.count(" ") + 1 for text in self.distinct) / self.n_distinct
        often = f"{self.n_distinct:,} different texts in {self.n_present:,} rows"
        if words >= _WORDS_OF_TEXT or sum(map(len, self.distinct)) > 40 * self.n_distinct:
            return "text", f"free text: {often}", None
        named = is_id_name(name)
        if 0.05 < self.gaps / self.rows < 0.95 and not named:
            return self._categorical(f"{often}: where it is missing says something")
        return "id", f"{often}, too rare to learn from", None

    def _categorical(self, reason: str) -> Verdict:
        return "categorical", reason, {}


def _is_written(text: str) -> bool:
    return written(text) is not None


def _are_merged(texts: Sequence[str]) -> bool:
    """Whether whole numbers among texts are so long that float64 makes one of different ones.

    Beside them those with an exponent count too, as spreadsheets write long ones; alone they are
    measured, and no codes.
    """
    long = {Decimal(match[1]) for match in map(LONG.fullmatch, texts) if match is not None}
    if not long:
        return False
    long |= {Decimal(text) for text in texts if _WITH_EXPONENT.fullmatch(text)}
    numbers = set(map(float, long))
    return len(numbers) < len(long) or np.inf in numbers
