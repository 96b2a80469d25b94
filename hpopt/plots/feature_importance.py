"""What each feature is worth to the final network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_feature_importance(history: History) -> Figure:
    """What the score on the test part loses without each feature, the most important on top."""
    found = history.scored.importance if history.scored else None
    worths = {} if found is None else {n: each for n, each in found.features.items() if each}
    if found is None or not worths:
        raise NotYetError("no network has been tested whose features have names")
    names = list(worths)[::-1]
    lost = np.array([worths[name].difference for name in names])
    ends = np.array([worths[name].interval for name in names])
    figure = style.new_figure(1.05 + 0.22 * len(names), 5.2)
    axes = figure.subplots()
    heights = np.arange(len(names))
    axes.grid(axis="x")
    axes.axvline(0, color=style.DARK, linewidth=0.8)
    axes.barh(heights, lost, height=0.62, color=style.SKY)
    axes.errorbar(
        lost,
        heights,
        xerr=np.maximum([lost - ends[:, 0], ends[:, 1] - lost], 0),
        fmt="none",
        ecolor=style.DARK,
        elinewidth=0.9,
        capsize=2.5,
    )
    axes.set_yticks(heights, [style.label(name, 28) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    loss = "lower" if history.greater_is_better else "higher"
    axes.set_xlabel(
        f"how much {loss} {history.metric} on test is where the feature is dealt out anew"
    )
    if len(names) < found.of:
        axes.set_title(f"the first {len(names)} of {found.of} features", loc="left")
    return figure
