"""Whether the final network's probabilities can be taken at their word, on the test part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.report.words import counted, show_score
from hpopt.statistics.proportions import clopper_pearson
from hpopt.statistics.records import Bin

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MARGIN = 0.1  # of the axis: a count has no room there
_NEAR = 0.05


def draw_calibration(history: History) -> Figure:
    """A reliability diagram: of rows of like probability, how often it came true."""
    calibration = history.scored.calibration if history.scored else None
    if calibration is None:
        raise NotYetError("no probabilities of labels have been tested")
    bins = _legible(calibration.bins)
    predicted = np.array([each.said for each in bins])
    seen = np.array([each.seen for each in bins])
    low, high = np.array([each.interval for each in bins]).T
    rows = sum(each.rows for each in bins)
    figure = style.new_figure(4.0, width=4.6)
    axes = figure.subplots()
    axes.grid()
    axes.plot([0, 1], [0, 1], color=style.GREY, linestyle="--", linewidth=1, label="as it is said")
    axes.errorbar(
        predicted,
        seen,
        yerr=[np.maximum(seen - low, 0), np.maximum(high - seen, 0)],
        fmt="o",
        color=style.BLUE,
        markersize=0,
        elinewidth=1,
        capsize=2,
        clip_on=False,
    )
    axes.scatter(
        predicted,
        seen,
        s=[12 + 90 * each.rows / rows for each in bins],
        color=style.BLUE,
        clip_on=False,
        zorder=3,
        label=f"{rows:,} rows of test in {counted(len(bins), 'group')}, the larger the more; "
        "95 % intervals",
    )
    for each in bins:
        # Away from the diagonal, but for the margins; where a line passes all the same, on white.
        is_left = each.said > _MARGIN and (each.seen > each.said or each.said > 1 - _MARGIN)
        axes.annotate(
            f"{each.rows:,}",
            (each.said, each.seen),
            xytext=(-7 if is_left else 7, 0),
            textcoords="offset points",
            ha="right" if is_left else "left",
            va="center",
            fontsize=6.5,
            color=style.DARK,
            zorder=2.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xlabel("probability that is said")
    axes.set_ylabel("share of rows in which it is so")
    axes.text(
        0.97,
        0.04,
        f"calibration error {show_score(calibration.error)}\n"
        f"by chance up to {show_score(calibration.by_chance)}\n"
        f"Brier score {show_score(calibration.brier)}",
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        fontsize=7,
    )
    figure.legend(loc="outside upper left", ncols=1)
    return figure


def _legible(bins: Sequence[Bin]) -> list[Bin]:
    """The bins, with those joined whose probabilities are nearly the same.

    A sure network says 0 or 1 of most rows, and all bins but a few would lie on each other.
    """
    joined: list[Bin] = []
    for each in sorted(bins, key=lambda each: each.said):
        if joined and each.said - joined[-1].said < _NEAR:
            joined[-1] = _together(joined[-1], each)
        else:
            joined.append(each)
    return joined


def _together(one: Bin, other: Bin) -> Bin:
    rows = one.rows + other.rows
    said = (one.said * one.rows + other.said * other.rows) / rows
    true = round(one.seen * one.rows) + round(other.seen * other.rows)
    return Bin(said, true / rows, clopper_pearson(true, rows), rows)
