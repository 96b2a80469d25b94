"""A dimension as an axis: its scale, limits and ticks, and where a value lies on it.

A number lies at itself, on a logarithmic axis where its prior is log-uniform; a category at its
index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpopt.plots.style import plain
from hpopt.report.words import show_param
from hpopt.space.conditions import Value
from hpopt.space.dimensions import Categorical, Dimension, Integer
from hpopt.trials import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_CATEGORY = 14
_MOST_CATEGORY_TICKS = 12


def is_log(dimension: Dimension) -> bool:
    """Whether the dimension's axis is logarithmic."""
    return not isinstance(dimension, Categorical) and dimension.prior == "log-uniform"


def position(dimension: Dimension, value: Value) -> float:
    """Where a value lies on the dimension's axis."""
    if isinstance(dimension, Categorical):
        return float(dimension.index(value))
    assert isinstance(value, int | float)
    return float(value)


def positions(dimension: Dimension, trials: Sequence[Trial]) -> np.ndarray:
    """Where the trials [n] lie on the dimension's axis; NaN where it is inactive in them."""
    return np.array(
        [
            position(dimension, trial.params[dimension.name])
            if dimension.name in trial.params
            else math.nan
            for trial in trials
        ]
    )


def limits(dimension: Dimension) -> tuple[float, float]:
    """The ends of the dimension's axis; half a step beyond what goes by steps, or categories."""
    if isinstance(dimension, Categorical):
        return -0.5, len(dimension.categories) - 0.5
    if isinstance(dimension, Integer) or dimension.step is not None:
        half = (dimension.step or 1) / 2
        return dimension.low - half, dimension.high + half
    return dimension.low, dimension.high


def ticks(dimension: Dimension, most: int = 5) -> tuple[list[float], list[str]]:
    """Positions and labels of at most about `most` ticks."""
    if isinstance(dimension, Categorical):
        step = math.ceil(len(dimension.categories) / _MOST_CATEGORY_TICKS)
        shown = range(0, len(dimension.categories), step)
        names = [show_param(dimension.categories[index]) for index in shown]
        return [float(i) for i in shown], [plain(name, _LONGEST_CATEGORY) for name in names]
    low, high = dimension.low, dimension.high
    if dimension.step is not None and (dimension.n_values or 0) <= most:
        values = [float(value) for value in dimension.values()]
    elif is_log(dimension):
        values = _log_ticks(low, high, most, whole=isinstance(dimension, Integer))
    else:
        values = _linear_ticks(low, high, most, whole=isinstance(dimension, Integer))
    return values, _labels(values)


def lay_out(axes: Axes, which: Literal["x", "y"], dimension: Dimension, most: int = 5) -> None:
    """Make the x or y axis of a panel the dimension's: scale, limits and ticks, but no label."""
    from matplotlib.ticker import NullFormatter, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    set_scale = axes.set_xscale if which == "x" else axes.set_yscale
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    set_scale("log" if is_log(dimension) else "linear")
    values, labels = ticks(dimension, most)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticks(values, labels)
    if isinstance(dimension, Categorical):
        axis.set_tick_params(length=0)
        if which == "x" and sum(map(len, labels)) > 4 * most:
            axis.set_tick_params(rotation=45)
            for label in axis.get_ticklabels():
                label.set_horizontalalignment("right")
                label.set_rotation_mode("anchor")
    set_limits(*limits(dimension))


def add_margins(axes: Axes, dimension: Dimension, share: float = 0.04) -> None:
    """Widen a panel's x axis a little, so that marks at its ends are inside."""
    if dimension.n_values is not None and not is_log(dimension):
        return  # which has half a step to spare
    low, high = limits(dimension)
    if is_log(dimension):
        factor = (high / low) ** share
        axes.set_xlim(low / factor, high * factor)
    else:
        axes.set_xlim(low - share * (high - low), high + share * (high - low))


def _linear_ticks(low: float, high: float, most: int, *, whole: bool) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    locator = MaxNLocator(nbins=max(most - 1, 1), steps=steps, integer=whole, min_n_ticks=2)
    slack = (high - low) * 1e-9
    values = [float(v) for v in locator.tick_values(low, high)]
    return [v for v in values if low - slack <= v <= high + slack]


def _log_ticks(low: float, high: float, most: int, *, whole: bool) -> list[float]:
    """Powers of ten; with 2 and 5 between them, or both ends, where there are too few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    slack = 1 + 1e-9
    for factors in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        values = [float(f"{factor}e{exponent}") for exponent in exponents for factor in factors]
        values = [v for v in values if low / slack <= v <= high * slack]
        if whole:
            values = [v for v in values if v.is_integer()]
        if len(values) >= min(3, most):
            return values[:: math.ceil(len(values) / most)]
    return [float(low), float(high)]


def _labels(values: Sequence[float]) -> list[str]:
    """Numbers as they stand, or all as powers of ten where some would be long."""
    if any(v != 0 and not 1e-3 <= abs(v) < 1e5 for v in values):
        if all(v > 0 and math.isclose(math.log10(v), round(math.log10(v))) for v in values):
            return [f"$10^{{{round(math.log10(v))}}}$" for v in values]
        return [f"{v:.3g}" for v in values]
    return [f"{v:,.6g}" for v in values]
