"""What a column of numbers is, or of points in time: a quantity, yes or no, a date or an id."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hpopt.data.column_names import is_id_name, is_index_name, is_row_name
from hpopt.data.date_forms import varying_parts
from hpopt.data.number_forms import AS_PROGRAMS_DO
from hpopt.data.text_values import TextValues
from hpopt.data.verdicts import LEFT_OUT, MOST_EXAMPLES, ColumnKind, Verdict, one_value, truth
from hpopt.inputs import raw
from hpopt.inputs.stored import Zone, as_categories
from hpopt.inputs.times import ISO


class NumberValues:
    """A column of numbers, or of points in time."""

    def __init__(self, values: np.ndarray, zone: Zone = "none") -> None:
        self.values = values
        self.zone = zone
        if values.dtype.kind == "M":
            present = values[~np.isnat(values)]
            self.infinite = 0
        else:
            present = values[np.isfinite(values)]
            self.infinite = int(np.isinf(values).sum())
        self.gaps = len(values) - len(present)
        self.words = Counter[str]()
        self.has_misread = bool(self.infinite)
        self.distinct = np.unique(present)
        self.n_distinct = len(self.distinct)
        self.date_format: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of the numbers are whole ones."""
        return bool((self.distinct == np.trunc(self.distinct)).all())

    def examples(self) -> dict[str, int]:
        """Values from the smallest to the largest, and in how many rows each stands."""
        places = np.unique(np.linspace(0, max(self.n_distinct - 1, 0), MOST_EXAMPLES).astype(int))
        chosen = self.distinct[places] if self.n_distinct else self.distinct
        return {raw.text_of(value): int((self.values == value).sum()) for value in chosen}

    def verdict(self, name: str) -> Verdict:
        if self.n_distinct == 1 and self.gaps:
            return "categorical", f"{raw.text_of(self.distinct[0])} or a gap", {}
        if self.n_distinct <= 1:
            return "constant", one_value(self.distinct), None
        if self.values.dtype.kind == "M":
            return self._date("points in time")
        if np.array_equal(self.distinct, [0, 1]):
            return "boolean", "0 and 1" + self._note(), truth("0", "1")
        if self.is_whole and (reason := self._id(name)):
            return "id", reason, None
        kind = f"whole numbers, {self.n_distinct} different ones" if self.is_whole else "numbers"
        return "numeric", kind + self._note(), AS_PROGRAMS_DO

    def as_asked(self, asked: ColumnKind) -> Verdict:
        reason = "as the config says" + self._note()
        if asked in LEFT_OUT:
            return asked, reason, None
        if asked == "date":
            if self.values.dtype.kind != "M":
                as_texts = TextValues(as_categories(self.values), ".")
                as_texts.date_format = self.date_format
                return as_texts.as_asked("date")
            return self._date(reason)
        if self.values.dtype.kind == "M":
            raise ValueError(f"points in time can't be {asked}")
        if asked == "boolean":
            if self.n_distinct > 2:
                raise ValueError(f"it has {self.n_distinct} different values")
            texts = list(map(raw.text_of, self.distinct))
            return asked, reason, {"true": texts[1:], "false": texts[:1]}
        return asked, reason, AS_PROGRAMS_DO if asked == "numeric" else {}

    def _date(self, reason: str) -> Verdict:
        parts = varying_parts(self.distinct)
        in_utc = "" if self.zone == "none" else ", in UTC"
        reader = {"formats": [ISO], "zone": self.zone, "parts": parts}
        return "date", f"{reason}{in_utc}: {', '.join(parts)}", reader

    def _note(self) -> str:
        if not self.infinite:
            return ""
        one = self.infinite == 1
        return (
            f"; {self.infinite} infinite {'one counts as a gap' if one else 'ones count as gaps'}"
        )

    def _id(self, name: str) -> str | None:
        """Why whole numbers are no quantity but say who a row is."""
        rows, span = len(self.values), self.distinct[-1] - self.distinct[0] + 1
        if self.n_distinct == rows and rows >= 20 and span == rows:
            return "a running number"
        is_index, is_row = is_index_name(name), is_row_name(name)
        if is_index and self.n_distinct > max(20, 0.05 * rows):
            return f"the index of a saved DataFrame, {self.n_distinct} different numbers"
        if (is_index or is_row) and self.n_distinct == rows >= 20:
            return f'numbers of rows, by its name "{name}": another one in every row'
        if is_row and self._restarts():
            return f'numbers of rows, by its name "{name}", of several files: they begin again'
        named = is_id_name(name) and not is_row
        if named and self.n_distinct > max(20, 0.05 * rows):
            return f"named like an id, {self.n_distinct} different values"
        return None

    def _restarts(self) -> bool:
        """Whether the numbers count rows, of several files one below the other."""
        steps = np.diff(self.values)
        return len(steps) > 20 and float((steps == 1).mean()) > 0.9
