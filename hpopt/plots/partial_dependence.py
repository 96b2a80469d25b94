"""What each dimension does to the score by itself, as the surrogate sees it, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import scales, style
from hpopt.plots.history import History
from hpopt.report.words import show_share
from hpopt.search.dependence import Dependence
from hpopt.space.dimensions import Categorical

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
GOES_ON = "goes on"  # of a band
_STRIP = 0.14  # of the height, below the bands, where trials stand
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
        scales.add_margins(axes, dimension)
        axes.set_xlabel(style.label(dimension.name, 24))
        share = show_share(shares.get(dimension.name, 0))
        axes.set_title(f"{share} of the variance", fontsize=7, pad=3)
        axes.grid(axis="y")
        _mark_trials(axes, history, dimension.name)
    for axes in panels[len(dimensions) :]:
        style.switch_off(axes)
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low - _STRIP * (high - low) / (1 - _STRIP), high)
    for axes in panels[::columns]:
        axes.set_ylabel(averaged(history.metric))
        style.count_in_thousands(axes.yaxis)
    entries = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    for axes in panels[1 : len(dimensions)]:
        entries |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    names = ["average", "±1 sd of it", "±2 sd", GOES_ON, "trials", "default", "best"]
    names = [name for name in names if name in entries]
    figure.legend(
        [entries[n] for n in names], names, loc="outside upper left", ncols=7 if columns > 2 else 3,
        columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip
    return figure


def averaged(metric: str) -> str:
    """The label of averages of a metric; that of `average_precision` need not say it twice."""
    return metric if metric.startswith("average") else f"average {metric}"


def draw_curve(axes: Axes, history: History, effect: Dependence) -> None:
    """The partial dependence on one dimension, with one and two posterior deviations."""
    [dimension], [grid] = effect.dimensions, effect.grids
    middle = history.to_scores(effect.middle)
    bars = isinstance(dimension, Categorical) or (
        dimension.n_values is not None and dimension.n_values <= _FEW
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
    _mark_ends(axes, history, effect)
    if bars:
        half = 0.25 * np.diff(grid.edges)
        axes.hlines(
            middle, grid.centres - half, grid.centres + half, color=style.BLUE, label="average"
        )
    else:
        axes.plot(grid.centres, middle, color=style.BLUE, label="average")


def _mark_ends(axes: Axes, history: History, effect: Dependence) -> None:
    """Triangles where a band goes on beyond what is credible, where it is not drawn."""
    [grid] = effect.grids
    low, high = effect.within(2)
    for values, end in ((low, effect.ends[0]), (high, effect.ends[1])):
        is_cut = np.isclose(values, end) if np.isfinite(end) else np.zeros(len(values), bool)
        if not is_cut.any():
            continue
        places = np.flatnonzero(is_cut)[:: max(1, int(is_cut.sum()) // 6)]
        is_up = (end == effect.ends[1]) != history.greater_is_better
        axes.plot(
            grid.centres[places], np.full(len(places), history.to_scores(np.array(end))),
            marker="^" if is_up else "v", linestyle="none", color=style.BLUE, markersize=3,
            alpha=0.6, markeredgewidth=0, label=GOES_ON, clip_on=False,
        )  # fmt: skip


def _mark_trials(axes: Axes, history: History, name: str) -> None:
    """A tick for each trial on the lower edge, and above them the default and the incumbent."""
    [dimension] = [d for d in history.space if d.name == name]
    on_edge = axes.get_xaxis_transform()
    at = scales.positions(dimension, history.finished)
    many = len(at) > 100
    axes.plot(
        at, np.full(len(at), 0.25 * _STRIP), "|", transform=on_edge, color=style.GREY, markersize=4,
        alpha=0.25 if many else 0.7, markeredgewidth=0.6, label="trials",
    )  # fmt: skip
    for trial, mark, label in (
        # The default is a frame around the best where both are the same.
        (history.best, style.INCUMBENT, "best"),
        (history.default, style.DEFAULT | {"color": "none", "zorder": 7}, "default"),
    ):
        inside = trial is not None and name in trial.params
        where = scales.position(dimension, trial.params[name]) if trial and inside else np.nan
        axes.plot(
            where, 0.7 * _STRIP, transform=on_edge, clip_on=False, label=label,
            **mark | {"markersize": 8.5 if label == "best" else 6.5},
        )  # fmt: skip
