"""How the best trials learnt: loss, validation loss and whatever else a fit recorded by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.report.words import show_param, show_score
from hpopt.trials import Trial, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN, _A_ROW = 5, 3
_LABELS = {"loss": "loss on training", "val_loss": "loss on validation"}
_OTHERS = (style.BLUE, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)  # red is the best's
# A quantity that changes by more than this factor is easier to read on a logarithmic axis.
_WIDE = 30
_FEW_DECADES = 1e3


def draw_learning_curves(history: History) -> Figure:
    """A panel for each recorded curve, with the best few trials and the default in it.

    Behind them are those that are paused, up to the epochs at which they were.
    """
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
            axes.set_yscale("log")  # first: limits of a linear axis reach below 0
        _draw_paused(axes, history, name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel(_LABELS.get(name, name.replace("_", " ")))
    _share_losses(dict(zip(names, panels, strict=False)))
    for axes in panels:
        _number(axes)
    handles, labels = panels[0].get_legend_handles_labels()
    order = [*reversed(range(len(shown))), *range(len(shown), len(handles))]  # paused ones last
    entries = [handles[i] for i in order], [labels[i] for i in order]
    figure.legend(*entries, loc="outside upper left", ncols=3)
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
    curves = {} if trial.latest is None else trial.latest.curves
    return {name: np.array(curve, dtype=float) for name, curve in curves.items() if len(curve)}


def _draw(axes: Axes, history: History, trial: Trial, rank: int, name: str) -> None:
    curve = _curves(trial).get(name, np.empty(0))
    who = f"trial {trial.number}"
    looks: dict[str, Any] = {"color": _OTHERS[rank % len(_OTHERS)], "linewidth": 1.0}
    is_best = history.best is not None and trial.number == history.best.number
    if is_best:
        who, looks = f"{who}, the best", {"color": style.RED, "linewidth": 1.8, "zorder": 4}
    if trial.number == 1:
        who = "default, the best" if is_best else "default"
        looks |= {"linestyle": (0, (4, 2))} | ({} if is_best else {"color": style.DARK})
    axes.plot(
        np.arange(1, len(curve) + 1),
        curve,
        marker="o" if len(curve) == 1 else None,
        label=f"{who}: {show_score(history.score(trial))}",
        **looks,
    )


def _draw_paused(axes: Axes, history: History, name: str) -> None:
    """The curves of paused trials, thin and all alike; each ends at a dot.

    The axes stay those of the other curves: hopeless fits are not worth their ink.
    """
    looks: dict[str, Any] = {"color": style.GREY, "zorder": 1}
    limits = axes.get_ylim()
    label = f"paused ({len(history.paused)})"
    for trial in history.paused:
        curve = _curves(trial).get(name, np.empty(0))
        epochs = np.arange(1, len(curve) + 1)
        axes.plot(epochs, curve, linewidth=0.6, alpha=0.5, **looks)
        ends = epochs[-1:], curve[-1:]
        axes.plot(*ends, "o", markersize=2, alpha=0.6, label=label, **looks)
        label = ""
    axes.set_ylim(limits)


def _is_wide(curves: list[np.ndarray]) -> bool:
    finite = np.concatenate(curves)
    finite = finite[np.isfinite(finite)]
    return bool(finite.size and finite.min() > 0 and finite.max() > _WIDE * finite.min())


def _number(axes: Axes) -> None:
    """Number a panel's y axis, on a logarithmic one of few decades between the powers of ten too.

    Powers of ten alone would leave one or two numbers there.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    if axes.get_yscale() == "linear":
        style.count_in_thousands(axes.yaxis)
        return
    low, high = axes.get_ylim()
    if high / low < _FEW_DECADES:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, place: show_param(float(f"{value:.3g}")))
        axes.yaxis.set_minor_formatter(NullFormatter())


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
