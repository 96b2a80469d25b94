"""The square of panels that pair pictures share: a dimension a column, and the same a row."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpopt.plots import scales, style
from hpopt.plots.history import History
from hpopt.space.dimensions import Categorical, Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

# In inches; laid out by hand, for matplotlib's own layout takes seconds with so many panels.
_PANEL, _GAP, _TOP, _RIGHT = 0.95, 0.1, 0.62, 0.85
_FEW_PANELS = 3.4  # that few panels share, so that titles and bars have room
_LETTER = 0.062
_LONGEST_NAME = 18


class PairGrid:
    """Panels [d, d]; those on the diagonal are of one dimension, the others of two."""

    def __init__(self, dimensions: Sequence[Dimension], *, square: bool = False) -> None:
        """Lay out the panels; above the diagonal there are none, unless `square`."""
        self.dimensions = dimensions
        self._square = square
        count = len(dimensions)
        letters = [
            max(map(len, scales.ticks(d, 4)[1])) if isinstance(d, Categorical) else 5
            for d in dimensions
        ]
        left = 0.32 + _LETTER * max(letters)
        bottom = 0.12 + _LETTER * max(*letters, 5) * 0.75
        panel = self._panel = max(_PANEL, _FEW_PANELS / count)
        inside = count * panel + (count - 1) * _GAP
        width = max(left + inside + _RIGHT, 4.6)
        height = bottom + inside + _TOP
        self.figure = style.new_figure(height, width, constrained=False)
        self._bars = (left + inside + 0.12) / width
        self._spans = (bottom / height, (bottom + inside) / height)
        spec = self.figure.add_gridspec(
            count,
            count,
            left=left / width,
            right=(left + inside) / width,
            bottom=bottom / height,
            top=(bottom + inside) / height,
            wspace=_GAP / panel,
            hspace=_GAP / panel,
        )
        self.lower = [(row, column) for row in range(count) for column in range(row)]
        self.diagonal = [(index, index) for index in range(count)]
        self.upper = [(row, column) for column in range(count) for row in range(column)]
        self.panels = {
            place: self.figure.add_subplot(spec[place])
            for place in self.lower + self.diagonal + (self.upper if square else [])
        }
        for row, column in self.panels:
            self._lay_out(row, column)
        self.figure.align_ylabels([self.panels[row, 0] for row in range(count)])

    def _lay_out(self, row: int, column: int) -> None:
        axes, across, down = self.panels[row, column], self.dimensions[column], self.dimensions[row]
        axes.spines[:].set_visible(True)
        axes.tick_params(length=2, labelsize=6.5)
        scales.lay_out(axes, "x", across, 3)
        axes.tick_params(axis="x", labelbottom=row == len(self.dimensions) - 1, rotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")
        if row == column:
            axes.set_yticks([])
        else:
            scales.lay_out(axes, "y", down, 4)
            axes.tick_params(axis="y", labelleft=column == 0)
        if row == (0 if self._square else column):
            axes.set_title(style.label(across.name, _LONGEST_NAME), fontsize=7, pad=3)
        if column == 0 and (row > 0 or self._square):
            axes.set_ylabel(style.label(down.name, _LONGEST_NAME), fontsize=7)

    def mark(self, axes: Axes, history: History, pair: tuple[Dimension, Dimension]) -> None:
        """Mark the default and the incumbent, where both dimensions are active in them."""
        for trial, mark in ((history.default, style.DEFAULT), (history.best, style.INCUMBENT)):
            if trial is not None and all(d.name in trial.params for d in pair):
                x, y = (scales.position(d, trial.params[d.name]) for d in pair)
                axes.plot(x, y, clip_on=False, **mark | {"markersize": mark["markersize"] * 0.75})

    def colour_bar(
        self, mappable: Any, label: str, *, half: str = "", ticks: Locator | None = None
    ) -> None:
        """The legend of a colour, right of the panels or of the `lower` or `upper` half of them."""
        bottom, top = self._spans
        middle, spare = (bottom + top) / 2, (top - bottom) * 0.04
        top = (
            min(top, bottom + 4 * (self._panel + _GAP) / self.figure.get_figheight())
            if not half
            else top
        )
        spans = {"lower": (bottom, middle - spare), "upper": (middle + spare, top)}
        low, high = spans.get(half, (bottom, top))
        inch = 1 / self.figure.get_figwidth()
        axes = self.figure.add_axes((self._bars, low, 0.1 * inch, high - low))
        bar = self.figure.colorbar(mappable, cax=axes, ticks=ticks)
        bar.outline.set_visible(False)
        style.count_in_thousands(bar.ax.yaxis)
        bar.set_label(label)

    def finish(self, history: History, text: str, notes: Sequence[str] = ()) -> Figure:
        """The figure, with its title, notes on a line below it, and the legend of its marks."""
        from matplotlib.lines import Line2D

        shown, of = len(self.dimensions), len(history.space)
        if shown < of:
            chosen = "" if history.wanted else "most important "
            notes = [f"{shown} {chosen}of {of} dimensions", *notes]
        below = textwrap.fill("; ".join(notes), int(self.figure.get_figwidth() / (1.1 * _LETTER)))
        text = f"{text}\n{below}".rstrip()
        inch = 1 / self.figure.get_figheight()
        style.title(self.figure, text, y=1 - 0.06 * inch)
        handles = [Line2D([], [], label="default", **style.DEFAULT)]
        if history.best is not None:
            handles.append(Line2D([], [], label="best", **style.INCUMBENT))
        self.figure.legend(handles=handles, loc="upper right", ncols=2, borderaxespad=0.2)
        return self.figure
