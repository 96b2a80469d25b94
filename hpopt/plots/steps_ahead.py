"""How far forecasts are off by how far they look ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BEST, _DEFAULT = "best", "default"


def draw_steps_ahead(history: History) -> Figure:
    """The mean absolute error on the test part of the network and of plain models, by step."""
    ahead = history.scored.ahead if history.scored else None
    if ahead is None:
        raise NotYetError("no forecasts have been tested")
    figure = style.new_figure(3.2)
    axes = figure.subplots()
    axes.grid()
    steps = range(1, len(ahead.errors[_BEST]) + 1)
    colours = iter(style.CYCLE[2:])
    for name, errors in ahead.errors.items():
        if name == _DEFAULT:
            continue
        is_best = name == _BEST
        axes.plot(
            steps,
            errors,
            color=style.RED if is_best else next(colours),
            linewidth=2 if is_best else 1.2,
            marker="o" if len(steps) <= 12 else "",
            markersize=4,
            label="the network" if is_best else style.plain(name, 40),
            zorder=4 if is_best else 3,
        )
    axes.set_ylim(0)
    axes.set_xlabel(f"steps ahead ({ahead.step} each)")
    target = f" of {style.plain(history.target, 30)}" if history.target else ""
    axes.set_ylabel(f"mean absolute error{target}")
    axes.locator_params(axis="x", integer=True)
    figure.legend(loc="outside upper left", ncols=3)
    return figure
