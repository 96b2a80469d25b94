"""How all pictures look: sizes, colours, marks. Nothing of pyplot, whose state is the user's own.

Colours are Okabe and Ito's (2008), which people with any colour vision tell apart; scales of colour
are parts of viridis, along which lightness changes evenly.
"""

from __future__ import annotations

import io
import itertools
import logging
import math
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    *("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442"),
)
GREY, DARK, FAINT = "#8c8c8c", "#333333", "#e6e6e6"
CYCLE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, DARK)

# The width in inches of a page's text; a picture with many panels may be wider.
WIDTH = 6.5

INCUMBENT: dict[str, Any] = {
    "marker": "*",
    "markersize": 11,
    "color": RED,
    "markeredgecolor": "white",
    "markeredgewidth": 0.8,
    "linestyle": "none",
    "zorder": 6,
}
DEFAULT: dict[str, Any] = {
    "marker": "D",
    "markersize": 5,
    "color": "white",
    "markeredgecolor": DARK,
    "markeredgewidth": 1.0,
    "linestyle": "none",
    "zorder": 5,
}
FAILED: dict[str, Any] = {
    "marker": "x",
    "markersize": 4.5,
    "color": DARK,
    "markeredgewidth": 1.0,
    "linestyle": "none",
    "zorder": 4,
}

_RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": DARK,
    "axes.labelcolor": DARK,
    "axes.titlecolor": DARK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "figure.titlesize": 9,
    "figure.facecolor": "white",
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.4,
    "pdf.fonttype": 42,  # letters that can be searched and copied
    "savefig.dpi": 200,
    "svg.hashsalt": "hpopt",  # else ids in the file differ each time
    "text.color": DARK,
    "text.parse_math": True,
    "text.usetex": False,
    "xtick.color": DARK,
    "xtick.labelsize": 7,
    "xtick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.color": DARK,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
}


def styled() -> AbstractContextManager[None]:
    """Within it matplotlib draws as hpopt does, whatever the user's matplotlibrc says."""
    # Where nobody listens, its remarks on fonts and folders would land on stderr.
    logger = logging.getLogger("matplotlib")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    import matplotlib

    own: dict[Any, Any] = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")
    }
    return matplotlib.rc_context(own | _RC)


def new_figure(height: float, width: float = WIDTH, *, constrained: bool = True) -> Figure:
    """An empty figure, in inches, that belongs to nobody's pyplot; a notebook shows it by itself.

    `constrained` lets matplotlib find the margins, which takes seconds with a hundred panels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            return to_bytes(self, "png")

    figure = Picture(figsize=(width, height), layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def to_bytes(figure: Figure, format: str) -> bytes:
    """The figure as the content of a png, svg or pdf file; the same each time it is drawn."""
    file = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with styled(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # on letters that the font does not have
        figure.savefig(file, format=format, metadata=undated.get(format))
    return file.getvalue()


def ordered_colours() -> Colormap:
    """From early (light) to late (dark)."""
    return _viridis(0.93, 0.0)


def value_colours(greater_is_better: bool) -> Colormap:
    """For scores: the better, the darker."""
    return _viridis(0.96, 0.0) if greater_is_better else _viridis(0.0, 0.96)


def spread_colours() -> Colormap:
    """For standard deviations: from none (white) to large (dark)."""
    import matplotlib

    return matplotlib.colormaps["Greys"]


def count_in_thousands(axis: Axis) -> None:
    """Number a linear axis as people write: 19,210, and no power of ten of what they can read."""
    axis.set_major_formatter(
        lambda value, place: tick_label(value, axis.get_majorticklocs().tolist())
    )


def tick_label(value: float, ticks: Sequence[float]) -> str:
    """A number on an axis, with the decimals that its `ticks` need to differ as they do."""
    size = max((abs(float(tick)) for tick in ticks), default=abs(value)) or 1.0
    if not 1e-4 <= size < 1e9:
        return f"{value:.3g}"
    step = min((b - a for a, b in itertools.pairwise(sorted(ticks)) if b > a), default=size)
    most = max(0, 1 - math.floor(math.log10(step)))
    exact = (n for n in range(most) if all(abs(t - round(t, n)) < step / 1000 for t in ticks))
    decimals = next(exact, most)
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def title(figure: Figure, text: str, y: float = 0.99) -> None:
    """What the picture shows, on its upper left."""
    figure.suptitle(text, x=0.01, y=y, ha="left", va="top")


def switch_off(axes: Axes, reason: str = "") -> None:
    """An empty panel, with the reason in its middle."""
    axes.set_axis_off()
    if reason:
        axes.text(0.5, 0.5, reason, transform=axes.transAxes, ha="center", va="center", color=GREY)


def plain(text: str, most: int = 40) -> str:
    """A name as it stands: no formula where it holds dollars, and cut where it is very long."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return cut.replace("$", r"\$")


def label(name: str, most: int) -> str:
    """A dimension's name; where it is cut, the last step of a joined one stays: `early….patience`.

    It is what tells the parts of one setting apart.
    """
    outer, _, last = name.rpartition(".")
    room = most - len(last) - len("….")
    if len(name) <= most or not outer or room < 1:
        return plain(name, most)
    return plain(f"{outer[:room]}….{last}", most)


def _viridis(start: float, end: float) -> Colormap:
    import matplotlib
    import numpy as np
    from matplotlib.colors import ListedColormap

    return ListedColormap(matplotlib.colormaps["viridis"](np.linspace(start, end, 256)))
