"""Columns that all but give the target away, by themselves or two together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hpopt.data.giveaways import Judge, View
from hpopt.data.sources import Table
from hpopt.inputs.registry import kind_named
from hpopt.inputs.stored import Texts

# What is said so well by one column has hardly ever been measured before the target was known.
_TOO_GOOD = 0.98
# Two columns are named together where they say that much more than the better one of them.
_TOGETHER_MORE = 0.01
_STRONGEST = 10
# A value that only rows of one class have, but for so few, and that so much of the class has.
_PURE = 0.99
_COVERED = 0.5
_FEWEST_ROWS = 10
# Rows are sorted by their class if it changes so seldom from row to row, beside rows at random.
_FEW_CHANGES = 0.05
_MOSTLY = 0.5  # of the rows have a number, and another one than the row before
_MOST_MARKS = 100
# Trees are given a sample of the rows, of each class as many: this keeps it to seconds.
_MOST_ROWS = 10_000
_MOST_CELLS = 2_000_000
_FEWEST_OF_CLASS = 30
_FEWEST_LOOKED_AT = 40
# What a first look at a single fold has to give, for a second one at all of them.
_WORTH_A_LOOK = 0.95
# Of so many columns a tree each takes many seconds: it is for those that are not clearly noise.
_WIDE = 500
_WORTH_A_TREE = 0.75


@dataclass(frozen=True)
class Leak:
    """Columns that say the target: `score` is what they alone reach, of the `measure`.

    `pattern` says more of it, where there is more to be said; `is_used` is false of what is left
    out anyway.
    """

    columns: tuple[str, ...]
    measure: str
    score: float
    pattern: str = ""
    is_used: bool = True

    def __str__(self) -> str:
        names = " and ".join(f"`{name}`" for name in self.columns)
        several = len(self.columns) > 1
        score = f"({self.measure} {self.score:.3f} by {'themselves' if several else 'itself'})"
        if not self.is_used:
            return (
                f"{names} follows the target {score}: it is left out, and should stay so; are the "
                "rows sorted by the target?"
            )
        gives = "together all but give" if several else "all but gives"
        if self.pattern and self.score < _TOO_GOOD:
            gives = "gives" if not several else gives
            return (
                f"possible leak: {names} gives part of the target away {score}: {self.pattern}; "
                "if it is not known before the target, exclude it"
            )
        because = f": {self.pattern}" if self.pattern else ""
        what = "one of them" if several else "it"
        return (
            f"possible leak: {names} {gives} the target away {score}{because}; if {what} is not "
            "known before the target, exclude it"
        )


def possible_leaks(table: Table, train: np.ndarray) -> list[Leak]:
    """The columns of a table that say the target nearly without error, alone or two together.

    Looks at the training part alone, and at none of arrays, whose columns have no names that would
    tell people more. A pair is one of the ten strongest columns, or of dates.
    """
    if table.forecast is not None:  # windows see nothing of the steps that they say
        return []
    views, y = _views(table), table.target[train]
    if not views or len(y) < _FEWEST_LOOKED_AT or len(np.unique(y)) < 2:
        return []
    classes = len(table.labels)
    most = min(_MOST_ROWS, _MOST_CELLS // len(views))
    sample = train[_sample(y, classes, most)]
    judge = Judge(table.target[sample], classes)
    taken = {name: _taken(view, sample) for name, view in views.items()}
    is_wide = len(taken) > _WIDE
    scores = {name: _score(judge, view, is_wide) for name, view in taken.items()}
    leaks = [
        Leak((name,), judge.measure, scores[name], pattern)
        for name, view in views.items()
        if (pattern := _order(table, view) or _pattern(table, view, train))
        or scores[name] >= _TOO_GOOD
    ]
    named = {name for leak in leaks for name in leak.columns}
    rest = {name: view for name, view in taken.items() if name not in named}
    leaks += _pairs(table, rest, scores, judge)
    return [*leaks, *_of_left_out(table, sample, judge)]


def _sample(y: np.ndarray, classes: int, most: int) -> np.ndarray:
    """Which of the rows y [n] are looked at: of each class as many, as far as there are so many."""
    rng = np.random.default_rng(0)
    if not classes:
        return np.sort(rng.permutation(len(y))[: max(most, _FEWEST_LOOKED_AT)])
    each = max(most // classes, _FEWEST_OF_CLASS)
    rows = [rng.permutation(np.flatnonzero(y == label))[:each] for label in range(classes)]
    return np.sort(np.concatenate(rows))


def _score(judge: Judge, view: View, is_wide: bool) -> float:
    """The score of a view; where a first look at it gives little, no more than that."""
    if is_wide and len(view.numbers) == 1 and not view.codes:
        glance = judge.glance(view)
        if glance < _WORTH_A_TREE:
            return glance
    guess = judge.score(view, folds=1)
    return judge.score(view) if guess >= _WORTH_A_LOOK else guess


def _views(table: Table) -> dict[str, View]:
    """The columns that are used, by name; a date with all that is made of it."""
    raw = kind_named(table.kind).named_columns(table.features)
    rest = dict(raw)
    views = {}
    for column in table.columns:
        if column.use != "feature" or column.reader is None:
            continue
        prefix = column.reader.get("prefix", column.name)
        made = [f"{prefix}.{part}" for part in column.reader.get("parts", ())] or [column.name]
        if parts := [name for name in made if name in rest]:
            views[column.name] = View.of(column.name, [rest.pop(name) for name in parts])
    return views | {name: View.of(name, [values]) for name, values in rest.items()}


def _taken(view: View, rows: np.ndarray) -> View:
    numbers = tuple(_finite(each[rows]) for each in view.numbers)
    return View(view.columns, numbers, tuple(codes[rows] for codes in view.codes))


def _finite(numbers: np.ndarray) -> np.ndarray:
    """Numbers that a tree takes, whose float32 is finite; others are gaps."""
    return np.where(np.abs(numbers) < np.finfo(np.float32).max, numbers, np.nan)


def _pairs(
    table: Table, views: Mapping[str, View], scores: Mapping[str, float], judge: Judge
) -> Iterator[Leak]:
    """The pairs that say the target, where neither column of them does."""
    dates = [c.name for c in table.columns if c.kind == "date" and c.name in views]
    strongest = sorted(views, key=lambda name: -scores[name])[:_STRONGEST]
    pairs = {*itertools.combinations(sorted(strongest), 2)}
    pairs |= {*itertools.combinations(sorted(dates[:_STRONGEST]), 2)}
    named: set[str] = set()
    scored = [(_score(judge, views[a].beside(views[b]), False), a, b) for a, b in sorted(pairs)]
    for score, a, b in sorted(scored, reverse=True):
        gain = score - max(scores[a], scores[b])
        if score >= _TOO_GOOD and gain >= _TOGETHER_MORE and not {a, b} <= named:
            named |= {a, b}
            yield Leak((a, b), judge.measure, score)


def _of_left_out(table: Table, sample: np.ndarray, judge: Judge) -> Iterator[Leak]:
    """What is left out for an id and yet follows the target, as where rows are sorted by it."""
    for name, order in table.ids.items():
        score = _score(judge, View((name,), (order[sample],)), False)
        if score >= _TOO_GOOD:
            yield Leak((name,), judge.measure, score, is_used=False)


def _order(table: Table, view: View) -> str:
    """A word on a column that goes with the rows of a file in which each class has its own."""
    if not table.labels or not view.numbers:
        return ""
    y, numbers = table.target, view.numbers[0]
    steps = np.diff(numbers[~np.isnan(numbers)])
    if len(steps) < _MOSTLY * len(y) or np.count_nonzero(steps) < _MOSTLY * len(y):
        return ""
    if not ((steps >= 0).all() or (steps <= 0).all()):
        return ""
    shares = np.bincount(y) / len(y)
    changes, at_random = np.count_nonzero(np.diff(y)), len(y) * (1 - np.square(shares).sum())
    if changes > _FEW_CHANGES * at_random:
        return ""
    return "it goes with the order of the rows in the file, which are sorted by the target"


def _pattern(table: Table, view: View, train: np.ndarray) -> str:
    """A word on a value, or on its absence, that only training rows of one class have."""
    y, classes = table.target[train], len(table.labels)
    if not classes:
        return ""
    of_class = np.bincount(y, minlength=classes)
    patterns = []
    for words, is_so in _marks(table, view, train):
        counts = np.bincount(y[is_so], minlength=classes)
        rows, label = int(counts.sum()), int(counts.argmax())
        is_rare = of_class[label] <= len(y) / 2
        is_pure = rows >= _FEWEST_ROWS and counts[label] >= _PURE * rows
        if is_rare and is_pure and counts[label] >= _COVERED * of_class[label]:
            count = "all" if counts[label] == rows else f"{counts[label]:,}"
            whose = f'{count} of them "{table.labels[label]}"'
            share = counts[label] / of_class[label]
            patterns.append((share, f"it is {words} in {rows:,} training rows, {whose}"))
    return max(patterns)[1] if patterns else ""


def _marks(table: Table, view: View, train: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Of one column: which rows [n] have a value, a number that is 0, a certain text; or not."""
    for numbers in (each[train] for each in view.numbers[:1]):
        is_there, is_nil = ~np.isnan(numbers), numbers == 0
        if not is_there.all():
            yield "there", is_there
            yield "a gap", ~is_there
        if is_nil.any():
            yield "other than 0", is_there & ~is_nil
            yield "0", is_nil
    raw = kind_named(table.kind).named_columns(table.features)
    for codes in (each[train] for each in view.codes[:1]):
        texts = raw[view.columns[0]]
        assert isinstance(texts, Texts)
        if (codes < 0).any():
            yield "there", codes >= 0
            yield "a gap", codes < 0
        rows = np.bincount(codes[codes >= 0], minlength=1)
        for code in np.flatnonzero(rows >= _FEWEST_ROWS)[:_MOST_MARKS]:
            yield f'"{texts.distinct[code][:40]}"', codes == code
        if np.count_nonzero(rows) > 2:  # as 0 among numbers: "active" among the days of an end
            usual = rows.argmax()
            yield f'other than "{texts.distinct[usual][:40]}"', (codes >= 0) & (codes != usual)
