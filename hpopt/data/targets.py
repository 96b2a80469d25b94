"""What is predicted: the target's column as class indices or as values, and the task it makes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hpopt.data.chunks import plain_or_gap
from hpopt.data.column_kinds import Column, look
from hpopt.data.fillers import filler_in_words
from hpopt.data.number_forms import version_among
from hpopt.data.target_settings import Label
from hpopt.errors import DataError, SettingError, suggest_name
from hpopt.inputs import raw
from hpopt.inputs.stored import Stored, Texts, as_categories, as_texts, is_gap, raw_values
from hpopt.task import TASKS, Task

# Whole numbers are classes up to so many different ones.
_MOST_NUMBERED_CLASSES = 20
_MOST_CLASSES = 1000
_MOST_NAMED = 3


@dataclass(frozen=True)
class Target:
    """`values` [n] are class indices into `labels`, or numbers; of a row without one -1 or NaN.

    `examples` are some of its values as they are written, and how often each is there.
    """

    values: np.ndarray
    labels: tuple[str, ...]
    task: Task
    missing: int
    notes: tuple[str, ...] = ()
    reader: Mapping[str, Any] | None = None  # how the same column of other rows is read
    examples: Mapping[str, int] = field(default_factory=dict)


def encode_target(
    name: str,
    stored: Stored,
    task: Task | None = None,
    decimal: str = ".",
    gaps: Sequence[str] = (),
    positive: Label | None = None,
) -> Target:
    """The target of a column, named `name` in errors; without `task` its values decide.

    Two different values are `binary`. Texts are classes, and so are whole numbers if there are a
    few different ones; others are a regression. Labels go by number, or else by the alphabet; but
    of two the second is the positive one: `positive`, or else the rarer.

    Raises DataError where nothing can be learned from it.
    """
    if not isinstance(stored, Texts) and stored.dtype.kind not in "fM":
        import pandas as pd

        from hpopt.data.reading import of_frame

        stored = of_frame(pd.DataFrame({"target": stored}), name).columns["target"]
    is_class = task is not None and TASKS[task].has_labels
    if not is_class and look("target", stored, decimal).kind == "date":
        raise DataError(f"{name} holds dates, which can't be predicted", help="take another column")
    if not isinstance(stored, Texts) and (infinite := int(np.isinf(stored).sum())):
        raise DataError(
            f"{name} holds {infinite} infinite numbers", help="mend or delete those rows"
        )
    is_forced = task is not None and not TASKS[task].has_labels
    column = _as_numbers(stored, decimal, forced=is_forced)
    numbers = None if column is None else _numbers(stored, column)
    if task is None:
        task = _task_of(name, stored, numbers)
    if positive is not None and not TASKS[task].has_threshold:
        raise SettingError(
            f"a positive class is one of two, and {name} makes a {task} task",
            ("target", "positive"),
            help="leave `positive` out",
        )
    if not TASKS[task].has_labels:
        target = _regression(name, numbers)
        assert column is not None
        return replace(
            target,
            reader={**(column.reader or {}), "gaps": list(gaps)},
            notes=tuple(_words_on_numbers(name, stored, target.values, column, is_forced)),
            examples=column.examples,
        )
    encoded = _classes(name, stored, numbers, task, gaps)
    return _positive_second(name, encoded, positive) if TASKS[task].has_threshold else encoded


def _positive_second(name: str, encoded: Target, positive: Label | None) -> Target:
    """The target of two classes with the positive one as the second; of equally many it is so."""
    labels, index = encoded.labels, 1
    if positive is not None:
        index = _index_of(name, labels, positive)
    elif (encoded.values == 1).sum() > (encoded.values == 0).sum():
        index = 0
    if index == 1:
        return encoded
    values = np.where(encoded.values < 0, encoded.values, 1 - encoded.values)
    return replace(encoded, values=values, labels=labels[::-1])


def _index_of(name: str, labels: Sequence[str], positive: Label) -> int:
    """The label that is meant; of a truth value in whatever case that a file has it."""
    text = raw.text_of(positive)
    is_truth = isinstance(positive, bool)
    for index, label in enumerate(labels):
        if label == text or (is_truth and label.casefold() == text.casefold()):
            return index
    raise SettingError(
        f'{name} is never "{text}"',
        ("target", "positive"),
        help=suggest_name(text, labels),
    )


def _as_numbers(stored: Stored, decimal: str, forced: bool) -> Column | None:
    """What the column is as one of numbers; None where it holds codes or other texts."""
    if isinstance(stored, Texts):
        column = look("target", stored, decimal)
        is_plain = plain_or_gap(stored.distinct, (), decimal) is not None
        if not (is_plain and stored.distinct) and column.kind != "numeric" and not forced:
            return None
    try:
        return look("target", stored, decimal, asked="numeric")
    except ValueError:
        return None


def _numbers(stored: Stored, column: Column) -> np.ndarray:
    return np.asarray(raw_values(stored, column.reader or {})["target"])


def _words_on_numbers(
    name: str, stored: Stored, numbers: np.ndarray, column: Column, is_forced: bool
) -> Iterator[str]:
    """What may not be as its owner means it in a column that is taken for numbers."""
    if filler := filler_in_words(numbers):
        yield f"{name}: {filler}"
    if not isinstance(stored, Texts):
        return
    if not is_forced:
        yield from _word_on_spelling(name, stored)
    if column.doubt:
        yield f"{name}: {column.doubt}"
    is_misread = np.isnan(numbers) & ~is_gap(stored)
    if rows := int(is_misread.sum()):
        texts = dict.fromkeys(as_texts(stored[np.flatnonzero(is_misread)]).tolist())
        shown = ", ".join(f'"{text}"' for text in list(texts)[:_MOST_NAMED])
        more = f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
        what = (
            "1 value is no number, and counts as a gap"
            if rows == 1
            else (f"{rows:,} values are no numbers, and count as gaps")
        )
        yield f"{name}: {what}: {shown}{more}"


def _task_of(name: str, stored: Stored, numbers: np.ndarray | None) -> Task:
    n_texts = _count_texts(stored) if isinstance(stored, Texts) else 0
    if numbers is None:
        if n_texts > max(20, len(stored) / 2) or n_texts > _MOST_CLASSES:
            raise DataError(
                f"{name} holds {n_texts} different texts: neither classes nor numbers",
                help="predict another column",
            )
        return "binary" if n_texts <= 2 else "multiclass"
    distinct = np.unique(numbers[~np.isnan(numbers)])
    if max(len(distinct), n_texts) <= 2:
        return "binary"
    is_whole = bool((distinct == np.trunc(distinct)).all())
    few = len(distinct) <= min(_MOST_NUMBERED_CLASSES, max(len(numbers) // 10, 3))
    return "multiclass" if is_whole and few else "regression"


def _count_texts(texts: Texts) -> int:
    return len(np.unique(texts.codes[texts.codes >= 0]))


def _word_on_spelling(name: str, stored: Stored) -> tuple[str, ...]:
    """A word on a regression whose values are spelled as versions are: 1.1, 1.10 and 2."""
    if not isinstance(stored, Texts):
        return ()
    present = np.unique(stored.codes[stored.codes >= 0])
    needless = version_among([stored.distinct[code] for code in present], len(stored))
    if not needless:
        return ()
    return (
        f'{name} is taken for numbers, in which "{needless}" is {float(needless):.15g}: '
        "if its values are labels, such as versions, write `task: multiclass` in `dataset`, "
        "which keeps their spelling",
    )


def _regression(name: str, numbers: np.ndarray | None) -> Target:
    if numbers is None:
        raise SettingError(
            f"{name} holds texts, so that it is no regression",
            ("task",),
            help="write `task: auto`, or take a column of numbers",
        )
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        raise DataError(f"{name} holds no values")
    if present.min() == present.max():
        raise DataError(f"{name} is {present[0]:g} in every row: there is nothing to predict")
    return Target(numbers, (), "regression", missing=len(numbers) - len(present))


def _classes(
    name: str, stored: Stored, numbers: np.ndarray | None, task: Task, gaps: Sequence[str]
) -> Target:
    texts = as_categories(stored)
    if numbers is not None:  # a "?" among them is no class
        texts = Texts(np.where(np.isnan(numbers), -1, texts.codes), texts.distinct)
    present = np.unique(texts.codes[texts.codes >= 0])
    labels = [texts.distinct[code] for code in present]
    if numbers is not None:
        values = [float(numbers[np.argmax(texts.codes == code)]) for code in present]
        labels = [label for _, label in sorted(zip(values, labels, strict=True))]
    else:
        labels.sort()
    if not labels:
        raise DataError(f"{name} holds no values")
    if len(labels) == 1:
        raise DataError(
            f'{name} is "{labels[0]}" in every row: there is nothing to predict',
            help="two classes are the least",
        )
    if TASKS[task].has_threshold and len(labels) > 2:
        raise SettingError(
            f"{name} has {len(labels)} classes, so that it is not binary",
            ("task",),
            help="write `task: multiclass`",
        )
    if len(labels) > _MOST_CLASSES:
        raise DataError(
            f"{name} has {len(labels)} different values, too many for classes",
            help="is it a regression?",
        )
    index_of = {label: index for index, label in enumerate(labels)}
    by_code = np.array([*(index_of.get(text, -1) for text in texts.distinct), -1], np.int64)
    values_of = by_code[texts.codes]
    counts = np.bincount(values_of[values_of >= 0], minlength=len(labels))
    single = [f'"{label}"' for label, count in zip(labels, counts, strict=True) if count == 1]
    notes = [
        f"{name} has classes of a single row, which stands in one part alone: "
        + ", ".join(single[:5])
        + (f" and {len(single) - 5} more" if len(single) > 5 else "")
    ]
    return Target(
        values_of,
        tuple(labels),
        task,
        missing=int((values_of < 0).sum()),
        notes=tuple(notes if single else ()),
        reader={
            "column": "target",
            "kind": "categorical",
            "gaps": list(gaps),
            **raw.said_of_spelling(labels),
        },
    )


_READABLE = 1e-4, 1e9


def shown_range(values: np.ndarray) -> str:
    """The lowest and the highest number as people read them: 47,082 to 2,538,051, or 0.5 to 3.25.

    Both have as many decimals as the larger one needs for four digits, but for needless zeros; time
    stamps in milliseconds, which would be alike then, have all of their digits.
    """
    ends = float(np.nanmin(values)), float(np.nanmax(values))
    shown = _rounded_range(ends)
    low, _, high = shown.partition(" to ")
    if low == high and ends[0] != ends[1]:
        return " to ".join(f"{end:.15g}" for end in ends)
    return shown


def _rounded_range(ends: tuple[float, float]) -> str:
    size = max(map(abs, ends))
    if size and not _READABLE[0] <= size < _READABLE[1]:
        return " to ".join(f"{end:.4g}" for end in ends)
    decimals = max(0, 3 - math.floor(math.log10(size))) if size else 0
    while decimals and all(round(end, decimals) == round(end, decimals - 1) for end in ends):
        decimals -= 1
    return " to ".join(f"{round(end, decimals) + 0.0:,.{decimals}f}" for end in ends)
