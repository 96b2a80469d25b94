"""What the final network is most wrong about: test images with what they are and were taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.runs.mistakes import Mistakes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 6
_CELL = style.WIDTH / _COLUMNS
_MOST_LETTERS = 18


def draw_mistakes(history: History) -> Figure:
    """A grid of images, the worst mistake first; above each what was predicted and what is true."""
    mistakes = history.mistakes
    if mistakes is None:
        raise NotYetError("no images that the network is wrong about are kept")
    rows = -(-len(mistakes.pictures) // _COLUMNS)
    figure = style.new_figure(0.35 + rows * (_CELL + 0.28))
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, picture, predicted, true in zip(
        panels, mistakes.pictures, _predictions(mistakes), mistakes.true, strict=False
    ):
        if picture.shape[-1] == 1:
            axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        else:
            axes.imshow(picture, interpolation="nearest")
        axes.set_title(f"{predicted}\nis {style.plain(true, _MOST_LETTERS)}", fontsize=6.5, pad=2)
    count = len(mistakes.pictures)
    what = f"the {count} largest errors" if count > 1 else "the largest error"
    if mistakes.total is not None:
        what = f"{count} of {mistakes.total} mistakes, the surest first,"
    text = f"{what} among {mistakes.rows} rows of test: prediction, and what is true"
    figure.suptitle(text, x=0.01, ha="left")  # without a height of its own it has room
    return figure


def _predictions(mistakes: Mistakes) -> list[str]:
    """What was predicted for each image, a label with its probability."""
    texts = [style.plain(text, _MOST_LETTERS) for text in mistakes.predicted]
    if mistakes.probabilities is None:
        return texts
    both = zip(texts, mistakes.probabilities, strict=True)
    return [f"{text} {probability:.2f}" for text, probability in both]
