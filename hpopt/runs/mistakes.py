"""The rows that a run's model is most wrong about, as pictures with what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np

# The file in a run folder.
MISTAKES = "mistakes.npz"


@dataclass(frozen=True)
class Mistakes:
    """Pictures, uint8 [n, height, width, 1 or 3], the worst mistake first.

    For each stands here what it is and what was predicted, as people read it, and how probable the
    predicted label was said to be. `total` counts all mistakes among `rows` rows of the test part.
    Both `probabilities` and `total` are None of a regression.
    """

    pictures: np.ndarray
    true: Sequence[str]
    predicted: Sequence[str]
    probabilities: Sequence[float] | None
    rows: int
    total: int | None

    def write(self, file: BinaryIO) -> None:
        """Fill a file that `read` reads."""
        total = -1 if self.total is None else self.total
        np.savez_compressed(
            file,
            pictures=self.pictures,
            true=np.array(self.true, dtype=np.str_),
            predicted=np.array(self.predicted, dtype=np.str_),
            probabilities=np.array([] if self.probabilities is None else self.probabilities),
            counts=np.array([self.rows, total]),
        )

    @classmethod
    def read(cls, path: Path) -> Mistakes | None:
        """What stands in a file; None where there is none, or it can't be read.

        Earlier files have no `probabilities`: of labels, these stand behind the label.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                rows, total = arrays["counts"].tolist()
                pictures = arrays["pictures"]
                true, predicted = (arrays[name].tolist() for name in ("true", "predicted"))
                if total < 0:
                    return cls(pictures, true, predicted, None, rows, None)
                if "probabilities" in arrays:
                    probabilities = arrays["probabilities"].tolist()
                else:
                    both = [text.rpartition(" ") for text in predicted]
                    predicted = [label for label, _, _ in both]
                    probabilities = [float(probability) for _, _, probability in both]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return cls(pictures, true, predicted, probabilities, rows, total)
