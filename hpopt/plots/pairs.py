"""What each pair of dimensions does to the score, and where the surrogate is unsure of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.plots import scales, style
from hpopt.plots.history import History, NotYetError
from hpopt.plots.pair_grid import PairGrid
from hpopt.plots.partial_dependence import averaged, draw_curve
from hpopt.search.dependence import Dependence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_DOTS = 300
_FEWEST_STEPS, _MOST_STEPS = 6, 10


def draw_pairs(history: History) -> Figure:
    """Average scores below the diagonal, their standard deviations above, each dimension on it."""
    dimensions = history.pair_dimensions
    if len(dimensions) < 2:
        raise NotYetError("a pair needs two dimensions, and there is one")
    effects = {
        (row, column): history.dependence(dimensions[column].name, dimensions[row].name)
        for row in range(len(dimensions))
        for column in range(row)
    }
    grid = PairGrid(dimensions, square=True)
    for place, dimension in zip(grid.diagonal, dimensions, strict=True):
        draw_curve(grid.panels[place], history, history.dependence(dimension.name))
    _share_heights([grid.panels[place] for place in grid.diagonal])
    means = _steps(
        [history.to_scores(e.middle) for e in effects.values()],
        [e.deviation for e in effects.values()],
    )
    spreads = _normalised([e.deviation for e in effects.values()], from_zero=True)
    colours = style.value_colours(history.greater_is_better)
    lower = upper = None
    for (row, column), effect in effects.items():
        below, above = grid.panels[row, column], grid.panels[column, row]
        lower = _tint(below, effect, history.to_scores(effect.middle), means, colours) or lower
        upper = _tint(
            above,
            effect.transposed(),
            effect.transposed().deviation,
            spreads,
            style.spread_colours(),
        )
        _draw_dots(below, history, effect)
        grid.mark(below, history, (effect.dimensions[0], effect.dimensions[1]))
    if lower is not None:
        grid.colour_bar(lower, f"{averaged(history.metric)} (darker is better)", half="lower")
        grid.colour_bar(upper, "its standard deviation", half="upper")
    hatched = any(np.isnan(effect.middle).any() for effect in effects.values())
    notes = ["a step of colour is the usual deviation (the median of those above) or more"]
    notes += ["hatched where one of the two is inactive"] if hatched else []
    return grid.finish(history, f"Partial dependence of {history.score_label}", notes)


def _normalised(tables: list[np.ndarray], *, from_zero: bool = False) -> Any:
    """One scale of colours for all panels."""
    from matplotlib.colors import Normalize

    finite = np.concatenate([table[np.isfinite(table)] for table in tables] or [np.zeros(1)])
    if not finite.size:
        finite = np.zeros(1)
    low = 0.0 if from_zero else float(finite.min())
    high = float(finite.max())
    return Normalize(low, high if high > low else low + 1e-9)


def _steps(tables: list[np.ndarray], deviations: list[np.ndarray]) -> Any:
    """Steps of colour for all panels, none finer than the usual deviation of what they show.

    A smooth scale would paint differences that are none; and what lies within one or two steps has
    neighbouring colours, not the ends of the scale.
    """
    from matplotlib.colors import BoundaryNorm

    means, spreads = (_finite(each) for each in (tables, deviations))
    if not means.size:
        return _normalised(tables)
    low, high = float(means.min()), float(means.max())
    step = max(float(np.median(spreads)), (high - low) / _MOST_STEPS, 1e-9 * (abs(high) or 1.0))
    count = max(_FEWEST_STEPS, int(np.ceil((high - low) / step)))
    middle = (low + high) / 2
    return BoundaryNorm(middle + step * (np.arange(count + 1) - count / 2), 256)


def _finite(tables: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([table[np.isfinite(table)] for table in tables])


def _tint(axes: Axes, effect: Dependence, table: np.ndarray, norm: Any, colours: Any) -> Any:
    """Fill a panel's cells; `table` [x, y]. Cells in which a dimension is inactive stay hatched."""
    across, down = effect.grids
    axes.patch.set(hatch="//////", edgecolor="#cccccc", linewidth=0)
    if np.isnan(table).all():
        axes.text(
            0.5, 0.5, "never active\ntogether", transform=axes.transAxes, ha="center", va="center",
            color=style.GREY, fontsize=6, backgroundcolor="white",
        )  # fmt: skip
    return axes.pcolormesh(
        across.edges,
        down.edges,
        np.ma.masked_invalid(table.T),
        norm=norm,
        cmap=colours,
        linewidth=0,
        rasterized=True,
    )


def _draw_dots(axes: Axes, history: History, effect: Dependence) -> None:
    """Where the trials were, so that one sees what the colours rest upon."""
    if len(history.finished) > _MOST_DOTS:
        return
    x, y = (scales.positions(dimension, history.finished) for dimension in effect.dimensions)
    axes.plot(x, y, "o", markersize=1.6, color="white", markeredgecolor=style.DARK, mew=0.3)


def _share_heights(panels: list[Axes]) -> None:
    limits = [axes.get_ylim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
