"""Where the search looked: how often along each dimension, and in which order in each pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import scales, style
from hpopt.plots.history import History, NotYetError
from hpopt.plots.pair_grid import PairGrid
from hpopt.report.words import counted
from hpopt.search.grids import grid_of
from hpopt.space.dimensions import Categorical, Dimension
from hpopt.trials import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 20


def draw_evaluations(history: History) -> Figure:
    """Histograms on the diagonal, scatters coloured by the trials' order below it."""
    from matplotlib.ticker import MaxNLocator

    trials = [trial for trial in history.trials if trial.state in ("finished", "failed")]
    if not trials:
        raise NotYetError("a trial must be over, and none is")
    dimensions = history.pair_dimensions
    grid = PairGrid(dimensions)
    rng = np.random.default_rng(0)
    shifts = {d.name: _jitter(d, len(trials), rng) for d in dimensions}
    colours = style.ordered_colours()
    numbers = np.array([trial.number for trial in trials])
    norm = (1, max(numbers.max(), 2))
    dots = None
    for (row, _), axes in ((place, grid.panels[place]) for place in grid.diagonal):
        _draw_histogram(axes, dimensions[row], trials)
    for row, column in grid.lower:
        axes, across, down = grid.panels[row, column], dimensions[column], dimensions[row]
        x = scales.positions(across, trials) + shifts[across.name]
        y = scales.positions(down, trials) + shifts[down.name]
        failed = np.array([trial.state == "failed" for trial in trials])
        dots = axes.scatter(
            x[~failed],
            y[~failed],
            c=numbers[~failed],
            cmap=colours,
            vmin=norm[0],
            vmax=norm[1],
            s=9 if len(trials) <= 200 else 4,
            linewidths=0,
            zorder=3,
            clip_on=False,
        )
        axes.plot(x[failed], y[failed], **style.FAILED | {"markersize": 3})
        grid.mark(axes, history, (across, down))
    if dots is not None:  # a single dimension has no pair
        grid.colour_bar(dots, "trial", ticks=MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    return grid.finish(history, f"Where the search looked in {counted(len(trials), 'trial')}")


def _draw_histogram(axes: Axes, dimension: Dimension, trials: Sequence[Trial]) -> None:
    x = scales.positions(dimension, trials)
    inactive = int(np.isnan(x).sum())
    edges = grid_of(dimension, _BINS).edges
    counts, _ = np.histogram(x[~np.isnan(x)], edges)
    axes.stairs(counts, edges, fill=True, color=style.SKY)
    axes.set_ylim(0, max(counts.max(), 1) * 1.25)
    if inactive:
        axes.text(
            0.97,
            0.95,
            f"inactive: {inactive}",
            transform=axes.transAxes,
            ha="right",
            va="top",
            fontsize=6,
            color=style.GREY,
        )


def _jitter(dimension: Dimension, count: int, rng: np.random.Generator) -> np.ndarray:
    """What keeps trials of one category, whole number or step from hiding each other."""
    is_coarse = isinstance(dimension, Categorical) or (
        dimension.n_values is not None and dimension.n_values <= _BINS
    )
    if not is_coarse or scales.is_log(dimension):
        return np.zeros(count)
    step = 1 if isinstance(dimension, Categorical) else dimension.step or 1
    return rng.uniform(-0.28, 0.28, count) * step
