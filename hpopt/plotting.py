"""`hpopt.plot`: a picture of a run, for people who write Python."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpopt.plots.drawing import draw_one
from hpopt.runs.finding import find_run
from hpopt.runs.folder import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(
    run: str | os.PathLike[str] | Run,
    name: str = "convergence",
    dimensions: Sequence[str] = (),
) -> Figure:
    """A picture of a run so far as a matplotlib Figure, which a notebook shows.

    `run` is one, or what `find_run` takes; `name` is one of the pictures that `hpopt plot` draws.
    Pair pictures show `dimensions`, or the most important ones. Raises ConfigError where a name is
    unknown, and RunError where the run does not give that picture yet.
    """
    return draw_one(run if isinstance(run, Run) else find_run(os.fspath(run)), name, dimensions)
