"""A fit that is paused, as a file: all that it takes to go on bit for bit, in any process.

An npz without pickles: the variables of the network and of its optimiser, under early stopping the
best epoch's weights, the curves, and what early stopping remembers. Where the shuffling, the
augmentation and the schedule stand is a function of the seed and the epoch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.errors import in_words
from hpopt.files import write_whole, writing

log = logging.getLogger(__name__)

# How a file is laid out; one of another layout counts as none.
_LAYOUT = 1


@dataclass(frozen=True)
class PausedFit:
    """What a fit was when it was paused.

    `of` tells whose it is: the same fit alone may go on from it. `variables` are in the order in
    which the driver has them.
    """

    of: str
    seconds: float
    curves: Mapping[str, list[float]]
    best: float
    best_epoch: int
    stopped: bool
    variables: list[np.ndarray]

    def write(self, path: Path) -> None:
        """Write it into a file, which appears only when it is whole."""
        arrays: dict[str, Any] = {
            "layout": np.array(_LAYOUT),
            "of": np.array(self.of),
            "seconds": np.array(self.seconds),
            "best": np.array(self.best),
            "best_epoch": np.array(self.best_epoch),
            "stopped": np.array(self.stopped),
            "curves": np.array(list(self.curves)),
            "variables": np.array(len(self.variables)),
        }
        arrays |= {f"curve_{name}": np.array(curve) for name, curve in self.curves.items()}
        arrays |= {f"variable_{index}": array for index, array in enumerate(self.variables)}
        with writing(path):
            for folder in (path.parent.parent, path.parent):
                folder.mkdir(exist_ok=True)
        write_whole(path, lambda file: np.savez(file, **arrays))

    @property
    def epoch(self) -> int:
        """How many epochs had been trained."""
        return len(self.curves["loss"])

    @classmethod
    def read(cls, path: Path, of: str) -> PausedFit | None:
        """What a file holds; None where there is none that this fit can go on from."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                if int(arrays["layout"]) != _LAYOUT or str(arrays["of"]) != of:
                    raise ValueError("it is of another fit")
                # By what was written, not by what is there: a damaged name is then missed.
                curves = {str(name): arrays[f"curve_{name}"].tolist() for name in arrays["curves"]}
                return cls(
                    of,
                    float(arrays["seconds"]),
                    curves,
                    float(arrays["best"]),
                    int(arrays["best_epoch"]),
                    bool(arrays["stopped"]),
                    [arrays[f"variable_{index}"] for index in range(int(arrays["variables"]))],
                )
        except FileNotFoundError:
            return None
        except Exception as error:  # zipfile and NumPy have many for what is damaged
            log.warning(
                "the fit begins anew, for it can't go on from %s: %s", path, in_words(error)
            )
            return None
