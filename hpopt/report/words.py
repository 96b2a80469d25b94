"""Scores and params as people read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hpopt.space.conditions import Scalar
from hpopt.trials import repeats

if TYPE_CHECKING:
    from hpopt.runs.folder import Run
    from hpopt.trials import Trial


def show_score(score: float | None) -> str:
    """A score as people compare it: four decimals, or four digits where it is large or small."""
    if score is None:
        return "–"
    return f"{score:.4f}" if 0.001 <= abs(score) < 1000 or score == 0 else f"{score:.4g}"


def show_interval(interval: Sequence[float] | None) -> str:
    """A confidence interval: [low, high]; nothing where there is none."""
    return "" if interval is None else f"[{', '.join(map(show_score, interval))}]"


def show_p(p: float) -> str:
    """A p-value: three digits, down to a thousandth."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def show_param(value: Scalar) -> str:
    """A param as it is worth reading: four digits of a real number."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if value is None:
        return "null"  # as in the YAML
    return str(value).lower() if isinstance(value, bool) else str(value)


_MOST_CLASSES = 8


def show_shares(shares: Mapping[str, float]) -> str:
    """The share of each class, the largest first; of many classes the largest and the smallest."""
    by_share = sorted(shares.items(), key=lambda entry: -entry[1])
    shown = [f'"{label}" {100 * share:.3g} %' for label, share in by_share]
    if len(shown) <= _MOST_CLASSES:
        return ", ".join(shown)
    return f"{', '.join(shown[:4])}, {len(shown) - 6} more, {', '.join(shown[-2:])}"


def align(rows: Sequence[Sequence[str]], right: Collection[int] | None = None) -> list[str]:
    """Rows of cells as lines of columns, for a terminal.

    The columns `right` (by default all but the first) are flush right, the others left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    flush = range(1, len(widths)) if right is None else right
    return [
        "  ".join(
            cell.rjust(width) if index in flush else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def list_names(names: Sequence[str], *, quoted: bool = False) -> str:
    """Names in a sentence: `a`, `b` and `c`."""
    marked = list(names) if quoted else [f"`{name}`" for name in names]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} and {marked[-1]}"


def list_trials(numbers: Iterable[int]) -> str:
    """Trials in a sentence, by their numbers: 1, 2 and 3."""
    return list_names([str(number) for number in numbers], quoted=True)


def early_end(run: Run) -> str | None:
    """A sentence that says why a search ended before all of its trials were made, if it did."""
    if run.end is None or run.end.reason == "n_calls":
        return None
    return f"The search ended after {len(run.trials())} of {run.n_calls} trials: {run.end.text}."


def repeated(run: Run, trial: Trial) -> str | None:
    """A sentence for a trial whose params ran several times, if they did."""
    same = repeats(trial, run.trials())
    if len(same) < 2:
        return None
    numbers = list_trials(each.number for each in same)
    return (
        f"Trials {numbers} had the same params, which count by the mean of their {run.metric}: "
        f"{show_score(run.mean_score(trial))}."
    )


# Of fewer groups an interval holds the truth only if groups are much like one another.
_FEW_GROUPS = 10


def few_groups(run: Run) -> str | None:
    """A sentence for a test part of few groups, of which no interval can be trusted far."""
    groups = run.outcomes.test.groups if run.outcomes.test else None
    if groups is None or groups >= _FEW_GROUPS:
        return None
    count = f"{groups} group{'s' if groups > 1 else ''}"
    return f"The test part has {count}: of so few, intervals are rough."


def seen_test(run: Run) -> str | None:
    """A sentence for a run that went on after its test part had been scored."""
    if not run.seen_test_after:
        return None
    counts = ", ".join(map(str, run.seen_test_after))
    return (
        f"The test part had been scored before, after {counts} trials, and the search went on: "
        "whoever decided that by the score has used the test part to choose, so it may flatter."
    )
