"""How many of the positive rows the final network finds, and how many of its finds are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.report.words import show_interval, show_with
from hpopt.runs.steps import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_METRIC = "average_precision"
_MOST_LETTERS = 30


def draw_precision_recall(history: History) -> Figure:
    """The precision at each recall, on the test part, with what guessing would reach."""
    scored = history.scored
    retrieval = scored.retrieval if scored else None
    if scored is None or retrieval is None:
        raise NotYetError("no network has been tested that tells two labels apart")
    positive = style.plain(retrieval.positive, _MOST_LETTERS)
    figure = style.new_figure(4.4, width=4.6)
    axes = figure.subplots()
    axes.grid()
    if "default" in retrieval.models:
        _draw(axes, scored, "default", style.DEFAULT, color=style.GREY)
    _draw(axes, scored, "best", style.INCUMBENT, color=style.BLUE)
    axes.axhline(
        retrieval.share,
        color=style.GREY,
        linestyle="--",
        linewidth=1,
        label=f"by chance: {100 * retrieval.share:.3g} % of {scored.rows:,} rows of test",
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xlabel(f'recall: of the rows that are "{positive}", the share that is found')
    axes.set_ylabel(f'precision: of the rows said to be "{positive}", the share that is')
    figure.legend(loc="outside upper left", ncols=1)
    return figure


def _draw(axes: Axes, scored: Scored, name: str, mark: Mapping[str, Any], *, color: str) -> None:
    """A model's curve, as the steps whose area is the average precision, and its threshold."""
    assert scored.retrieval is not None
    model = scored.retrieval.models[name]
    score = (scored.best if name == "best" else scored.default or {}).get(_METRIC)
    interval = scored.interval(name, _METRIC)
    recall, precision = zip(*model.curve, strict=True)
    axes.plot(
        [0.0, *recall],
        [precision[0], *precision],  # that of a point holds from the point before it on
        drawstyle="steps-pre",
        color=color,
        clip_on=False,
        label=f"{name}: average precision {show_with(interval, score)} {show_interval(interval)}",
    )
    where = f"{name} at its threshold {model.threshold:.3g}"
    if model.in_force is None:
        positive = style.plain(scored.retrieval.positive, _MOST_LETTERS)
        axes.plot([], [], label=f'{where}: no row is said to be "{positive}"', **mark)
    else:
        at = f"recall {model.in_force.recall:.3g}, precision {model.in_force.precision:.3g}"
        axes.plot(*zip(model.in_force, strict=True), label=f"{where}: {at}", clip_on=False, **mark)
