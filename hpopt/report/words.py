"""Scores and params as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hpopt.space.beliefs import Belief
from hpopt.space.conditions import Value
from hpopt.trials import made, repeats

if TYPE_CHECKING:
    from hpopt.runs.folder import Run
    from hpopt.trials import Trial


def show_score(score: float | None) -> str:
    """A score as people compare it: four digits, four decimals below 1; 17,430 and never 1.743e4.

    What is below a ten-thousandth, or longer than people read, has a power of ten.
    """
    if score is None:
        return "–"
    size = abs(score)
    if size and not 1e-4 <= size < 1e9:
        return f"{score:.3g}"
    if size < 1:
        return f"{score:.4f}" if size >= 1e-3 or size == 0 else f"{score:.3g}"
    return f"{score:,.{max(0, 3 - _power(size))}f}"


def show_with(interval: Sequence[float] | None, score: float | None) -> str:
    """A score with no more digits than its interval lends it: half the width to two digits.

    Two digits at least, and no more than `show_score` gives.
    """
    if interval is None or score is None:
        return show_score(score)
    half = (interval[1] - interval[0]) / 2
    size = max(abs(score), *map(abs, interval))
    if not math.isfinite(half) or half <= 0 or not 1e-4 <= size < 1e9:
        return show_score(score)
    most = max(4, 1 - _power(size)) if size < 1 else max(0, 3 - _power(size))
    decimals = min(most, max(1 - _power(half), 1 - _power(size)))
    return f"{round(score, decimals) + 0.0:,.{max(0, decimals)}f}"


def _power(size: float) -> int:
    """The power of ten of a number's first digit."""
    return math.floor(math.log10(size))


def show_interval(interval: Sequence[float] | None) -> str:
    """A confidence interval: [low, high]; nothing where there is none."""
    if interval is None:
        return ""
    return f"[{', '.join(show_with(interval, end) for end in interval)}]"


def show_p(p: float) -> str:
    """A p-value: three digits, down to a thousandth."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def show_param(value: Value) -> str:
    """A param as it is worth reading: four digits of a real number."""
    if isinstance(value, float):
        return f"{value:.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"
    if value is None:
        return "null"  # as in the YAML
    if isinstance(value, list):
        return f"[{', '.join(map(show_param, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {show_param(each)}' for name, each in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def show_belief(belief: Belief) -> str:
    """A belief in a few words."""
    return f"believed around {show_param(belief.around)}, within {show_param(belief.within)}"


def show_share(share: float) -> str:
    """A share in whole per cent: 0 % only where there is nothing, 100 % only where it is all."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


_MOST_CLASSES = 8


def show_shares(shares: Mapping[str, float]) -> str:
    """The share of each class, the largest first; of many classes the largest and the smallest."""
    by_share = sorted(shares.items(), key=lambda entry: -entry[1])
    shown = [f'"{label}" {100 * share:.3g} %' for label, share in by_share]
    if len(shown) <= _MOST_CLASSES:
        return ", ".join(shown)
    return f"{', '.join(shown[:4])}, {len(shown) - 6} more, {', '.join(shown[-2:])}"


# The largest unit that fits at least twice, so that "90 s" is not "1 min".
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def duration(seconds: float) -> str:
    """A time as people say it: 3 h, 25 min, 90 s, 0.25 s."""
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"


def counted(number: int, what: str) -> str:
    """A number of things: 1 trial, 2 trials, 12,000 rows."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def capital(text: str) -> str:
    """A text as it stands at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


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


def tally(trials: Sequence[Trial], n_calls: int | None = None, *, is_going_on: bool = True) -> str:
    """What became of trials: 12 of 20 trials (1 failed, 2 cut off, 2 running).

    Counted are those that were paused or came to their own end, which is what `n_calls` counts;
    where no process is at work on the run any more, none is running.
    """
    states = [trial.state for trial in trials]
    running = "running" if is_going_on else "interrupted"
    counts = {"paused": "paused", "failed": "failed", "cut": "cut off", "running": running}
    parts = [f"{states.count(s)} {word}" for s, word in counts.items() if s in states]
    of = f"{made(trials):,} of " if n_calls else ""
    count = f"{of}{counted(n_calls or made(trials), 'trial')}"
    return f"{count} ({', '.join(parts)})" if parts else count


def paused_after(run: Run, trial: Trial) -> str:
    """How far a paused trial has come: paused after 6 of 50 epochs."""
    done = 0 if trial.latest is None else trial.latest.epochs
    whole = _whole_epochs(run, trial)
    return f"paused after {done} of {whole} epochs" if whole else f"paused after {done} epochs"


def paused_with_score(run: Run, trial: Trial) -> str:
    """The same with its score so far: paused after 6 of 50 epochs, accuracy 0.9632."""
    score = None if trial.latest is None else trial.latest.metrics[run.metric]
    return f"{paused_after(run, trial)}, {run.metric} {show_score(score)}"


def epochs_saved(run: Run) -> str | None:
    """A sentence on what pausing saved, where trials are paused or were."""
    trials = [trial for trial in run.trials() if trial.latest is not None]
    paused = [trial for trial in trials if trial.state == "paused"]
    whole = [_whole_epochs(run, trial) for trial in paused]
    if not any(trial.partial for trial in trials) or None in whole:
        return None
    done = sum(trial.latest.epochs for trial in trials if trial.latest is not None)
    of_paused = sum(trial.latest.epochs for trial in paused if trial.latest is not None)
    all_whole = done - of_paused + sum(each for each in whole if each is not None)
    return (
        f"{counted(len(paused), 'trial')} of {len(trials)} stayed paused: the fits took {done:,} "
        f"epochs, and in full they would have taken {all_whole:,}."
    )


def _whole_epochs(run: Run, trial: Trial) -> int | None:
    """How many epochs the whole fit of a trial has, where the run says so."""
    constant = run.header.constants.get("training", {}).get("epochs")
    epochs = trial.params.get("epochs", constant)
    return epochs if isinstance(epochs, int) else None


def early_end(run: Run) -> str | None:
    """A sentence that says why a search ended before all of its trials were made, if it did."""
    if run.end is None or run.end.reason == "n_calls":
        return None
    of = counted(run.n_calls or 0, "trial")
    return f"The search ended after {made(run.trials())} of {of}: {run.end.text}."


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


def weighted_rows(run: Run, show: Callable[[str], str]) -> str | None:
    """A sentence on what rows count by, where they do not all count the same."""
    by = run.outcomes.test.weighted_by if run.outcomes.test else None
    if by is None:
        return None
    return (
        f"Rows count by `{show(by)}` in fits and scores; in the pictures of confusion, precision "
        "and recall, and of calibration each is one row."
    )


def few_groups(run: Run) -> str | None:
    """A sentence for a test part of few groups, of which no interval can be trusted far."""
    groups = run.outcomes.test.groups if run.outcomes.test else None
    if groups is None or groups >= _FEW_GROUPS:
        return None
    of_time = run.outcomes.test is not None and run.outcomes.test.ahead is not None
    what = f"{counted(groups, 'block')} of time" if of_time else counted(groups, "group")
    return f"The test part has {what}: of so few, intervals are rough."


def seen_test(run: Run) -> str | None:
    """A sentence for a run that went on after its test part had been scored."""
    if not run.seen_test_after:
        return None
    counts = ", ".join(map(str, run.seen_test_after))
    return (
        f"The test part had been scored before, after {counts} trials, and the search went on: "
        "whoever decided that by the score has used the test part to choose, so it may flatter."
    )
