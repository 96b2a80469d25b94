"""All trials at once: a line for each, from dimension to dimension to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import scales, style
from hpopt.plots.history import History
from hpopt.report.words import counted, show_score
from hpopt.space.dimensions import Categorical, Dimension, Integer
from hpopt.trials import Trial, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INACTIVE = -0.14  # below the axis
_JITTER = 0.018


def draw_parallel_coordinates(history: History) -> Figure:
    """The dimensions side by side, the most important first, and the score on the right.

    A trial in which a dimension is inactive passes below that axis.
    """
    from matplotlib.collections import LineCollection

    history.need_finished(1)
    dimensions = history.by_importance
    count = len(dimensions)
    figure = style.new_figure(4.0, max(style.WIDTH, 0.75 * (count + 1)))
    axes = figure.subplots()
    heights = _heights(history, dimensions)
    rows = {trial.number: row for row, trial in enumerate(history.finished)}
    order = [rows[trial.number] for trial in reversed(ranked(history.finished))]  # the best last
    lines = np.stack([np.broadcast_to(np.arange(count + 1.0), heights.shape), heights], axis=2)
    # By rank: most trials of a good search have nearly the same score, and would have one colour.
    colours = style.ordered_colours()(np.linspace(0, 1, len(order)))
    axes.add_collection(
        LineCollection(
            list(lines[order]),
            colors=colours,
            linewidths=0.9 if len(order) <= 200 else 0.5,
            alpha=0.75 if len(order) <= 200 else 0.45,
            rasterized=len(order) > 500,
        )
    )
    _draw_marked(axes, history, lines)
    _draw_axes(axes, history, dimensions)
    style.title(figure, f"{counted(len(order), 'trial')}, the better the darker")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _heights(history: History, dimensions: list[Dimension]) -> np.ndarray:
    """Where each trial crosses each axis, and the score's [n, d + 1]; the axes go from 0 to 1."""
    rng = np.random.default_rng(0)
    bottom, top = history.score_limits
    heights = [
        [
            dimension.to_unit(trial.params[dimension.name])
            if dimension.name in trial.params
            else _INACTIVE
            for dimension in dimensions
        ]
        for trial in history.finished
    ]
    crossed = np.array(heights)
    for column, dimension in enumerate(dimensions):
        if dimension.n_values is not None:
            crossed[:, column] += rng.uniform(-_JITTER, _JITTER, len(crossed))
    score = np.clip((history.scores - bottom) / (top - bottom), 0, 1)
    return np.column_stack([crossed, score])


def _draw_marked(axes: Axes, history: History, lines: np.ndarray) -> None:
    by_number = {trial.number: line for trial, line in zip(history.finished, lines, strict=True)}

    def draw(trial: Trial, name: str, **looks: object) -> None:
        path = by_number[trial.number]
        label = f"{name}: {show_score(history.score(trial))}"
        axes.plot(path[:, 0], path[:, 1], label=label, **looks)  # type: ignore[arg-type]

    default = history.default
    if default is not None and default.result is not None:
        draw(default, "default", color=style.DARK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=4)
    assert history.best is not None
    draw(history.best, f"best, trial {history.best.number}", color=style.RED, linewidth=2, zorder=5)


def _draw_axes(axes: Axes, history: History, dimensions: list[Dimension]) -> None:
    """A vertical line for each dimension, with its ticks and its name."""
    from matplotlib.ticker import MaxNLocator

    conditional = any(dimension.when for dimension in dimensions)
    bottom, top = history.score_limits
    ticks = [v for v in MaxNLocator(5).tick_values(bottom, top) if bottom <= v <= top]
    scales_of = [_unit_ticks(dimension) for dimension in dimensions]
    scales_of.append(([(v - bottom) / (top - bottom) for v in ticks], [f"{v:,.6g}" for v in ticks]))
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "alpha": 0.75, "linewidth": 0}
    for column, (heights, labels) in enumerate(scales_of):
        axes.plot([column, column], [0, 1], color=style.DARK, linewidth=0.8, zorder=3)
        for height, label in zip(heights, labels, strict=True):
            axes.plot(column, height, "_", color=style.DARK, markersize=5, zorder=3)
            axes.text(
                column - 0.06,
                height,
                label,
                ha="right",
                va="center",
                fontsize=6,
                bbox=box,
                zorder=7,
            )
        if column < len(dimensions) and dimensions[column].when:
            axes.text(column, _INACTIVE - 0.03, "inactive", ha="center", va="top", fontsize=6)
    beyond = int(((history.scores < bottom) | (history.scores > top)).sum())
    cut = f"\n({beyond} worse: off the axis)" if beyond else ""
    names = [style.label(d.name, 22) for d in dimensions] + [f"{history.metric}{cut}"]
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.5, len(dimensions) + 0.15)
    axes.set_ylim(_INACTIVE - 0.1 if conditional else -0.05, 1.05)


def _unit_ticks(dimension: Dimension) -> tuple[list[float], list[str]]:
    """Ticks as heights on an axis from 0 to 1."""
    values, labels = scales.ticks(dimension, 5)
    if isinstance(dimension, Categorical):
        return [(value + 0.5) / len(dimension.categories) for value in values], labels
    if isinstance(dimension, Integer):
        return [dimension.to_unit(round(value)) for value in values], labels
    return [dimension.to_unit(value) for value in values], labels
