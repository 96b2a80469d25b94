"""What was forecast of the test part, beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hpopt.runs.forecasts import Forecasts


def draw_forecast(history: History) -> Figure:
    """The truth over time, with the forecasts of the next step, and of the last one ahead."""
    forecasts = history.forecasts
    if forecasts is None:
        raise NotYetError("no forecasts of the test part are kept")
    steps = forecasts.said.shape[1]
    shown = [0] if steps == 1 else [0, steps - 1]
    figure = style.new_figure(2.2 * len(shown) + 0.4)
    panels = figure.subplots(len(shown), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, step in zip(panels, shown, strict=True):
        _draw_step(axes, forecasts, step)
        axes.set_title(f"{step + 1} step{'s' if step else ''} ahead", loc="left")
        axes.set_ylabel(style.plain(history.target or "value", 30))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3)
    if forecasts.series > 1:
        panels[-1].set_xlabel(f"the first of {forecasts.series} series")
    return figure


def _draw_step(axes: Axes, forecasts: Forecasts, step: int) -> None:
    at = forecasts.stamps + step * forecasts.step
    said, truth = forecasts.said[:, step], forecasts.truth[:, step]
    # A line goes over no gap in time.
    jumps: np.ndarray = (
        np.flatnonzero(np.diff(at) > 1.5 * np.median(np.diff(at))) + 1
        if len(at) > 1
        else np.zeros(0, int)
    )
    times = np.insert(at, jumps, at[jumps])
    if forecasts.are_dates:
        times = times.astype(np.int64).astype("datetime64[s]")
    said, truth = np.insert(said, jumps, np.nan), np.insert(truth, jumps, np.nan)
    axes.grid()
    if len(forecasts.margins):
        margin = forecasts.margins[step]
        axes.fill_between(
            times,
            said - margin,
            said + margin,
            color=style.SKY,
            alpha=0.3,
            linewidth=0,
            label="interval of 90 %",
        )
    look: dict[str, Any] = {"linewidth": 1.1, "markersize": 2.5}
    look["marker"] = "o" if len(truth) < 40 else ""
    axes.plot(times, truth, color=style.DARK, label="what came", **look)
    axes.plot(times, said, color=style.RED, label="forecast", **look)
    if forecasts.are_dates:
        from matplotlib import dates

        locator: Any = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter: Any = dates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
