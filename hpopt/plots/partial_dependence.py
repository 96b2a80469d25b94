"""What each dimension does to the score by itself, as the surrogate sees it, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import scales, style
from hpopt.plots.history import History
from hpopt.search.dependence import Dependence
from hpopt.space.dimensions import Categorical, Integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_FEW = 12  # whole numbers up to which each has a mark of its own


def draw_partial_dependence(history: History) -> Figure:
    """A panel for each dimension, the most important first, on one scale of scores."""
    dimensions = history.by_importance
    columns = min(_COLUMNS, len(dimensions)) if len(dimensions) != 5 else 3
    rows = -(-len(dimensions) // columns)
    figure = style.new_figure(0.5 + 1.75 * rows, style.WIDTH if columns > 2 else 2.6 * columns + 1)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    shares = {part.name: part.share for part in history.importance}
    for axes, dimension in zip(panels, dimensions, strict=False):
        draw_curve(axes, history, history.dependence(dimension.name))
        scales.lay_out(axes, "x", dimension, 4)
        axes.set_xlabel(style.label(dimension.name, 24))
        axes.set_title(f"{shares.get(dimension.name, 0):.0%} of the variance", fontsize=7, pad=3)
        axes.grid(axis="y")
        _mark_trials(axes, history, dimension.name)
    for axes in panels[len(dimensions) :]:
        style.switch_off(axes)
    for axes in panels[::columns]:
        axes.set_ylabel(f"average {history.metric}")
    entries = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    names = ["average", "±1 sd of it", "±2 sd", "trials", "default", "best"]
    figure.legend(
        [entries[n] for n in names], names, loc="outside upper left", ncols=6 if columns > 2 else 3
    )
    return figure


def draw_curve(axes: Axes, history: History, effect: Dependence) -> None:
    """The partial dependence on one dimension, with one and two posterior deviations."""
    [dimension], [grid] = effect.dimensions, effect.grids
    middle = history.to_scores(effect.middle)
    bars = isinstance(dimension, Categorical) or (
        isinstance(dimension, Integer) and dimension.high - dimension.low < _FEW
    )
    for reach, alpha in ((2, 0.18), (1, 0.32)):
        low, high = sorted(map(history.to_scores, effect.within(reach)), key=np.nansum)
        label = "±1 sd of it" if reach == 1 else "±2 sd"
        if bars:
            width = 0.5 * np.diff(grid.edges)
            left = grid.centres - width / 2
            axes.bar(
                left, high - low, width, low, align="edge", color=style.BLUE, alpha=alpha,
                linewidth=0, label=label,
            )  # fmt: skip
        else:
            axes.fill_between(
                grid.centres, low, high, color=style.BLUE, alpha=alpha, linewidth=0, label=label
            )
    if bars:
        half = 0.25 * np.diff(grid.edges)
        axes.hlines(
            middle, grid.centres - half, grid.centres + half, color=style.BLUE, label="average"
        )
    else:
        axes.plot(grid.centres, middle, color=style.BLUE, label="average")


def _mark_trials(axes: Axes, history: History, name: str) -> None:
    """A tick for each trial on the lower edge, the default and the incumbent marked there."""
    [dimension] = [d for d in history.space if d.name == name]
    on_edge = axes.get_xaxis_transform()
    at = scales.positions(dimension, history.finished)
    many = len(at) > 100
    axes.plot(
        at, np.full(len(at), 0.03), "|", transform=on_edge, color=style.GREY, markersize=4,
        alpha=0.25 if many else 0.7, markeredgewidth=0.6, label="trials",
    )  # fmt: skip
    for trial, mark, label in (
        (history.default, style.DEFAULT, "default"),
        (history.best, style.INCUMBENT, "best"),
    ):
        inside = trial is not None and name in trial.params
        where = scales.position(dimension, trial.params[name]) if trial and inside else np.nan
        axes.plot(
            where, 0.03, transform=on_edge, clip_on=False, label=label,
            **mark | {"markersize": mark["markersize"] * 0.75},
        )  # fmt: skip
