"""Several runs on one picture: the best score so far over the trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpopt.errors import RunError
from hpopt.plots import style
from hpopt.plots.history import History, set_heights, worthwhile_limits
from hpopt.report.standings import repetitions
from hpopt.runs.folder import Run
from hpopt.trials import incumbents

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_comparison(runs: Sequence[Run]) -> Figure:
    """A line for each run; those that are alike share a colour, with their median as a thick line.

    Runs without a finished trial are left out. Raises RunError where none has one.
    """
    from matplotlib.ticker import MaxNLocator

    histories = {
        label: [History.of(run) for run in group] for label, group in repetitions(runs).items()
    }
    first = next(iter(histories.values()))[0]
    groups = {
        label: [_best_so_far(history) for history in group if history.finished]
        for label, group in histories.items()
    }
    groups = {label: lines for label, lines in groups.items() if lines}
    if not groups:
        raise RunError("none of the runs has a finished trial, so there is nothing to compare")
    with style.styled():
        figure = style.new_figure(3.4)
        axes = figure.subplots()
        axes.grid(axis="y")
        for index, (name, lines) in enumerate(groups.items()):
            colour = style.CYCLE[index % len(style.CYCLE)]
            dashes = ("-", (0, (5, 1.5)), (0, (1, 1)))[index // len(style.CYCLE) % 3]
            label = style.plain(name)
            if len(lines) > 1:
                label = f"{label}: median of {len(lines)}"
                for line in lines:
                    axes.step(_numbers(line), line, color=colour, linewidth=0.5, alpha=0.45,
                              where="post")  # fmt: skip
            middle = _median(lines)
            axes.step(_numbers(middle), middle, color=colour, linestyle=dashes, linewidth=2,
                      where="post", label=label)  # fmt: skip
        every = np.concatenate(
            [line[~np.isnan(line)] for lines in groups.values() for line in lines]
        )
        low, high = worthwhile_limits(every, first.greater_is_better)
        set_heights(axes, low, high, first.greater_is_better)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axes.set_xlim(1, max(max(map(len, lines)) for lines in groups.values()) + 0.5)
        axes.set_xlabel("trial")
        is_cut = every.min() < low or every.max() > high
        cut = "\n(worse ones are off the axis)" if is_cut else ""
        axes.set_ylabel(f"best {first.score_label} so far{cut}")
        figure.legend(loc="outside upper left", ncols=3)
    return figure


def _best_so_far(history: History) -> np.ndarray:
    """The best score after each trial [n]; NaN before the first that finished."""
    best = incumbents(history.trials)
    return np.array([np.nan if trial is None else history.score(trial) for trial in best])


def _numbers(line: np.ndarray) -> np.ndarray:
    return np.arange(1, len(line) + 1)


def _median(lines: Sequence[np.ndarray]) -> np.ndarray:
    """The median over the runs, as far as all of them went."""
    return np.asarray(np.median(np.stack([line[: min(map(len, lines))] for line in lines]), axis=0))
