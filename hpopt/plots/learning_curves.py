"""How the best trials learnt: loss, validation loss and whatever else a fit recorded by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.report.words import show_score
from hpopt.trials import Trial, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN, _A_ROW = 5, 3
_LABELS = {"loss": "loss on training", "val_loss": "loss on validation"}
# A quantity that changes by more than this factor is easier to read on a logarithmic axis.
_WIDE = 30


def draw_learning_curves(history: History) -> Figure:
    """A panel for each recorded curve, with the best few trials and the default in it."""
    from matplotlib.ticker import MaxNLocator

    history.need_finished(1)
    best = [trial for trial in ranked(history.trials) if _curves(trial)][:_SHOWN]
    if not best:
        raise NotYetError("no finished trial has learning curves")
    default = history.default
    shown = [*best]
    if history.best is not None and history.best not in best and _curves(history.best):
        shown[-1] = history.best
    if default is not None and default not in shown and _curves(default):
        shown.append(default)
    names = _worth_a_panel(shown)
    figure, panels = _panels(len(names))
    for axes, name in zip(panels, names, strict=True):
        axes.grid(axis="y")
        for rank, trial in reversed(list(enumerate(shown))):
            _draw(axes, history, trial, rank, name)
        if _is_wide([_curves(trial).get(name, np.empty(0)) for trial in shown]):
            axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel(_LABELS.get(name, name.replace("_", " ")))
    _share_losses(dict(zip(names, panels, strict=False)))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside upper left", ncols=3)
    return figure


def _worth_a_panel(shown: Sequence[Trial]) -> list[str]:
    """The curves that say something: not those that are flat, each, as a constant rate is."""
    names = dict.fromkeys(name for trial in shown for name in _curves(trial))
    curves = {name: [_curves(trial).get(name, np.empty(0)) for trial in shown] for name in names}
    varied = [name for name in names if not all(_is_flat(curve) for curve in curves[name])]
    return varied or list(names)


def _is_flat(curve: np.ndarray) -> bool:
    finite = curve[np.isfinite(curve)]
    return bool(finite.size > 1 and np.ptp(finite) <= 1e-9 * abs(finite[0]))


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, up to three a row; those of a shorter row are wider."""
    rows = -(-count // _A_ROW)
    figure = style.new_figure(0.6 + 2.4 * rows)
    grid = figure.add_gridspec(rows, 6)  # which two and three divide
    sizes = [count // rows + (row < count % rows) for row in range(rows)]
    panels = []
    for row, size in enumerate(sizes):
        wide = 6 // size
        panels += [figure.add_subplot(grid[row, wide * i : wide * (i + 1)]) for i in range(size)]
    return figure, panels


def _curves(trial: Trial) -> dict[str, np.ndarray]:
    """The trial's curves [epochs], with NaN where the journal has null."""
    curves = {} if trial.result is None else trial.result.curves
    return {name: np.array(curve, dtype=float) for name, curve in curves.items() if len(curve)}


def _draw(axes: Axes, history: History, trial: Trial, rank: int, name: str) -> None:
    curve = _curves(trial).get(name, np.empty(0))
    who = f"trial {trial.number}"
    looks: dict[str, Any] = {"color": style.CYCLE[rank], "linewidth": 1.0}
    if history.best is not None and trial.number == history.best.number:
        who, looks = f"{who}, the best", {"color": style.RED, "linewidth": 1.8, "zorder": 4}
    elif rank == 1:
        looks["color"] = style.BLUE
    if trial.number == 1:
        who = "default" if rank else "default, the best"
        looks |= {"linestyle": (0, (4, 2))}
        looks |= {"color": style.DARK} if rank else {}
    axes.plot(
        np.arange(1, len(curve) + 1),
        curve,
        marker="o" if len(curve) == 1 else None,
        label=f"{who}: {show_score(history.score(trial))}",
        **looks,
    )


def _is_wide(curves: list[np.ndarray]) -> bool:
    finite = np.concatenate(curves)
    finite = finite[np.isfinite(finite)]
    return bool(finite.size and finite.min() > 0 and finite.max() > _WIDE * finite.min())


def _share_losses(panels: dict[str, Axes]) -> None:
    """Give each curve and that of its validation one y axis, so that they can be compared."""
    for name, axes in panels.items():
        other = panels.get(f"val_{name}")
        if other is None:
            continue
        both = [*axes.get_ylim(), *other.get_ylim()]
        wide = "log" in (axes.get_yscale(), other.get_yscale())
        scale = "log" if wide and min(both) > 0 else "linear"
        for panel in (axes, other):
            panel.set_yscale(scale)
            panel.set_ylim(min(both), max(both))
