"""How much of the score's variation each dimension explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History
from hpopt.report.words import show_share

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_importance(history: History) -> Figure:
    """A bar for each dimension, the most important on top, with the surrogate's uncertainty.

    Below them is the rest of the variance: what dimensions do together.
    """
    from matplotlib.ticker import PercentFormatter

    shares = history.importance[::-1]
    figure = style.new_figure(1.05 + 0.24 * len(shares), 5.2)
    axes = figure.subplots()
    rest = max(0.0, 1.0 - sum(s.share for s in shares))
    heights = np.arange(len(shares))
    share = np.array([s.share for s in shares])
    low, high = np.array([s.low for s in shares]), np.array([s.high for s in shares])
    axes.grid(axis="x")
    axes.barh(heights, share, height=0.62, color=style.SKY)
    axes.errorbar(
        share,
        heights,
        xerr=np.maximum([share - low, high - share], 0),
        fmt="none",
        ecolor=style.DARK,
        elinewidth=0.9,
        capsize=2.5,
    )
    for height, value, end in zip(range(len(share)), share, np.maximum(high, share), strict=True):
        axes.text(end + 0.012, height, show_share(value), va="center", fontsize=7)
    axes.barh(-1, rest, height=0.62, color=style.FAINT)
    axes.text(rest + 0.012, -1, show_share(rest), va="center", fontsize=7, color=style.GREY)
    names = ["several of them together", *(style.label(s.name, 28) for s in shares)]
    axes.set_yticks([-1, *heights], names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, min(1.12, max(rest, float(np.maximum(high, share).max())) * 1.15 + 0.05))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel(f"share of the variance of {history.metric} over the space")
    return figure
