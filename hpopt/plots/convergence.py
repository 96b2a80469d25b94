"""How the best score grew, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, beside_limits
from hpopt.report.words import show_score
from hpopt.trials import Trial, incumbents

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_convergence(history: History) -> Figure:
    """Every trial's score, and the best so far as a line; on the lower edge what has no score.

    Those are failed trials, and such as were fitted to a part of their epochs only.
    """
    from matplotlib.ticker import MaxNLocator

    history.need_finished(1)
    figure = style.new_figure(3.2)
    axes = figure.subplots()
    axes.grid(axis="y")
    numbers = np.array([trial.number for trial in history.finished])
    last = history.trials[-1].number
    history.limit_scores(axes)
    _draw_trials(axes, history, numbers)
    so_far = [history.score(best) for best in incumbents(history.finished) if best is not None]
    axes.step(
        np.append(numbers, last),
        np.append(so_far, so_far[-1]),
        where="post",
        color=style.BLUE,
        label="best so far",
    )
    if history.default is not None and history.default.result is not None:
        score = history.score(history.default)
        _mark(axes, history, 1, score, f"default: {show_score(score)}", style.DEFAULT)
    assert history.best is not None
    best = history.score(history.best)
    why = "" if best == so_far[-1] else ", chosen by fitting again"
    name = f"best: {show_score(best)} (trial {history.best.number}{why})"
    _mark(axes, history, history.best.number, best, name, style.INCUMBENT)
    _mark_without_score(axes, history.paused, "paused", {"marker": "|", "color": style.GREY})
    _mark_without_score(axes, history.failed, "failed", style.FAILED)
    axes.set_xlim(0.5 if last < 50 else 0, last + 0.5 if last < 50 else last * 1.01)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.set_xlabel("trial")
    axes.set_ylabel(history.score_label)
    figure.legend(loc="outside upper left", ncols=5, columnspacing=1.4, handletextpad=0.5)
    return figure


def _mark_without_score(
    axes: Axes, trials: Sequence[Trial], word: str, looks: dict[str, Any]
) -> None:
    if trials:
        axes.plot(
            [trial.number for trial in trials],
            [0.0] * len(trials),
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label=f"{word} ({len(trials)})",
            **{"linestyle": "none", **looks},
        )


def _mark(
    axes: Axes, history: History, number: int, score: float, label: str, looks: dict[str, Any]
) -> None:
    """A mark at a score, or on the border with an arrow where the score lies beyond."""
    bottom, top = history.score_limits
    side = beside_limits(bottom, top, score)
    axes.plot(number, np.clip(score, bottom, top), clip_on=False, label=label, **looks)
    if side:
        low, high = axes.get_ylim()
        start, end = (top, high) if side > 0 else (bottom, low)
        axes.annotate(
            "",
            (number, end),
            (number, start),
            annotation_clip=False,
            arrowprops={"arrowstyle": "->", "color": style.DARK, "shrinkA": 4, "shrinkB": 0},
            zorder=7,
        )


def _draw_trials(axes: Axes, history: History, numbers: np.ndarray) -> None:
    """A dot for each score; those beyond the axis as triangles on its edge."""
    bottom, top = history.score_limits
    beyond = (history.scores < bottom) | (history.scores > top)
    many = len(numbers) > 200
    axes.plot(
        numbers[~beyond],
        history.scores[~beyond],
        "o",
        markersize=2.2 if many else 3.5,
        color=style.GREY,
        alpha=0.5 if many else 0.8,
        markeredgewidth=0,
        label="trial",
    )
    if beyond.any():
        axes.plot(
            numbers[beyond],
            np.full(beyond.sum(), 0.015 if history.greater_is_better else 0.985),
            marker="v" if history.greater_is_better else "^",
            linestyle="none",
            transform=axes.get_xaxis_transform(),
            markersize=3.5,
            color=style.GREY,
            markeredgewidth=0,
            label=f"off the axis ({beyond.sum()})",
        )
