"""What the final network took for what, on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LETTERS = 20
_MOST_WITH_NUMBERS = 25  # labels; of more the cells are too small for them


def draw_confusion(history: History) -> Figure:
    """A matrix: a row for each label, a column for what was predicted, by shares of the row."""
    confusion = history.scored.confusion if history.scored else None
    if confusion is None:
        raise NotYetError("no labels have been tested, or too many for a picture")
    counts = np.array(confusion.counts)
    labels = [style.plain(label, _MOST_LETTERS) for label in confusion.labels]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(1.6 + 0.42 * len(labels), 3.0, style.WIDTH))
    figure = style.new_figure(side, width=side + 0.5)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap=style.spread_colours(), vmin=0, vmax=1)
    at = np.arange(len(labels))
    axes.set_xticks(at, labels, rotation=0 if len("".join(labels)) < 25 else 90)
    axes.set_yticks(at, labels)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if len(labels) <= _MOST_WITH_NUMBERS:
        size = 8 if len(labels) <= 12 else 5.5
        for row, column in np.argwhere(counts):
            axes.text(
                column,
                row,
                f"{counts[row, column]}",
                ha="center",
                va="center",
                fontsize=size,
                color="white" if shares[row, column] > 0.5 else style.DARK,
            )
    bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the rows of the true label")
    bar.outline.set_visible(False)
    right = int(np.trace(counts))
    figure.suptitle(f"{right} of {counts.sum()} rows of test are right", x=0.01, ha="left")
    return figure
