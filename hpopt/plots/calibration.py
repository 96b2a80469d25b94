"""Whether the final network's probabilities can be taken at their word, on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.report.words import show_score

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_calibration(history: History) -> Figure:
    """A reliability diagram: of rows of like probability, how often it came true."""
    calibration = history.calibration
    if calibration is None:
        raise NotYetError("no probabilities of labels have been tested")
    bins = calibration.bins
    predicted = np.array([each.said for each in bins])
    seen = np.array([each.seen for each in bins])
    low, high = np.array([each.interval for each in bins]).T
    rows = sum(each.rows for each in bins)
    figure = style.new_figure(3.6, width=4.2)
    axes = figure.subplots()
    axes.grid()
    axes.plot([0, 1], [0, 1], color=style.GREY, linestyle="--", linewidth=1, label="as it is said")
    axes.errorbar(
        predicted,
        seen,
        yerr=[np.maximum(seen - low, 0), np.maximum(high - seen, 0)],
        fmt="o-",
        color=style.BLUE,
        markersize=4,
        linewidth=1,
        elinewidth=1,
        capsize=2,
        clip_on=False,
        label=f"{rows} rows of test in {len(bins)} bins, 95 % intervals",
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
