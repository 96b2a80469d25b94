"""Checks an export: what it says in a fresh process against what was recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hpopt.data.features import FeatureSpec, TargetSpec
from hpopt.errors import RunError, shorten

# A loaded model differs from the one that was trained by rounding at most.
TOLERANCE = 1e-4
_MOST_BYTES = 10_000_000
_MADE_UP = 100
_TIMEOUT_S = 600

# Everything hpopt could add is out of reach, as it is where the export is used.
_PROGRAM = """
import sys
sys.modules["hpopt"] = None
folder, rows, outputs = sys.argv[1:]
sys.path.insert(0, folder)
import numpy as np
import example
np.save(outputs, example.predict(np.load(rows)))
"""


@dataclass(frozen=True)
class CheckRows:
    """Raw rows [n, d] with what the network says of them, `outputs` [n, units].

    `target` [n] is what was observed; None for rows that are made up.
    """

    rows: np.ndarray
    outputs: np.ndarray
    target: np.ndarray | None

    def first(self, count: int) -> CheckRows:
        """The first of the rows: at most `count`, and fewer where they are large."""
        few = slice(0, min(count, max(1, _MOST_BYTES // max(1, self.rows[:1].nbytes))))
        target = None if self.target is None else self.target[few]
        return CheckRows(self.rows[few], self.outputs[few], target)

    def write(self, file: BinaryIO) -> None:
        """Write the rows as an .npz file, which `read` reads."""
        arrays: dict[str, Any] = {"rows": self.rows, "outputs": self.outputs}
        np.savez(file, **arrays if self.target is None else arrays | {"target": self.target})

    @classmethod
    def read(cls, path: Path) -> CheckRows:
        """The rows of a file that `write` filled. Raises RunError where it can't be read."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                target = arrays["target"] if "target" in arrays.files else None
                return cls(arrays["rows"], arrays["outputs"], target)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise RunError(f"{path} can't be read: {error}") from None


def made_up_rows(features: FeatureSpec) -> np.ndarray:
    """Rows [n, d] drawn at random with the columns' means and deviations: nobody's data."""
    draws = np.random.default_rng(0).normal(size=(_MADE_UP, *features.input_shape))
    return np.asarray(draws * np.asarray(features.scale) + np.asarray(features.mean))


def largest_difference(spoken: np.ndarray, expected: np.ndarray, target: TargetSpec) -> float:
    """How far two sets of outputs [n, units] lie apart at most; NaN where one is not a number.

    Values of a regression count in deviations of the target; outputs beyond 1 count relatively.
    """
    if spoken.shape != expected.shape:
        return float("inf")
    a, b = ((np.asarray(x, np.float64) - target.mean) / target.scale for x in (spoken, expected))
    return float(np.abs(a - b).max(initial=0.0)) / max(1.0, float(np.abs(b).max(initial=0.0)))


def spoken_elsewhere(folder: Path, rows: np.ndarray) -> np.ndarray:
    """What the export in `folder` says of raw rows [n, d], by its own example, in a fresh process.

    hpopt can't be imported there. Raises RunError where the export does not work.
    """
    with tempfile.TemporaryDirectory(prefix="hpopt-") as place:
        given, said = Path(place) / "rows.npy", Path(place) / "outputs.npy"
        np.save(given, rows)
        environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-B", "-c", _PROGRAM, *map(str, (folder, given, said))]
        try:
            done = subprocess.run(
                command,
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"the export gave no answer within {_TIMEOUT_S} s") from None
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason"]
            raise RunError(
                f"the export does not work in a fresh process: {shorten(lines[-1], 300)}"
            )
        return np.asarray(np.load(said, allow_pickle=False))
