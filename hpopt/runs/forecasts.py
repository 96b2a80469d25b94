"""What a run's model forecast of the test part, beside what came, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np

# The file in a run folder.
FORECASTS = "forecasts.npz"


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of one of `series` series, of the last windows of the test part.

    `said` and `truth` [n, steps] are what was forecast of each step and what came. `stamps` [n] are
    those of the first step ahead: seconds since 1970 if they `are_dates`, else numbers; a step is
    `step` of these. `margins` [steps] are those of the intervals, empty where there are none.
    """

    stamps: np.ndarray
    said: np.ndarray
    truth: np.ndarray
    margins: np.ndarray
    step: float
    are_dates: bool
    series: int

    def write(self, file: BinaryIO) -> None:
        """Fill a file that `read` reads."""
        about = np.array([self.step, float(self.are_dates), self.series])
        np.savez_compressed(
            file,
            stamps=self.stamps,
            said=self.said,
            truth=self.truth,
            margins=self.margins,
            about=about,
        )

    @classmethod
    def read(cls, path: Path) -> Forecasts | None:
        """What stands in a file; None where there is none, or it can't be read."""
        names: Sequence[str] = ("stamps", "said", "truth", "margins", "about")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                stamps, said, truth, margins, about = (arrays[name] for name in names)
                step, are_dates, series = about.tolist()
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return cls(stamps, said, truth, margins, step, bool(are_dates), int(series))
